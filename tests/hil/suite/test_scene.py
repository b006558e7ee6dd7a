"""What a scene judges by the witness, on a bench whose line and board are scripted."""

from __future__ import annotations

from typing import Any

import pytest

from hil.suite.protocol import OwnEvent
from hil.suite.scene import CALM, Scene
from hil.works import UNITS
from tests.hil.suite.fake_bench import FakeBench

_S = 1_000_000_000
A, B = UNITS


class Play:
    """A scene on a fake bench. Times are seconds after the scenario's begin."""

    def __init__(self) -> None:
        self.bench = FakeBench(CALM)
        self.scene = Scene(self.bench, CALM, ())  # type: ignore[arg-type]
        self.scene.open()
        self.old, self.new = self.scene.bench.gateways.values()

    def queries(self, unit: str, *starts_s: float, lasts_s: float = 0.02) -> None:
        for start_s in starts_s:
            start_ns = self.scene.since_ns + round(start_s * _S)
            self.bench.bursts.append({
                "node": unit, "start_ns": start_ns, "end_ns": start_ns + round(lasts_s * _S),
                "hex": "01030000f1d8", "collided": False, "lost_count": 0, "isolated": False,
            })  # fmt: skip

    def move(self, at_s: float, load: str, *, shed: bool) -> None:
        t_ns = self.scene.since_ns + round(at_s * _S)
        self.bench.board.append(
            {"event": "contact", "t_ns": t_ns, "load": load, "shed": shed, "units": []}
        )

    def says(self, unit: str, subject: str, **facts: Any) -> None:
        event = OwnEvent("health", subject, "alarm", facts)
        self.bench.gateways[unit].said.append(event)


@pytest.fixture
def play() -> Play:
    return Play()


def test_takeover_is_from_the_last_query_of_the_one_to_the_first_of_the_other(play: Play) -> None:
    play.queries(A, -0.1, 0.0, 0.2)
    play.queries(B, 0.5, 0.7)
    assert play.scene.takeover(play.old, play.new).gap_s == pytest.approx(0.28)


def test_takeover_with_a_query_of_the_old_one_after_it_is_refused(play: Play) -> None:
    play.queries(A, 0.0, 0.6)
    play.queries(B, 0.5, 0.7)
    with pytest.raises(AssertionError, match="driven by turns"):
        play.scene.takeover(play.old, play.new)


def test_takeover_with_both_on_the_line_is_refused(play: Play) -> None:
    play.queries(A, 0.0)
    play.queries(A, 0.49, lasts_s=0.02)
    play.queries(B, 0.5, 0.7)
    with pytest.raises(AssertionError, match="both gateways at once"):
        play.scene.takeover(play.old, play.new)


def test_takeover_in_which_a_load_in_parallel_moves_is_refused(play: Play) -> None:
    play.queries(A, 0.0)
    play.queries(B, 0.5)
    play.move(0.3, "chiller-1", shed=False)
    with pytest.raises(AssertionError, match="loads: moved"):
        play.scene.takeover(play.old, play.new)


def test_takeover_after_which_the_new_one_says_conflict_is_refused(play: Play) -> None:
    play.queries(A, 0.0)
    play.queries(B, 0.5)
    play.says(B, "twin conflict", text="both had the duty")
    with pytest.raises(AssertionError, match="says twin conflict"):
        play.scene.takeover(play.old, play.new)


def test_line_that_rests_too_long_is_not_undisturbed(play: Play) -> None:
    play.queries(A, 0.0, 0.2, 3.0)
    with pytest.raises(AssertionError, match=r"longest rest of the line: got 2\.78 s"):
        play.scene.assert_undisturbed()


def test_line_that_changes_hands_is_not_undisturbed(play: Play) -> None:
    play.queries(A, 0.0)
    play.queries(B, 0.1)
    with pytest.raises(AssertionError, match="changed hands"):
        play.scene.assert_undisturbed()


def test_what_was_said_before_the_scenario_is_not_told_in_it(play: Play) -> None:
    play.says(A, "twin alone", text="alone")
    play.scene.open()
    assert not play.scene.is_told(play.old, "twin alone")
    play.says(A, "twin alone", text="alone")
    assert play.scene.is_told(play.old, "twin alone")


def test_condition_is_wrong_until_it_is_cleared(play: Play) -> None:
    play.says(A, "health disk", text="full")
    assert play.scene.alarms(play.old) == ["health disk"]
    play.says(A, "health disk", cleared=True)
    assert play.scene.is_told(play.old, "health disk")
    assert not play.scene.is_wrong(play.old, "health disk")
    assert play.scene.alarms(play.old) == []


def test_settled_needs_a_scan_that_is_newer_than_the_question(play: Play) -> None:
    active, standby = (play.bench.gateways[unit] for unit in UNITS)
    active.twin = {"role": "active", "holds_bus": True, "peer": {"ready": True}}
    standby.twin = {"role": "standby", "peer": {"role": "active"}}
    assert play.scene.settled() == (play.old, play.new)
    with pytest.raises(TimeoutError, match="one on duty and one ready"):
        play.scene.settled(play.bench.now_ns() + 10_000 * _S)


def test_measurement_within_its_band_is_recorded_with_the_band(play: Play) -> None:
    play.scene.measure("lag", 3.0, "s", at_least=2.0, at_most=4.0)
    (measured,) = play.scene.diary.measured
    assert (measured.allowed_min, measured.allowed_max, measured.ok) == (2.0, 4.0, True)
