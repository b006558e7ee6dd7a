"""The interlock under any sequence of wishes, faults, overrides, emergencies and restarts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge.core.shedding.essential import EssentialHours
from edge.core.shedding.state import SheddingState
from edge.model.event import EventKind
from edge.model.outlook import LocalMoment
from edge.model.spec import DailyWindow, LoadKind, LoadSpec, LostPolicy
from edge.model.units import NS_PER_S
from tests.core.shedding.plant import (
    Panel,
    a_load,
    a_spec,
    block,
    end_override,
    power_kw,
    run_override,
    shed_override,
)

EVERY_DAY: frozenset[int] = frozenset()
HOURS = (DailyWindow(time(0, 20), time(0, 25), EVERY_DAY),)
LOADS = (
    a_load("a", 100, min_shed_s=60, max_shed_s=200, min_run_s=90, rest_s=40),
    a_load("b", 80, min_shed_s=30, min_run_s=20, rest_s=120, group="g", lead_s=40),
    a_load("c", 60, min_shed_s=100, max_shed_s=300, group="g", has_feedback=True),
    a_load("d", 50, min_shed_s=45, essential=HOURS),
    a_load("e", 70, kind=LoadKind.ABSORB, min_shed_s=25, min_run_s=35, rest_s=80),
)


@dataclass
class Witness:
    """Watches one load's command from outside and knows the rules by themselves."""

    spec: LoadSpec
    on: bool
    since_s: int = 0
    moved: bool = False
    faults: list[str] = field(default_factory=list)

    def see(self, at_s: int, on: bool, emergency: bool, essential: bool) -> None:
        kind, lasted_ns = self.spec.kind, (at_s - self.since_s) * NS_PER_S
        if on is not self.on:
            rest_ns = self.spec.rest_ns if self.moved else 0
            if on:
                self.need(at_s, "min_shed", lasted_ns, self.spec.min_shed_ns)
                self.need(at_s, "rest", lasted_ns, rest_ns if kind is LoadKind.ABSORB else 0)
            else:
                self.need(at_s, "min_run", lasted_ns, 0 if emergency else self.spec.min_run_ns)
                self.need(at_s, "rest", lasted_ns, rest_ns if kind is LoadKind.SHED else 0)
            self.need(at_s, "lead", lasted_ns, self.spec.lead_ns)
            self.on, self.since_s, self.moved = on, at_s, True
        elif not on and self.spec.max_shed_ns and not emergency:
            self.need(at_s, "max_shed", self.spec.max_shed_ns, lasted_ns)
        if essential and not on:
            self.faults.append(f"{self.spec.name} off in essential hours at {at_s}")

    def need(self, at_s: int, rule: str, got_ns: int, least_ns: int) -> None:
        if got_ns < least_ns:
            self.faults.append(f"{self.spec.name} {rule} at {at_s}: {got_ns} < {least_ns}")


orders = st.builds(
    lambda make, load, for_s: make(load) if make is end_override else make(load, for_s),
    st.sampled_from([run_override, shed_override, end_override]),
    st.sampled_from([load.name for load in LOADS]),
    st.integers(1, 400),
)
# One phase: how long, how much power now and on average so far, and what goes wrong in it.
phases = st.tuples(
    st.integers(1, 150),
    st.integers(0, 1200),
    st.integers(0, 800),
    st.sampled_from(["normal", "normal", "lost", "unknown", "relay", "restart", "idle"]),
    st.lists(orders, max_size=2),
)


@given(st.lists(phases, min_size=1, max_size=14), st.sampled_from(LostPolicy))
def test_interlock_never_lets_a_load_break_its_times(
    sequence: list[tuple[int, int, int, str, list[object]]], policy: LostPolicy
) -> None:
    """Property: min shed, min run (but in an emergency), rest, lead, max shed and hours hold.

    Also: what is counted as shed power is never that of a load known to be off.
    """
    spec = a_spec(
        *LOADS, settle_s=0, instant_limit_kw=1000, lost_hold_s=20, lost_policy=policy, mask_s=300
    )
    panel = Panel(spec)
    witnesses = [Witness(load, load.kind is LoadKind.SHED) for load in LOADS]
    hours = EssentialHours(HOURS)
    at_s = 0
    for length_s, now_kw, so_far_kw, trouble, given_orders in sequence:
        if trouble == "restart":
            packed = msgspec.msgpack.encode(panel.state)
            panel = Panel(spec, msgspec.msgpack.decode(packed, type=SheddingState))
        began_s = at_s
        for _ in range(length_s):
            floor_kw = 300.0 if so_far_kw < 300 else None
            limit = block(elapsed_s=at_s % 1800, so_far_kw=so_far_kw, floor_kw=floor_kw)
            blind = trouble in {"lost", "unknown"}
            panel.step(
                at_s,
                None if blind else power_kw(now_kw, 20),
                limit,
                lost_since_s=began_s if trouble == "lost" else None,
                closed={"c": trouble != "idle"},
                orders=tuple(given_orders) if at_s == began_s else (),  # type: ignore[arg-type]
                relay_faults=("a", "d") if trouble == "relay" else (),
            )
            essential = hours.wait_ns(LocalMoment(0, at_s)) == 0
            for witness, relay in zip(witnesses, panel.last.relays, strict=True):
                on = relay.shed is (witness.spec.kind is LoadKind.ABSORB)
                mine = essential and witness.spec.name == "d"
                witness.see(at_s, on, panel.state.emergency, mine)
            for event in panel.events(EventKind.RELAY):
                if event.subject == "c" and event.facts["shed"] and trouble == "idle":
                    assert event.facts["load_kw"] == 0.0
            at_s += 1
    assert [fault for witness in witnesses for fault in witness.faults] == []


