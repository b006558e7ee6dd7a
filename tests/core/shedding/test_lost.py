"""Metering lost: hold, then the declared policy, then back."""

from __future__ import annotations

import pytest

from edge.model.event import EventKind, Severity
from edge.model.spec import LoadKind, LostPolicy, SheddingSpec
from tests.core.shedding.plant import Panel, a_load, a_spec, block, power_kw, run_override

CALM = block(so_far_kw=100)


def a_lost_spec(policy: LostPolicy, **times: int) -> SheddingSpec:
    return a_spec(
        a_load("a"),
        a_load("b", priority=2),
        a_load("heater", kind=LoadKind.ABSORB, safe_shed=True),
        lost_policy=policy,
        lost_hold_s=60,
        **times,
    )


def started(policy: LostPolicy) -> Panel:
    """One shed load off for the demand, the absorb load on, metering lost at 1000 s."""
    panel = Panel(a_lost_spec(policy))
    panel.step(0, power_kw(100), block(so_far_kw=100, floor_kw=300))
    panel.step(900, power_kw(100), block(so_far_kw=100, floor_kw=300))
    panel.step(1000, None, lost_since_s=1000)
    return panel


def test_lost_metering_holds_every_load_for_the_declared_time() -> None:
    panel = started(LostPolicy.SHED)
    assert (panel.shed, panel.last.why) == (["heater"], "lost_hold")
    panel.step(1059, None, lost_since_s=1000)
    assert (panel.shed, panel.last.events, panel.last.alarms_active) == (["heater"], [], ())


@pytest.mark.parametrize(
    ("policy", "moves"),
    [
        (LostPolicy.HOLD, []),
        (
            LostPolicy.SHED,
            [
                ("a", True, "lost_policy"),
                ("b", True, "lost_policy"),
                ("heater", False, "lost_policy"),
            ],
        ),
        (LostPolicy.RELEASE, [("heater", False, "lost_policy")]),
    ],
)
def test_lost_metering_then_follows_the_policy_and_says_so(
    policy: LostPolicy, moves: list[tuple[str, bool, str]]
) -> None:
    panel = started(policy)
    panel.step(1060, None, lost_since_s=1000)
    assert panel.moves() == moves
    assert (panel.last.why, panel.last.alarms_active) == ("lost_policy", ("lost_policy",))
    [event] = panel.events(EventKind.SOURCE)
    assert event.severity is Severity.ALARM
    assert event.facts == {"policy": policy, "lost_s": 60.0, "cleared": False}
    panel.step(1061, None, lost_since_s=1000)
    assert panel.last.events == []


def test_lost_metering_with_release_brings_loads_back_one_at_a_time() -> None:
    panel = Panel(a_lost_spec(LostPolicy.RELEASE))
    panel.step(0, power_kw(100), CALM)
    panel.step(900, power_kw(890), block(so_far_kw=600))
    assert panel.shed == ["a", "b"]
    back = []
    for at_s in range(1060, 1082):
        panel.step(at_s, None, lost_since_s=1000)
        back += [(at_s, name) for name, _, _ in panel.moves()]
    assert back == [(1060, "b"), (1070, "a")]


def test_metering_that_is_back_ends_the_policy_and_restores_by_the_normal_rules() -> None:
    panel = started(LostPolicy.SHED)
    panel.step(1060, None, lost_since_s=1000)
    panel.step(1070, None, lost_since_s=1065)
    assert (panel.last.events, panel.last.alarms_active) == ([], ("lost_policy",))
    panel.step(1080, power_kw(100), CALM)
    [event] = panel.events(EventKind.SOURCE)
    assert (event.severity, event.facts["cleared"]) == (Severity.INFO, True)
    assert panel.moves() == [("b", False, "restored")]


def test_lost_metering_leaves_overrides_and_max_shed_in_force() -> None:
    spec = a_spec(a_load("a", max_shed_s=300), a_load("b"), lost_policy=LostPolicy.SHED)
    panel = Panel(spec)
    panel.step(0, power_kw(100), CALM)
    panel.step(1060, None, lost_since_s=1000, orders=(run_override("b", 3600),))
    assert panel.shed == ["a"]
    panel.step(1360, None, lost_since_s=1000)
    assert panel.moves() == [("a", False, "max_shed")]
    facts = panel.events(EventKind.RELAY)[0].facts
    assert (facts["limit"], facts["projected_kw"], facts["remaining_s"]) == (None, None, None)


def test_moves_while_power_is_unknown_still_name_the_limit_that_is_held() -> None:
    panel = Panel(a_spec(a_load("a"), lost_policy=LostPolicy.SHED))
    panel.step(0, power_kw(100), CALM)
    panel.step(1060, None, CALM, lost_since_s=1000)
    facts = panel.events(EventKind.RELAY)[0].facts
    assert (facts["limit"], facts["projected_kw"]) == (None, None)
