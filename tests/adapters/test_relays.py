"""Relays on outputs in memory: leases, policies at the end, faults that do not
spread.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from edge.adapters.relays import Ending, Relays
from edge.config.io import OutputPolicy, RelayPlan
from edge.model.scan import RelayCommand
from edge.model.units import NS_PER_S
from tests.adapters.fake_board import FakeBoard

LEASE_NS = 250_000_000
SAFE, HOLD = OutputPolicy.SAFE, OutputPolicy.HOLD


def relay(load: str, pin: int, **changes: Any) -> RelayPlan:
    plan: dict[str, Any] = {
        "shed_level": True,
        "safe_shed": False,
        "at_stop": SAFE,
        "at_crash": SAFE,
        **changes,
    }
    return RelayPlan(load, pin, **plan)


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


def relays_of(
    board: FakeBoard, *plans: RelayPlan, shed_before: Mapping[str, bool] = MappingProxyType({})
) -> Relays:
    return Relays(plans, board.open, board.mono_ns, LEASE_NS, shed_before)


def shed(*loads: str) -> tuple[RelayCommand, ...]:
    return tuple(RelayCommand(load, shed=True) for load in loads)


@pytest.mark.parametrize("shed_level", [True, False])
@pytest.mark.parametrize("safe_shed", [True, False])
def test_relay_begins_with_its_safe_value_written_once(
    board: FakeBoard, shed_level: bool, safe_shed: bool
) -> None:
    relays_of(board, relay("chiller", 5, shed_level=shed_level, safe_shed=safe_shed))
    assert board.written == [(5, shed_level is safe_shed)]


def test_relay_after_a_restart_begins_with_what_was_commanded(board: FakeBoard) -> None:
    plans = (relay("chiller", 5), relay("fan", 6), relay("lift", 7, safe_shed=True))
    relays_of(board, *plans, shed_before={"chiller": True, "fan": False, "lift": False})
    assert board.written == [(5, True), (6, False), (7, False)]


@pytest.mark.parametrize("shed_level", [True, False])
def test_relay_command_becomes_the_level_of_its_contact(board: FakeBoard, shed_level: bool) -> None:
    relays = relays_of(board, relay("chiller", 5, shed_level=shed_level))
    relays.write(shed("chiller"), 0)
    assert board.levels == {5: shed_level}
    relays.write((RelayCommand("chiller", shed=False),), 0)
    assert board.levels == {5: not shed_level}


def test_relay_command_that_changes_nothing_writes_nothing(board: FakeBoard) -> None:
    relays = relays_of(board, relay("chiller", 5))
    for _ in range(5):
        relays.write(shed("chiller"), 0)
    assert board.written == [(5, False), (5, True)]


def test_relay_command_past_its_validity_is_not_carried_out(board: FakeBoard) -> None:
    relays = relays_of(board, relay("chiller", 5))
    board.now_mono_ns = 101
    relays.write(shed("chiller"), 100)
    assert board.levels == {5: False}
    relays.write(shed("chiller"), 101)
    assert board.levels == {5: True}


def test_relay_validity_is_checked_before_each_write_of_a_scan(board: FakeBoard) -> None:
    """A pause in the middle of the writes: what comes after it is not carried out."""
    relays = relays_of(board, relay("first", 5), relay("second", 6))

    def pausing_commands() -> Any:
        yield from shed("first")
        board.now_mono_ns = 60 * NS_PER_S
        yield from shed("second")

    relays.write(pausing_commands(), 100)
    assert (5, True) in board.written
    assert (6, True) not in board.written


def test_relay_that_is_not_renewed_within_its_lease_goes_to_its_safe_value(
    board: FakeBoard,
) -> None:
    relays = relays_of(board, relay("kept", 5), relay("forgotten", 6))
    relays.write(shed("kept", "forgotten"), 0)
    board.now_mono_ns = LEASE_NS
    relays.write(shed("kept"), LEASE_NS)
    assert board.levels == {5: True, 6: True}
    board.now_mono_ns = LEASE_NS + 1
    relays.write(shed("kept"), LEASE_NS + 1)
    assert board.levels == {5: True, 6: False}


def test_relay_of_an_unknown_load_is_a_programming_error(board: FakeBoard) -> None:
    with pytest.raises(KeyError):
        relays_of(board, relay("chiller", 5)).write(shed("chilller"), 0)


@pytest.mark.parametrize(
    ("ending", "at_stop", "at_crash", "level"),
    [
        (Ending.STOP, SAFE, HOLD, False),
        (Ending.STOP, HOLD, SAFE, True),
        (Ending.CRASH, SAFE, HOLD, True),
        (Ending.CRASH, HOLD, SAFE, False),
    ],
)
def test_relay_at_the_end_follows_the_policy_of_that_ending(
    board: FakeBoard, ending: Ending, at_stop: OutputPolicy, at_crash: OutputPolicy, level: bool
) -> None:
    relays = relays_of(board, relay("chiller", 5, at_stop=at_stop, at_crash=at_crash))
    relays.write(shed("chiller"), 0)
    relays.rest(ending)
    assert board.levels == {5: level}
    assert board.closed == []


@pytest.mark.parametrize(
    ("at_stop", "at_crash", "level"),
    [(SAFE, SAFE, False), (HOLD, SAFE, True), (SAFE, HOLD, True), (HOLD, HOLD, True)],
)
def test_relay_left_driven_is_taken_over_only_where_a_policy_says_hold(
    board: FakeBoard, at_stop: OutputPolicy, at_crash: OutputPolicy, level: bool
) -> None:
    board.driven[5] = True
    relays_of(board, relay("chiller", 5, at_stop=at_stop, at_crash=at_crash))
    assert board.written == [(5, level)]


def test_relay_taken_over_is_not_written_again_by_the_same_command(board: FakeBoard) -> None:
    board.driven[5] = True
    relays = relays_of(board, relay("chiller", 5, at_stop=HOLD))
    relays.write(shed("chiller"), 0)
    assert board.written == [(5, True)]


def test_relay_that_cannot_be_written_is_a_fault_and_the_others_work(board: FakeBoard) -> None:
    relays = relays_of(board, relay("broken", 5), relay("good", 6))
    board.faults[5] = OSError(errno.EIO, "Input/output error")
    relays.write(shed("broken", "good"), 0)
    assert board.levels == {5: False, 6: True}
    assert relays.faults == ("broken",)
    assert str(relays.problems[0]) == (
        "output broken GPIO5: the line cannot be written: got Input/output error, need active; "
        "the output may not do what is wanted; it is tried again by itself; "
        "check the wiring, and who else uses the line: gpioinfo"
    )


def test_relay_write_that_failed_is_repeated_until_it_succeeds(board: FakeBoard) -> None:
    relays = relays_of(board, relay("chiller", 5))
    board.faults[5] = OSError(errno.EIO, "Input/output error")
    relays.write(shed("chiller"), 0)
    board.faults.clear()
    relays.write(shed("chiller"), 0)
    assert (board.levels, relays.faults) == ({5: True}, ())


def test_relay_whose_line_is_gone_is_claimed_again_with_the_wanted_value(board: FakeBoard) -> None:
    relays = relays_of(board, relay("chiller", 5))
    board.faults[5] = OSError(errno.ENODEV, "No such device")
    relays.write(shed("chiller"), 0)
    assert board.closed == [5]
    board.faults.clear()
    board.now_mono_ns = NS_PER_S - 1
    relays.write(shed("chiller"), NS_PER_S)
    assert board.written == [(5, False)]
    board.now_mono_ns = NS_PER_S
    relays.write(shed("chiller"), NS_PER_S)
    assert (board.written, relays.faults) == ([(5, False), (5, True)], ())


def test_relay_that_cannot_be_claimed_at_the_start_is_a_fault_until_it_can(
    board: FakeBoard,
) -> None:
    board.faults[5] = OSError(errno.EBUSY, "Device or resource busy")
    relays = relays_of(board, relay("chiller", 5))
    assert [problem.got for problem in relays.problems] == ["Device or resource busy"]
    board.faults.clear()
    board.now_mono_ns = NS_PER_S
    relays.write(shed("chiller"), NS_PER_S)
    assert (board.levels, relays.faults) == ({5: True}, ())


def test_relay_line_that_somebody_else_moved_is_moved_back(board: FakeBoard) -> None:
    relays = relays_of(board, relay("chiller", 5))
    relays.write(shed("chiller"), 0)
    board.levels[5] = False
    relays.write(shed("chiller"), 0)
    assert (board.levels, relays.faults) == ({5: True}, ())


def test_relay_line_that_does_not_follow_is_a_fault_until_it_does(board: FakeBoard) -> None:
    relays = relays_of(board, relay("chiller", 5))
    board.shorted[5] = False
    relays.write(shed("chiller"), 0)
    assert [problem.what for problem in relays.problems] == ["the line does not follow its output"]
    board.shorted.clear()
    relays.write(shed("chiller"), 0)
    assert relays.faults == ()


def test_relays_are_read_back_one_a_scan_each_in_turn(board: FakeBoard) -> None:
    relays = relays_of(board, relay("a", 5), relay("b", 6), relay("c", 7))
    commands = shed("a", "b", "c")
    relays.write(commands, 0)
    board.shorted = {5: False, 6: False, 7: False}
    counts = []
    for _ in range(3):
        relays.write(commands, 0)
        counts.append(len(relays.faults))
    assert counts == [1, 2, 3]


def test_relays_at_the_end_with_a_faulty_line_still_bring_the_others_to_rest(
    board: FakeBoard,
) -> None:
    relays = relays_of(board, relay("broken", 5), relay("good", 6))
    relays.write(shed("broken", "good"), 0)
    board.faults[5] = OSError(errno.EIO, "Input/output error")
    relays.rest(Ending.CRASH)
    assert board.levels == {5: True, 6: False}