def test_interlock_forces_a_load_on_after_max_shed_and_gives_it_its_min_run() -> None:
    panel = Panel(a_spec(a_load("a", max_shed_s=100, min_run_s=50), settle_s=5))
    over = block(so_far_kw=650)
    moves = []
    for at_s in range(900, 1211):
        panel.step(at_s, power_kw(700), over)
        moves += [(at_s, *move) for move in panel.moves()]
    assert moves == [
        (950, "a", True, "projected_over"),
        (1050, "a", False, "max_shed"),
        (1100, "a", True, "projected_over"),
        (1200, "a", False, "max_shed"),
    ]


def test_interlock_does_not_shed_when_essential_hours_begin_before_min_shed_is_over() -> None:
    panel = Panel(a_spec(a_load("d", essential=HOURS, min_shed_s=60)))
    panel.step(0, power_kw(100), block(so_far_kw=100))
    over = block(so_far_kw=600)
    panel.step(1140, power_kw(640), over)
    assert (panel.moves(), panel.last.why) == ([], "short:demand")
    panel = Panel(a_spec(a_load("d", essential=HOURS, min_shed_s=60)))
    panel.step(0, power_kw(100), block(so_far_kw=100))
    panel.step(1139, power_kw(640), over)
    assert panel.shed == ["d"]
    panel.step(1200, power_kw(640), over)
    assert panel.moves() == [("d", False, "essential")]


def test_interlock_honours_rest_in_an_emergency() -> None:
    panel = Panel(a_spec(a_load("a", rest_s=300), settle_s=0, instant_limit_kw=1000))
    calm = block(so_far_kw=100, target_kw=2000)
    panel.step(0, power_kw(900), calm)
    panel.step(100, power_kw(1100), calm)
    panel.step(200, power_kw(800), calm)
    assert panel.shed == []
    panel.step(499, power_kw(1100), calm)
    assert (panel.shed, panel.last.stage.name) == ([], "LIMIT")
    panel.step(500, power_kw(1100), calm)
    assert panel.moves() == [("a", True, "emergency")]


def test_interlock_completes_a_move_under_way_before_it_turns_back() -> None:
    panel = Panel(a_spec(a_load("a", lead_s=40), settle_s=0))
    calm = block(so_far_kw=100)
    panel.step(0, power_kw(100), calm)
    moves = []
    for at_s in range(1, 200):
        order = shed_override("a") if at_s % 2 else run_override("a")
        panel.step(at_s, power_kw(100), calm, orders=(order,))
        moves += [(at_s, shed) for _, shed, _ in panel.moves()]
    assert moves == [(41, True), (82, False), (123, True), (164, False)]


def test_interlock_sees_essential_hours_begin_between_scans_of_a_tenth_of_a_second() -> None:
    panel = Panel(a_spec(a_load("d", essential=HOURS), settle_s=0))
    panel.step(0, power_kw(100), block(so_far_kw=100))
    panel.step(1100, power_kw(640), block(so_far_kw=600))
    assert panel.shed == ["d"]
    moves = []
    for tenth in range(11_980, 12_010):
        panel.step(tenth / 10, power_kw(640), block(so_far_kw=600))
        moves += [(tenth / 10, *move) for move in panel.moves()]
    assert moves == [(1200.0, "d", False, "essential")]


def test_no_load_moves_faster_than_the_settle_time_whatever_it_declares() -> None:
    panel = Panel(a_spec(a_load("a"), settle_s=20))
    moves = []
    for at_s in range(900, 1000):
        order = shed_override("a") if at_s % 2 else run_override("a")
        panel.step(at_s, power_kw(100), block(so_far_kw=100), orders=(order,))
        moves += [at_s for _ in panel.moves()]
    assert moves == [921, 942, 963, 984]
