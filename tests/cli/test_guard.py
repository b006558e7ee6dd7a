"""`denban guard` and `denban upgrade`: what keeps a machine up, what may replace its program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.cli import acting
from edge.cli import guard as guard_module
from edge.cli import upgrade as upgrade_module
from edge.model.twin_status import TwinStatus
from tests.cli.conftest import FakeKeeper, Invoke
from tests.cli.pairs import answer_of
from tests.cli.stops import Stage, granting, set_stage
from tests.keeper.pair import ACTIVE, STANDBY, seen

_SILENT = seen(ACTIVE, peer_heard=False, peer_ready=False, peer_age_s=12.0, alone=True)
_HANDED_OVER = seen(STANDBY, peer_role="active")


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return set_stage(tmp_path, monkeypatch)


def test_upgrade_hands_over_installs_and_sees_the_unit_back(
    keeper: FakeKeeper, invoke: Invoke, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrade_module, "_version", lambda _where, _file: "1.1.0")
    keeper.answer = granting(ACTIVE, _HANDED_OVER)
    result = invoke(
        "upgrade", "EG-KITA", "/x/denban.deb", "--yes-stop", "EG-KITA", "--socket", keeper.path
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert stage.run == [("/usr/bin/dpkg", "--force-confold", "--install", "/x/denban.deb")]
    assert result.stdout.splitlines()[-1].endswith(", denban 1.1.0")


def test_upgrade_from_a_file_that_is_no_package_of_ours_is_refused(
    keeper: FakeKeeper, invoke: Invoke, stage: Stage, tmp_path: Path
) -> None:
    file = tmp_path / "other.deb"
    file.write_text("nothing")
    result = invoke("upgrade", "EG-KITA", file, "--yes-stop", "EG-KITA", "--socket", keeper.path)
    assert result.exit_code == 2
    assert (keeper.asked, stage.run) == ([], [])


@pytest.mark.parametrize(
    ("twin", "code", "said"),
    [
        (ACTIVE, 0, "may-restart: yes: EG-MINAMI is ready and takes over first\n"),
        (STANDBY, 0, "may-restart: yes: EG-KITA is not on duty: role standby\n"),
        (
            None,
            0,
            (
                "may-restart: yes: this site has one unit: got 1, need 2; loads are without control"
                " meanwhile\n"
            ),
        ),
        (
            seen(ACTIVE, peer_role="maintenance", peer_ready=False),
            2,
            (
                "may-restart EG-KITA: it would leave the site without an active unit: EG-MINAMI is"
                " in maintenance: got role maintenance, need standby; nothing was changed; run"
                " `denban maintenance end EG-MINAMI` there\n"
            ),
        ),
    ],
)
def test_packages_scripts_are_told_whether_a_restart_may_be(
    keeper: FakeKeeper,
    invoke: Invoke,
    stage: Stage,
    twin: TwinStatus | None,
    code: int,
    said: str,
) -> None:
    keeper.answer = lambda _request: answer_of(twin)
    result = invoke("guard", "may-restart", "--socket", keeper.path)
    assert (result.exit_code, result.stderr, stage.managed) == (code, said, [])


def test_packages_scripts_may_restart_what_does_not_run_or_was_released(
    keeper: FakeKeeper, invoke: Invoke, stage: Stage, tmp_path: Path
) -> None:
    assert invoke("guard", "may-restart", "--socket", tmp_path / "none").exit_code == 0
    keeper.answer = lambda _request: answer_of(_SILENT)
    assert invoke("guard", "may-restart", "--socket", keeper.path).exit_code == 2
    stage.told.write_text('{"may_stop": false, "reason": "alone"}')
    stage.guard.release("denban upgrade EG-KITA", 60, acting.now_mono_ns())
    assert invoke("guard", "may-restart", "--socket", keeper.path).exit_code == 0


def test_guard_status_says_what_is_closed_and_why(invoke: Invoke, stage: Stage) -> None:
    assert invoke("guard", "status").stdout == (
        "this machine: ways to stop are open: the controller has said nothing since the boot\n"
    )
    stage.told.write_text(
        '{"may_stop": false, "reason": "EG-MINAMI is gone", "unit": "EG-KITA", "peer": "EG-MINAMI"}'
    )
    stage.guard.apply(1)
    lines = invoke("guard", "status").stdout.splitlines()
    assert lines[0] == "EG-KITA: ways to stop are closed: EG-MINAMI is gone"
    assert "poweroff.target" in lines[1]
    found = json.loads(invoke("guard", "status", "--json").stdout)
    assert (found["closed"], found["unit"], found["peer"]) == (True, "EG-KITA", "EG-MINAMI")


def test_guard_status_without_the_right_to_read_why_says_so(
    invoke: Invoke, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.told.write_text('{"may_stop": false, "reason": "alone", "unit": "EG-KITA"}')
    stage.guard.apply(1)
    stage.told.unlink()
    monkeypatch.setattr(guard_module, "_is_hidden", lambda _path: True)
    assert invoke("guard", "status").stdout == (
        "this machine: ways to stop are closed; why is not readable for this user: use sudo\n"
    )
