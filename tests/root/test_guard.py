"""The guard in a folder of its own, with a systemctl that only notes what it is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.root import guard as guard_module
from edge.root.guard import (
    DEAD_S,
    TARGETS,
    Guard,
    Kept,
    Told,
    Verdict,
    decide,
    main,
)
from tests.root.guarded import Machine

_S = 1_000_000_000
_DROP_IN = "denban.service.d/50-denban-guard.conf"
_ALONE = "EG-MINAMI is not heard"


_CLOSED = {
    **dict.fromkeys(TARGETS, "/dev/null"),
    _DROP_IN: "[Unit]\nRefuseManualStop=yes\n",
}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_guard_closes_all_ways_while_nobody_else_would_be_on_duty(machine: Machine) -> None:
    machine.tell(False, _ALONE)
    assert machine.guard.apply(1) == Verdict(closed=True, why=_ALONE)
    assert machine.units() == _CLOSED
    assert machine.manager.asked == [
        ("daemon-reload",),
        ("start", "--no-block", "denban-guard.timer"),
    ]


def test_guard_opens_again_when_the_peer_is_ready_and_leaves_nothing(machine: Machine) -> None:
    machine.tell(False, _ALONE)
    machine.guard.apply(1)
    machine.manager.asked.clear()
    machine.tell(True, "EG-MINAMI is ready")
    assert machine.guard.apply(2) == Verdict(closed=False, why="EG-MINAMI is ready")
    assert machine.units() == {}
    assert machine.manager.asked == [
        ("daemon-reload",),
        ("stop", "--no-block", "denban-guard.timer"),
    ]


def test_guard_that_is_told_the_same_again_changes_nothing(machine: Machine) -> None:
    machine.tell(False, _ALONE)
    machine.guard.apply(1)
    machine.manager.asked.clear()
    machine.tell(False, "EG-MINAMI is in maintenance")
    machine.guard.apply(2)
    assert (machine.units(), machine.manager.asked) == (_CLOSED, [])


def test_guard_leaves_masks_of_somebody_else_alone(machine: Machine) -> None:
    machine.places.units.mkdir()
    (machine.places.units / "halt.target").symlink_to("/dev/null")
    machine.tell(False, _ALONE)
    machine.guard.apply(1)
    machine.tell(True, "ready")
    machine.guard.apply(2)
    assert machine.units() == {"halt.target": "/dev/null"}


def test_guard_keeps_away_from_a_machine_that_is_going_down(machine: Machine) -> None:
    machine.manager.system = "stopping"
    machine.tell(False, _ALONE)
    machine.guard.apply(1)
    assert (machine.units(), machine.manager.asked) == ({}, [])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"may_stop": "no"}', "x" * 9000])
def test_guard_without_a_word_that_it_understands_leaves_open(machine: Machine, text: str) -> None:
    machine.places.told.write_text(text)
    why = "the controller has said nothing since the boot"
    assert machine.guard.apply(1) == Verdict(closed=False, why=why)
    assert machine.units() == {}


def test_guard_follows_no_link_and_waits_for_no_pipe(machine: Machine, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text('{"may_stop": false, "reason": "forged"}')
    machine.places.told.symlink_to(elsewhere)
    assert machine.guard.told() is None
    machine.places.told.unlink()
    os.mkfifo(machine.places.told)
    assert machine.guard.told() is None


def test_guard_shows_no_control_characters_of_the_controllers_word(machine: Machine) -> None:
    machine.tell(False, "\x1b[2Jgone" + "x" * 400)
    told = machine.guard.told()
    assert told == Told(False, ("?[2Jgone" + "x" * 400)[:300], "EG-KITA", "EG-MINAMI")


def test_guard_opens_a_machine_whose_controller_stays_down(machine: Machine) -> None:
    machine.tell(False, _ALONE)
    machine.guard.apply(1 * _S)
    machine.manager.service = "failed"
    assert machine.guard.apply(31 * _S).closed
    assert machine.guard.apply((31 + DEAD_S - 1) * _S).closed
    verdict = machine.guard.apply((31 + DEAD_S) * _S)
    assert verdict == Verdict(closed=False, why="the controller has been down for 120 s")
    assert machine.units() == {}


def test_guard_forgets_how_long_a_controller_was_down_once_it_is_back(machine: Machine) -> None:
    machine.tell(False, _ALONE)
    machine.manager.service = "activating"
    machine.guard.apply(1 * _S)
    machine.manager.service = "active"
    machine.guard.apply(100 * _S)
    machine.manager.service = "activating"
    assert machine.guard.apply(130 * _S).closed


def test_guard_released_stays_open_for_its_time_only(machine: Machine) -> None:
    machine.tell(False, _ALONE)
    machine.guard.apply(1 * _S)
    machine.guard.release("denban reboot EG-KITA", 60, 2 * _S)
    assert machine.units() == {}
    verdict, kept = machine.guard.look(12 * _S)
    assert verdict == Verdict(closed=False, why="opened for 50 s more: denban reboot EG-KITA")
    assert kept == Kept((), None, 62 * _S, "denban reboot EG-KITA", is_timed=True)
    assert not machine.guard.apply(61 * _S).closed
    assert machine.guard.apply(62 * _S).closed
    assert machine.units() == _CLOSED


def test_guard_that_was_released_looks_again_by_itself_until_the_time_is_over(
    machine: Machine,
) -> None:
    machine.tell(True, "ready")
    machine.guard.release("denban stop EG-KITA", 60, 1 * _S)
    assert machine.manager.asked == [("start", "--no-block", "denban-guard.timer")]
    machine.guard.apply(30 * _S)
    machine.guard.apply(61 * _S)
    assert machine.manager.asked[1:] == [("stop", "--no-block", "denban-guard.timer")]


def test_guard_that_ended_half_way_opens_all_that_it_had_closed(machine: Machine) -> None:
    machine.tell(False, _ALONE)

    def fails(*words: str) -> str:
        if words[0] == "daemon-reload":
            raise OSError("no manager")
        return machine.manager(*words)

    with pytest.raises(OSError, match="no manager"):
        Guard(machine.places, fails).apply(1)
    machine.tell(True, "ready")
    machine.guard.apply(2)
    assert machine.units() == {}


def test_guard_with_a_torn_record_of_its_own_begins_anew(machine: Machine) -> None:
    machine.places.kept.parent.mkdir()
    machine.places.kept.write_text('{"masked": 5}')
    assert machine.guard.kept() == Kept()


def test_decision_without_a_word_is_to_leave_open() -> None:
    assert not decide(None, Kept(), 0).closed


@pytest.mark.parametrize("words", [[], ["release"], ["apply", "now"]])
def test_program_knows_two_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err == "usage: python -m edge.root.guard apply|open\n"


def test_program_opens_by_hand_for_ten_minutes_and_applies_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(guard_module, "this_guard", lambda: machine.guard)
    now_s = iter((1, 2, 603))
    monkeypatch.setattr(guard_module, "now_mono_ns", lambda: next(now_s) * _S)
    machine.tell(False, _ALONE)
    assert [main([word]) for word in ("apply", "open")] == [0, 0]
    assert machine.units() == {}
    assert main(["apply"]) == 0
    assert machine.units() == _CLOSED
    assert capsys.readouterr().out.splitlines() == [
        f"guard: ways to stop closed: {_ALONE}",
        "guard: ways to stop open: opened for 600 s more: by hand, as root",
        f"guard: ways to stop closed: {_ALONE}",
    ]


def test_program_without_a_manager_leaves_all_as_it_was_and_says_so(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_words: str) -> str:
        raise OSError("no manager")

    monkeypatch.setattr(guard_module, "this_guard", lambda: Guard(machine.places, fails))
    assert main(["apply"]) == 1
    said = "guard: the ways to stop are as they were: got no manager\n"
    assert capsys.readouterr().err == said


def test_word_that_changes_while_it_is_followed_is_followed_too(machine: Machine) -> None:
    """systemd tells of no change that comes while the guard runs."""
    machine.tell(False, _ALONE)
    machine.manager.meanwhile = [lambda: machine.tell(True, "ready")]
    assert not machine.guard.apply(1 * _S).closed
    assert machine.units() == {}
    machine.tell(False, _ALONE)
    machine.manager.meanwhile = [lambda: None, lambda: machine.tell(False, _ALONE)]
    assert machine.guard.apply(2 * _S).closed
    assert machine.units() == _CLOSED
