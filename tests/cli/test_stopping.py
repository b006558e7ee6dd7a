"""Guarded ways to stop: told, asked, granted, handed over, done; refusals; and that nothing is run
where one step before it fails.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli import acting, stopping
from edge.cli.main import main
from edge.keeper.requests import (
    Answer,
    AskDrill,
    AskStatus,
    AskStop,
    DrillKind,
    StopKind,
    TellOutcome,
)
from edge.model.twin_status import TwinStatus
from tests.cli.conftest import FakeKeeper, Invoke
from tests.cli.pairs import answer_of
from tests.cli.stops import Stage, granting, set_stage, told
from tests.keeper.pair import ACTIVE, STANDBY, seen

_SILENT = seen(ACTIVE, peer_heard=False, peer_ready=False, peer_age_s=12.0, alone=True)
_HANDED_OVER = seen(STANDBY, peer_role="active")
_STOP = ("/usr/bin/systemctl", "stop", "denban.service")


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return set_stage(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("stop", _STOP),
        ("reboot", ("/usr/bin/systemctl", "reboot")),
        ("poweroff", ("/usr/bin/systemctl", "poweroff")),
    ],
)
def test_unit_on_duty_is_stopped_after_its_peer_is_seen_on_duty(
    keeper: FakeKeeper, invoke: Invoke, stage: Stage, kind: str, command: tuple[str, ...]
) -> None:
    keeper.answer = granting(ACTIVE, _HANDED_OVER)
    stage.told.write_text('{"may_stop": false, "reason": "alone", "unit": "EG-KITA"}')
    stage.guard.apply(1)
    result = invoke(kind, "EG-KITA", "--yes-stop", "EG-KITA", "--socket", keeper.path)
    words = " ".join(command[1:])
    first, last = result.stdout.splitlines() if result.exit_code else (result.stdout.strip(), "")
    assert (result.exit_code, last, result.stderr) == (0, "", "")
    assert first.startswith("EG-KITA, Rolling mill: EG-MINAMI is on duty, after ")
    assert first.endswith(f" s; {words}")
    asked, outcome = told(keeper)
    assert asked == AskStop("EG-KITA", StopKind(kind))
    assert isinstance(outcome, TellOutcome)
    assert (outcome.what, outcome.done) == (f"{kind} EG-KITA", True)
    assert outcome.text.endswith(f"{words} begins")
    assert stage.run == [command]
    assert stage.guard.kept().masked == ()  # the ways were opened for it


def test_restart_is_done_when_the_unit_has_its_place_again(
    keeper: FakeKeeper, invoke: Invoke, stage: Stage
) -> None:
    keeper.answer = granting(STANDBY, STANDBY)
    result = invoke("restart", "EG-KITA", "--yes-stop", "EG-KITA", "--socket", keeper.path)
    assert (result.exit_code, result.stderr) == (0, "")
    said, back = result.stdout.splitlines()
    assert said == "EG-KITA, Rolling mill: leave given; restart denban.service"
    assert back.startswith("EG-KITA, Rolling mill: back as standby after ")
    assert stage.run == [("/usr/bin/systemctl", "restart", "denban.service")]


def test_scheduled_restart_asks_for_a_quiet_plant_first(
    keeper: FakeKeeper, invoke: Invoke, stage: Stage
) -> None:
    keeper.answer = lambda request: (
        Answer(ok=False, text="drill EG-KITA: not now")
        if isinstance(request, AskDrill)
        else answer_of(STANDBY)
    )
    result = invoke("restart", "--scheduled", "--socket", keeper.path)
    assert (result.exit_code, result.stderr) == (2, "drill EG-KITA: not now\n")
    assert told(keeper) == [AskDrill("EG-KITA", DrillKind.RESTART)]
    assert stage.run == []


@pytest.mark.parametrize(
    ("words", "before", "said"),
    [
        (("EG-KITA",), ACTIVE, "stop EG-KITA: not a terminal: nobody can be asked"),
        (("EG-KITA", "--yes-stop", "EG-MINAMI"), ACTIVE, "names another unit: got EG-MINAMI"),
        (("EG-MINAMI", "--yes-stop", "EG-MINAMI"), ACTIVE, "this machine is EG-KITA"),
        (("EG-KITA", "--yes-stop", "EG-KITA"), _SILENT, "without an active unit"),
        (("EG-KITA", "--yes-stop", "EG-KITA"), None, "this site has one unit"),
    ],
)
def test_stop_is_refused_with_exit_code_2_and_nothing_is_run(
    keeper: FakeKeeper,
    invoke: Invoke,
    stage: Stage,
    words: tuple[str, ...],
    before: TwinStatus | None,
    said: str,
) -> None:
    keeper.answer = lambda request: (
        answer_of(before)
        if isinstance(request, AskStatus)
        else Answer(ok=False, text=f"the desk: {said}")
    )
    result = invoke("stop", *words, "--socket", keeper.path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert (stage.run, stage.managed) == ([], [])


def test_stop_by_another_user_is_refused_before_anything_moves(
    keeper: FakeKeeper, invoke: Invoke, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting.os, "geteuid", lambda: 1000)
    keeper.answer = granting(ACTIVE, _HANDED_OVER)
    result = invoke("stop", "EG-KITA", "--yes-stop", "EG-KITA", "--socket", keeper.path)
    assert (result.exit_code, result.stderr) == (
        2, "stop EG-KITA: got another user, need root; nothing was changed; use sudo\n",
    )  # fmt: skip
    assert (told(keeper), stage.run) == ([], [])


def test_stop_whose_peer_does_not_take_the_duty_stops_nothing(
    keeper: FakeKeeper, invoke: Invoke, stage: Stage
) -> None:
    keeper.answer = granting(ACTIVE, ACTIVE)
    result = invoke("stop", "EG-KITA", "--yes-stop", "EG-KITA", "--socket", keeper.path)
    assert (result.exit_code, result.stderr) == (
        1,
        (
            "stop EG-KITA: EG-MINAMI has not taken the duty: got no change, need it on duty;"
            " nothing was stopped; see `denban status`\n"
        ),
    )
    assert told(keeper)[1:] == [
        TellOutcome("stop EG-KITA", done=False, text="EG-MINAMI has not taken the duty")
    ]
    assert (stage.run, stage.managed) == ([], [])


def test_stop_that_systemd_refuses_is_a_failure_and_audited(
    keeper: FakeKeeper, invoke: Invoke, stage: Stage
) -> None:
    stage.code = 4
    keeper.answer = granting(STANDBY, STANDBY)
    result = invoke("stop", "EG-KITA", "--yes-stop", "EG-KITA", "--socket", keeper.path)
    assert (result.exit_code, result.stderr) == (1, "stop EG-KITA: exit code 4\n")
    last = told(keeper)[-1]
    assert last == TellOutcome("stop EG-KITA", done=False, text="stop EG-KITA: exit code 4")


def test_site_is_left_without_control_by_its_name_and_everybody_is_told(
    keeper: FakeKeeper, invoke: Invoke, stage: Stage
) -> None:
    keeper.answer = granting(_SILENT, _SILENT, "the site is left without control on purpose: alone")
    result = invoke(
        "stop", "EG-KITA", "--yes-stop", "EG-KITA", "--leave-the-site-without-control",
        "Rolling mill", "--socket", keeper.path,
    )  # fmt: skip
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == (
        "CRIED denban: stop EG-KITA: the site is left without control on purpose: alone"
    )
    assert told(keeper)[0] == AskStop("EG-KITA", StopKind.STOP, "Rolling mill")
    assert stage.run == [_STOP]


_MEANS = {
    "on duty": (
        ACTIVE,
        (),
        (
            "EG-MINAMI is standby, heard 0.1 s ago. duty goes from EG-KITA to EG-MINAMI; relays"
            " stay; then EG-KITA is off until somebody switches it on; nobody takes over from"
            " EG-MINAMI meanwhile.\n"
        ),
    ),
    "standby": (
        STANDBY,
        (),
        (
            "EG-MINAMI is active, heard 0.1 s ago. EG-MINAMI stays on duty; EG-KITA is off until"
            " somebody switches it on; nobody takes over from EG-MINAMI meanwhile.\n"
        ),
    ),
    "other version": (
        seen(ACTIVE, peer_version="2.0.0"),
        (),
        (
            "EG-MINAMI is standby, heard 0.1 s ago. EG-MINAMI takes the duty as EG-KITA ends;"
            " relays stay; EG-KITA is off until somebody switches it on; nobody takes over from"
            " EG-MINAMI meanwhile.\n"
        ),
    ),
    "only unit": (
        None,
        ("--leave-the-site-without-control", "Rolling mill"),
        (
            "NOBODY WILL CONTROL ROLLING MILL: this site has one unit: got 1, need 2.\n"
            "EG-KITA is off until somebody switches it on; loads go to their safe values.\n"
        ),
    ),
}


@pytest.mark.parametrize("case", _MEANS)
@pytest.mark.parametrize("typed", ["yes", "eg-kita", ""])
def test_terminal_is_told_what_follows_and_anything_but_the_name_is_no(
    keeper: FakeKeeper, stage: Stage, monkeypatch: pytest.MonkeyPatch, case: str, typed: str
) -> None:
    before, options, consequence = _MEANS[case]
    monkeypatch.setattr(stopping, "is_terminal", lambda: True)
    keeper.answer = lambda _request: answer_of(before)
    words = ["poweroff", "EG-KITA", *options, "--socket", str(keeper.path)]
    result = CliRunner().invoke(main, words, input=f"{typed}\n")
    assert result.exit_code == 2
    assert result.stdout.startswith(f"{consequence}poweroff EG-KITA? Type the unit's name: ")
    assert result.stderr == f"poweroff EG-KITA: not confirmed: got {typed!r}; nothing was changed\n"
    assert (told(keeper), stage.run) == ([], [])


def test_terminal_that_types_the_name_gets_what_it_asked_for(
    keeper: FakeKeeper, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "is_terminal", lambda: True)
    keeper.answer = granting(ACTIVE, _HANDED_OVER)
    words = ["stop", "EG-KITA", "--socket", str(keeper.path)]
    result = CliRunner().invoke(main, words, input="EG-KITA\n")
    assert (result.exit_code, stage.run) == (0, [_STOP])


@pytest.mark.parametrize(
    ("word", "code", "run"),
    [('{"may_stop": false, "unit": "EG-KITA"}', 0, [_STOP]), ("", 2, [])],
)
def test_stop_without_a_controller_needs_its_last_word_on_who_this_is(
    invoke: Invoke, stage: Stage, tmp_path: Path, word: str, code: int, run: list[tuple[str, ...]]
) -> None:
    stage.told.write_text(word)
    result = invoke("stop", "EG-KITA", "--yes-stop", "EG-KITA", "--socket", tmp_path / "none")
    assert (result.exit_code, stage.run) == (code, run)
