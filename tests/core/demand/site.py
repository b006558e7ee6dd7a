"""A simulated site for tests of demand: a load profile, exact bookings, a tracker fed with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from edge.core.demand.tracker import DemandState, DemandStep, DemandTracker
from edge.model.energy import Booking, MeteringStep
from edge.model.event import Event, EventKind
from edge.model.order import Order
from edge.model.scan import ClockTrust, ScanInputs
from edge.model.spec import DemandMethod, DemandSpec, Estimator, PlanSpec, ProjectionSpec
from edge.model.units import NS_PER_MIN, NS_PER_S, NS_W_PER_UWH

# Noon of a Wednesday.
NOON_UTC_NS = int(datetime(2026, 4, 1, 12, tzinfo=UTC).timestamp()) * NS_PER_S
BOOT_MONO_NS = 1000 * NS_PER_S
KWH = 1_000_000_000
MIN = NS_PER_MIN


def demand_spec(
    method: DemandMethod = DemandMethod.BLOCK,
    interval_min: int = 30,
    step_min: int | None = None,
    *,
    contract_w: float = 500_000.0,
    eoi_s: int = 0,
    alignment_ns: int = 0,
) -> DemandSpec:
    return DemandSpec(
        method=method,
        interval_ns=interval_min * NS_PER_MIN,
        subinterval_ns=(step_min or interval_min) * NS_PER_MIN,
        alignment_ns=alignment_ns,
        contract_w=contract_w,
        calendar=(),
        eoi_window_ns=eoi_s * NS_PER_S,
    )


def projection_spec(
    estimator: Estimator = Estimator.TWO_POINT, window_s: int = 60, sigmas: float = 2.0
) -> ProjectionSpec:
    return ProjectionSpec(estimator, window_s * NS_PER_S, sigmas)


def plan_spec(**changes: object) -> PlanSpec:
    fields: dict[str, object] = {
        "slot_ns": 30 * NS_PER_MIN,
        "over_ratio_allowed": 0.03,
        "under_ratio_allowed": 0.03,
        "loss_ratio": 0.042,
        "shortage_price_range": (10.0, 300.0),
        "surplus_price_range": (2.0, 15.0),
        "currency": "JPY",
        "hold_over": True,
        "hold_under": True,
    }
    return PlanSpec(**(fields | changes))


class Site:
    """Steps a tracker. `offset_ns` is wall time less monotonic time; a test may change it."""

    def __init__(
        self,
        demand: DemandSpec | None = None,
        projection: ProjectionSpec | None = None,
        plan: PlanSpec | None = None,
        *,
        start_utc_ns: int = NOON_UTC_NS,
        timezone: tzinfo = UTC,
        resolution_uwh: int = 1,
    ) -> None:
        self.demand = demand or demand_spec()
        self.projection = projection or projection_spec()
        self.plan = plan
        self.timezone = timezone
        self.state = DemandState()
        self.restart()
        self.now_mono_ns = BOOT_MONO_NS
        self.front_mono_ns = BOOT_MONO_NS
        self.offset_ns = start_utc_ns - BOOT_MONO_NS
        self.trust = ClockTrust.NTP
        self.resolution_uwh = resolution_uwh
        self.register_w: float | None = None
        self.booked_uwh = 0
        self._spent_w_ns = 0
        self.events: list[Event] = []
        self.last: DemandStep | None = None

    def restart(self) -> None:
        """A new process that goes on from the present state."""
        self.tracker = DemandTracker(
            self.demand, self.projection, self.plan, self.timezone, self.state
        )

    @property
    def step(self) -> DemandStep:
        assert self.last is not None
        return self.last

    def scan(
        self,
        bookings: tuple[Booking, ...] = (),
        *,
        orders: tuple[Order, ...] = (),
        eoi_mono_ns: tuple[int, ...] = (),
    ) -> list[Event]:
        """One scan at `now_mono_ns`, with these bookings."""
        for booking in bookings:
            self.booked_uwh += booking.import_uwh
            self.front_mono_ns = max(self.front_mono_ns, booking.to_mono_ns)
        inputs = ScanInputs(
            now_mono_ns=self.now_mono_ns,
            now_utc_ns=self.now_mono_ns + self.offset_ns,
            clock_trust=self.trust,
            eoi_mono_ns=eoi_mono_ns,
            orders=orders,
        )
        metering = MeteringStep(
            bookings=bookings,
            known_until_mono_ns=self.front_mono_ns,
            resolution_uwh=self.resolution_uwh,
            power_w=self.register_w,
            power_mono_ns=self.now_mono_ns,
            lost_since_mono_ns=None,
        )
        self.last, events = self.tracker.step(inputs, metering)
        self.events += events
        return events

    def book(self, power_w: float, *, estimated: bool = False, **more: object) -> list[Event]:
        """One scan that books constant power, in whole W, from the ledger's front to now."""
        self._spent_w_ns += round(power_w) * (self.now_mono_ns - self.front_mono_ns)
        energy_uwh, self._spent_w_ns = divmod(self._spent_w_ns, NS_W_PER_UWH)
        booking = Booking(self.front_mono_ns, self.now_mono_ns, energy_uwh, 0, estimated)
        return self.scan((booking,), **more)

    def run(
        self, duration_ns: int, power: float | Callable[[int], float], step_ns: int = NS_PER_S
    ) -> None:
        """Scans until `duration_ns` later; `power` in W, or a function of time since now."""
        begin_mono_ns = self.now_mono_ns
        end_mono_ns = begin_mono_ns + duration_ns
        while self.now_mono_ns < end_mono_ns:
            self.now_mono_ns = min(end_mono_ns, self.now_mono_ns + step_ns)
            since_ns = self.now_mono_ns - begin_mono_ns
            self.book(power(since_ns) if callable(power) else power)

    def of_kind(self, kind: EventKind) -> list[Event]:
        return [event for event in self.events if event.kind is kind]

    def intervals(self, *names: str) -> list[tuple[object, ...]]:
        """The named facts of each closed interval, in order."""
        return [
            tuple(event.facts[name] for name in names)
            for event in self.of_kind(EventKind.INTERVAL_CLOSED)
        ]
