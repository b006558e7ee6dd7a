"""Leave to stop a unit or to rehearse on it, by the picture of the pair; the word to the guard."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.core.rehearsal import rehearsal_risk
from edge.keeper.guarding import AGAIN_NS, Guarding
from edge.keeper.requests import Answer, AskDrill, AskStop, DrillKind, StopKind
from edge.keeper.stopping import (
    STEADY_S,
    Grant,
    Steadiness,
    StopState,
    judge_drill,
    judge_stop,
    stop_state,
)
from edge.model.order import Handover
from edge.model.status import LimitStatus, LoadStatus, Stage, Status
from edge.model.twin_status import TwinStatus
from tests.keeper.bench import IDENTITY
from tests.keeper.pair import ACTIVE, STANDBY, seen

_KITA = replace(IDENTITY, version="1.0.0")
_S = 1_000_000_000
_SILENT = seen(ACTIVE, peer_heard=False, peer_age_s=12.0, peer_ready=False, alone=True)
_OUT = seen(ACTIVE, peer_role="maintenance", peer_ready=False)
_ORPHAN = seen(STANDBY, peer_heard=False, peer_age_s=2.0)
_NEED = "nothing was changed; see `denban status`"
_LEFT = "it would leave the site without an active unit"


def _judge(
    twin: TwinStatus | None,
    kind: StopKind = StopKind.REBOOT,
    site: str = "",
    steady_s: float = 60.0,
) -> Grant | Answer:
    return judge_stop(AskStop("EG-KITA", kind, site), twin, _KITA, "alice", steady_s)


@pytest.mark.parametrize("kind", StopKind)
def test_stop_on_duty_with_a_ready_peer_hands_over_first(kind: StopKind) -> None:
    assert _judge(ACTIVE, kind) == Grant(Handover("EG-MINAMI", "alice"))


def test_stop_of_a_standby_beside_an_active_unit_needs_nothing_first() -> None:
    assert _judge(STANDBY, steady_s=0.0) == Grant()


def test_stop_with_a_peer_of_another_version_leaves_the_handover_to_the_end() -> None:
    assert _judge(seen(ACTIVE, peer_version="1.1.0"), StopKind.UPGRADE) == Grant()


@pytest.mark.parametrize(
    ("twin", "why"),
    [
        (None, "this site has one unit: got 1, need 2"),
        (
            _SILENT,
            (
                "EG-MINAMI is not heard: got silence for 12.0 s, need its heartbeats; nothing was"
                " changed; check that it runs, its cables and the key (`denban doctor`)"
            ),
        ),
        (
            _OUT,
            (
                "EG-MINAMI is in maintenance: got role maintenance, need standby; nothing was"
                " changed; run `denban maintenance end EG-MINAMI` there"
            ),
        ),
        (_ORPHAN, "EG-MINAMI is not on duty: got not heard, need it on duty"),
    ],
)
def test_stop_that_would_leave_nobody_is_refused_unless_the_site_is_named(
    twin: TwinStatus | None, why: str
) -> None:
    assert _judge(twin) == Answer(ok=False, text=f"reboot EG-KITA: {_LEFT}: {why}; {_NEED}")
    assert _judge(twin, site="Rolling mill") == Grant(forced=why)


def test_stop_with_a_peer_that_comes_and_goes_is_refused_and_hands_over_when_forced() -> None:
    why = "EG-MINAMI comes and goes: got 3 s of steady rest, need 10 s"
    refused = Answer(ok=False, text=f"reboot EG-KITA: {_LEFT}: {why}; {_NEED}")
    assert _judge(ACTIVE, steady_s=3.0) == refused
    forced = _judge(ACTIVE, site="Rolling mill", steady_s=3.0)
    assert forced == Grant(Handover("EG-MINAMI", "alice"), forced=why)


def test_stop_that_names_another_unit_says_which_machine_this_is() -> None:
    request = AskStop("EG-MINAMI\x1b", StopKind.POWEROFF, "Rolling mill")
    assert judge_stop(request, ACTIVE, _KITA, "alice", 60.0) == Answer(
        ok=False,
        text=(
            "poweroff EG-MINAMI\N{REPLACEMENT CHARACTER}: this machine is EG-KITA (host host): got"
            " EG-MINAMI\N{REPLACEMENT CHARACTER}, need EG-KITA; nothing was changed; log on to"
            " EG-MINAMI\N{REPLACEMENT CHARACTER} if that is the one you mean"
        ),
    )


def test_stop_that_names_another_site_is_refused_also_where_all_is_well() -> None:
    assert _judge(ACTIVE, site="Foundry") == Answer(
        ok=False,
        text=(
            "reboot EG-KITA: another site is named: got Foundry, need Rolling mill; nothing was"
            " changed; give the name of the site that is to be left without control"
        ),
    )


@pytest.mark.parametrize(
    ("twin", "state"),
    [
        (None, StopState(True, "this site has one unit: got 1, need 2")),
        (ACTIVE, StopState(True, "EG-MINAMI is ready and takes over first")),
        (STANDBY, StopState(True, "EG-KITA is not on duty: role standby")),
        (
            _ORPHAN,
            StopState(False, "EG-MINAMI is not on duty: got not heard, need it on duty"),
        ),
        (
            seen(_ORPHAN, role="maintenance"),
            StopState(True, "EG-KITA is not on duty: role maintenance"),
        ),
    ],
)
def test_own_ways_to_stop_are_open_where_somebody_else_is_on_duty(
    twin: TwinStatus | None, state: StopState
) -> None:
    assert stop_state(twin) == state


def test_own_ways_to_stop_open_only_after_steady_rest_and_close_at_once() -> None:
    steadiness = Steadiness()
    locked = stop_state(_SILENT)
    assert not locked.may_stop
    told = [
        steadiness.take(twin, second * _S)
        for second, twin in (
            (0, _SILENT), (1, ACTIVE), (5, ACTIVE), (6, _SILENT), (7, ACTIVE), (16, ACTIVE),
            (17, ACTIVE),
        )
    ]  # fmt: skip
    assert told == [locked, None, None, locked, None, None, stop_state(ACTIVE)]
    assert steadiness.steady_s(17 * _S) == STEADY_S


@pytest.mark.parametrize("role", ["yield", "boot", "listen"])
def test_own_ways_to_stop_stay_as_they_are_while_roles_are_under_way(role: str) -> None:
    steadiness = Steadiness()
    assert steadiness.take(seen(_SILENT, role=role), 0) is None
    assert steadiness.take(ACTIVE, 1) == stop_state(ACTIVE)  # nothing was locked before


def test_guard_is_told_at_each_change_and_only_then(tmp_path: Path) -> None:
    guarding = Guarding(tmp_path / "run", "EG-KITA")
    path = tmp_path / "run/guard.json"
    guarding.take(ACTIVE, 1 * _S)
    first = path.stat()
    guarding.take(ACTIVE, 2 * _S)
    assert path.stat() == first
    guarding.take(_SILENT, 3 * _S)
    assert json.loads(path.read_bytes()) == {
        "may_stop": False,
        "reason": stop_state(_SILENT).reason,
        "unit": "EG-KITA",
        "peer": "EG-MINAMI",
        "mono_ns": 3 * _S,
    }
    assert [each.name for each in path.parent.iterdir()] == ["guard.json"]


def test_guard_is_told_a_change_once_more_when_its_first_run_is_over(tmp_path: Path) -> None:
    guarding = Guarding(tmp_path, "EG-KITA")
    said = []
    for second in range(1, 60):
        guarding.take(_SILENT, second * _S)
        said.append(json.loads((tmp_path / "guard.json").read_bytes())["mono_ns"])
    again_ns = 1 * _S + AGAIN_NS
    assert sorted(set(said)) == [1 * _S, again_ns]


def test_guard_is_told_later_where_the_folder_can_not_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.write_text("in the way")
    guarding = Guarding(folder, "EG-KITA")
    guarding.take(None, 1)
    folder.unlink()
    guarding.take(None, 20 * _S)
    assert json.loads((folder / "guard.json").read_bytes())["may_stop"] is True


_LIMIT = LimitStatus("demand", 500e3, "contract", 10.0, 4e5, 450e3, 4e5, 5e5, 1.0, 300.0, 60.0)
_LOAD = LoadStatus("fan", False, True, 3e4, "restored", 1.0, 0.0, None, None)
_QUIET = Status(
    1, 2, "ntp", "Rolling mill", Stage.NORMAL, 4e5, "ok", (_LIMIT,), (), (_LOAD,), (), ""
)


@pytest.mark.parametrize(
    ("status", "risk"),
    [
        (_QUIET, ""),
        (replace(_QUIET, stage=Stage.CAUTION), "stage is caution: need normal"),
        (
            replace(_QUIET, loads=(_LOAD, replace(_LOAD, name="pump", shed=True))),
            "loads are shed: got pump, need none",
        ),
        (replace(_QUIET, power_w=None), "power is not known: no meter is believable"),
        (
            replace(_QUIET, limits=(replace(_LIMIT, projected_w=451e3),)),
            "demand is near its limit: got 451.0 kW projected, need at most 450.0 kW",
        ),
        (
            replace(_QUIET, limits=(replace(_LIMIT, remaining_s=59.0),)),
            "the demand interval ends: got 59 s left, need 60 s",
        ),
    ],
)
def test_rehearsal_needs_a_plant_that_would_not_notice(status: Status, risk: str) -> None:
    assert rehearsal_risk(status) == risk


def _drill(
    twin: TwinStatus | None, unit: str = "EG-KITA", status: Status = _QUIET, steady_s: float = 60.0
) -> str:
    answer = judge_drill(AskDrill(unit, DrillKind.HANDOVER), status, twin, _KITA, steady_s)
    assert answer.ok is (answer.text == "all is in order for a rehearsal")
    return answer.text


def test_drill_is_granted_on_either_unit_of_a_pair_in_order() -> None:
    assert _drill(ACTIVE) == _drill(STANDBY) == "all is in order for a rehearsal"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (_drill(None), "this site has one unit"),
        (_drill(ACTIVE, "EG-MINAMI"), "this machine is EG-KITA"),
        (_drill(_SILENT), "not now: EG-MINAMI is not heard"),
        (_drill(ACTIVE, steady_s=2.0), "not now: EG-MINAMI comes and goes"),
        (_drill(seen(ACTIVE, peer_same_plan=False)), "not now: EG-MINAMI has another plan"),
        (_drill(_ORPHAN), "not now: got role standby, need active or standby beside an active"),
        (_drill(seen(STANDBY, role="listen")), "not now: got role listen"),
        (_drill(ACTIVE, status=replace(_QUIET, power_w=None)), "not now: power is not known"),
    ],
)
def test_drill_is_refused_where_it_could_cost_something(text: str, part: str) -> None:
    assert text.startswith("drill ")
    assert part in text
