"""Builders of specs, limits and scans for the tests of shedding; times in s, powers in kW."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.core.shedding.shedding import Shedding, SheddingStep
from edge.core.shedding.state import SheddingState
from edge.model.event import Event, EventKind
from edge.model.order import Order, Override, OverrideMode
from edge.model.outlook import LimitOutlook, LocalMoment, PowerEstimate
from edge.model.scan import FeedbackSample
from edge.model.spec import DailyWindow, LoadKind, LoadSpec, LostPolicy, SheddingSpec
from edge.model.units import NS_PER_S

DAY_S = 86_400


def a_load(
    name: str,
    rated_kw: float = 100.0,
    *,
    kind: LoadKind = LoadKind.SHED,
    priority: int = 1,
    group: str = "",
    min_shed_s: int = 0,
    max_shed_s: int = 0,
    min_run_s: int = 0,
    rest_s: int = 0,
    lead_s: int = 0,
    essential: tuple[DailyWindow, ...] = (),
    safe_shed: bool = False,
    has_feedback: bool = False,
    duty_ratio: float = 1.0,
) -> LoadSpec:
    return LoadSpec(
        name=name,
        kind=kind,
        rated_w=rated_kw * 1000.0,
        priority=priority,
        group=group,
        min_shed_ns=min_shed_s * NS_PER_S,
        max_shed_ns=max_shed_s * NS_PER_S,
        min_run_ns=min_run_s * NS_PER_S,
        rest_ns=rest_s * NS_PER_S,
        lead_ns=lead_s * NS_PER_S,
        essential=essential,
        safe_shed=safe_shed,
        has_feedback=has_feedback,
        duty_ratio=duty_ratio,
    )


def a_spec(
    *loads: LoadSpec,
    mask_s: int = 0,
    no_restore_s: int = 60,
    settle_s: int = 10,
    instant_limit_kw: float | None = None,
    lost_hold_s: int = 60,
    lost_policy: LostPolicy = LostPolicy.HOLD,
) -> SheddingSpec:
    return SheddingSpec(
        loads=loads,
        mask_ns=mask_s * NS_PER_S,
        no_restore_ns=no_restore_s * NS_PER_S,
        settle_ns=settle_s * NS_PER_S,
        caution_ratio=0.9,
        hysteresis_ratio=0.02,
        restore_margin_ratio=0.02,
        instant_limit_w=None if instant_limit_kw is None else instant_limit_kw * 1000.0,
        instant_release_ratio=0.95,
        lost_hold_ns=lost_hold_s * NS_PER_S,
        lost_policy=lost_policy,
    )


def power_kw(kw: float, width_kw: float = 0.0) -> PowerEstimate:
    """Present power with bounds `width_kw` to either side."""
    return PowerEstimate(kw * 1000.0, (kw - width_kw) * 1000.0, (kw + width_kw) * 1000.0)


def block(
    *,
    elapsed_s: float = 900.0,
    so_far_kw: float = 500.0,
    target_kw: float = 600.0,
    floor_kw: float | None = None,
    interval_s: float = 1800.0,
    unmetered_kw: float = 0.0,
    name: str = "demand",
) -> LimitOutlook:
    """A block interval in which mean power was `so_far_kw`; `unmetered_kw` bounds its base."""
    base_w = so_far_kw * 1000.0 * elapsed_s / interval_s
    return LimitOutlook(
        name=name,
        target_w=target_kw * 1000.0,
        floor_w=None if floor_kw is None else floor_kw * 1000.0,
        binding="contract",
        base_w=base_w,
        base_w_low=base_w - unmetered_kw * 1000.0,
        base_w_high=base_w + unmetered_kw * 1000.0,
        gain_ratio=1.0 - elapsed_s / interval_s,
        interval_ns=round(interval_s * NS_PER_S),
        elapsed_ns=round(elapsed_s * NS_PER_S),
        remaining_ns=round((interval_s - elapsed_s) * NS_PER_S),
        energy_uwh=0,
        partial=False,
    )


def run_override(load: str, for_s: float = 600.0) -> Override:
    return Override(load, OverrideMode.RUN, round(for_s * NS_PER_S), "kim")


def shed_override(load: str, for_s: float = 600.0) -> Override:
    return Override(load, OverrideMode.SHED, round(for_s * NS_PER_S), "kim")


def end_override(load: str) -> Override:
    return Override(load, OverrideMode.AUTO, 0, "kim")


@dataclass
class Panel:
    """Shedding under test, stepped by hand. `shed` and the event lists are of the last step."""

    spec: SheddingSpec
    state: SheddingState = field(default_factory=SheddingState)

    def __post_init__(self) -> None:
        self.shedding = Shedding(self.spec, self.state)
        self.last = SheddingStep((), 0, "", (), [])  # type: ignore[arg-type]

    def step(
        self,
        at_s: float,
        power: PowerEstimate | None,
        *limits: LimitOutlook,
        measured_kw: float | None = None,
        lost_since_s: float | None = None,
        closed: dict[str, bool] | None = None,
        orders: tuple[Order, ...] = (),
        relay_faults: tuple[str, ...] = (),
    ) -> SheddingStep:
        """One scan; `at_s` is also the second since Monday 00:00."""
        second = int(at_s)
        self.last = self.shedding.step(
            round(at_s * NS_PER_S),
            round(at_s * NS_PER_S),
            LocalMoment(second // DAY_S % 7, second % DAY_S),
            limits,
            power,
            None if lost_since_s is None else round(lost_since_s * NS_PER_S),
            None if measured_kw is None else measured_kw * 1000.0,
            tuple(FeedbackSample(name, value) for name, value in (closed or {}).items()),
            orders,
            relay_faults,
        )
        return self.last

    @property
    def shed(self) -> list[str]:
        return [relay.load for relay in self.last.relays if relay.shed]

    def moves(self) -> list[tuple[str, bool, str]]:
        """(load, shed, reason) of each relay that moved in the last step."""
        return [
            (e.subject, bool(e.facts["shed"]), str(e.facts["reason"]))
            for e in self.events(EventKind.RELAY)
        ]

    def events(self, kind: EventKind) -> list[Event]:
        return [event for event in self.last.events if event.kind is kind]
