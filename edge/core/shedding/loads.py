"""What is known of each load: its command, its contact, its counters, what it really draws.

Times here are physical: a load is `on` when its command lets it draw power, whatever its kind. The
mapping to RelayCommand.shed (an absorb load is switched on by True) is made in one place,
`Load.shed`.
"""

from __future__ import annotations

from msgspec import Struct

from edge.core.shedding.essential import EssentialHours
from edge.core.shedding.reason import LoadFault, MoveReason
from edge.model.order import OverrideMode
from edge.model.outlook import LocalMoment
from edge.model.spec import LoadKind, LoadSpec


class LoadState(Struct):
    """The memory of one load; survives a restart.

    `acted_*` speak of the load's action: shed for a shed load, switched on for an absorb load.
    `limit` names the limit for which the load was moved, "" when the move had another cause.
    `no_response`: its last action moved no power; it is not counted until `silent_until_mono_ns`.
    `fault` is the fault that was announced last.
    """

    on: bool
    learned_w: float
    reason: MoveReason = MoveReason.SAFE
    limit: str = ""
    since_mono_ns: int | None = None
    moves_count: int = 0
    acted_mono_ns: int | None = None
    acted_total_ns: int = 0
    closed: bool | None = None
    closed_since_mono_ns: int | None = None
    learned_count: int = 0
    no_response: bool = False
    silent_until_mono_ns: int | None = None
    override: OverrideMode | None = None
    override_until_mono_ns: int | None = None
    override_alarm: bool = False
    fault: LoadFault | None = None


def first_state(spec: LoadSpec) -> LoadState:
    """A load that was never moved: at its safe value, where outputs start, and expected power."""
    return LoadState(on=safe_on(spec), learned_w=spec.rated_w * spec.duty_ratio)


def safe_on(spec: LoadSpec) -> bool:
    """Whether the load is on at its safe value."""
    return spec.safe_shed == (spec.kind is LoadKind.ABSORB)


class Load:
    """One load: spec and state together, with what follows from the spec worked out once.

    `min_on_ns` and `min_off_ns` are never shorter than the settle time (no load flaps, whatever the
    site file says) nor than the lead time (a move under way is completed). Rest is the pause
    between two actions: on for a shed load, off for an absorb load. `max_off_ns` is None where
    there is no limit.
    """

    __slots__ = (
        "absorbs",
        "essential_wait_ns",
        "hours",
        "index",
        "max_off_ns",
        "min_off_ns",
        "min_on_ns",
        "name",
        "relay_fault",
        "rest_off_ns",
        "rest_on_ns",
        "rotates",
        "safe_on",
        "spec",
        "state",
    )

    def __init__(self, index: int, spec: LoadSpec, state: LoadState, settle_ns: int) -> None:
        self.index = index
        self.spec = spec
        self.state = state
        self.name = spec.name
        self.absorbs = spec.kind is LoadKind.ABSORB
        self.safe_on = safe_on(spec)
        self.rest_on_ns, self.rest_off_ns = (0, spec.rest_ns) if self.absorbs else (spec.rest_ns, 0)
        self.min_on_ns = max(spec.min_run_ns, spec.lead_ns, settle_ns)
        self.min_off_ns = max(spec.min_shed_ns, spec.lead_ns, settle_ns)
        self.max_off_ns = spec.max_shed_ns if spec.max_shed_ns and not self.absorbs else None
        self.hours = EssentialHours(() if self.absorbs else spec.essential)
        self.essential_wait_ns: int | None = None
        self.relay_fault = False
        self.rotates = False

    @property
    def shed(self) -> bool:
        """RelayCommand.shed: True while a shed load is off, or while an absorb load is on."""
        return self.state.on == self.absorbs

    @property
    def essential_now(self) -> bool:
        """True within its essential hours."""
        return self.essential_wait_ns == 0

    @property
    def essential_ahead(self) -> bool:
        """True if it is essential before a shedding that begins now could end."""
        return self.essential_wait_ns is not None and self.essential_wait_ns <= self.min_off_ns

    def look(self, local: LocalMoment) -> None:
        """Take the time until its essential hours begin."""
        self.essential_wait_ns = self.hours.wait_ns(local)

    def counted_w(self, now_mono_ns: int, power_w_max: float) -> float:
        """W that surely go when it is switched off now: 0 unless it is known to be on.

        A load with feedback counts only while its contact is seen closed, any other until it failed
        to respond; none counts for more than `power_w_max`, which the site is drawing.
        """
        silent_until_mono_ns = self.state.silent_until_mono_ns
        if silent_until_mono_ns is not None and now_mono_ns < silent_until_mono_ns:
            return 0.0
        return self.expected_w(power_w_max)

    def expected_w(self, power_w_max: float) -> float:
        """W that should go when it is switched off now, if it responds."""
        state = self.state
        if not state.on or (self.spec.has_feedback and state.closed is not True):
            return 0.0
        return max(0.0, min(state.learned_w, power_w_max))

    def move(self, on: bool, now_mono_ns: int, reason: MoveReason, limit: str) -> None:
        """Take the new command into the books; the interlock has allowed it."""
        state = self.state
        state.on = on
        state.since_mono_ns = now_mono_ns
        state.reason = reason
        state.limit = limit
        state.moves_count += 1
        if self.shed:
            state.acted_mono_ns = now_mono_ns
        elif state.acted_mono_ns is not None:
            state.acted_total_ns += now_mono_ns - state.acted_mono_ns

    def see_contact(self, closed: bool, now_mono_ns: int) -> None:
        """Take the auxiliary contact's present position."""
        state = self.state
        if closed != state.closed:
            state.closed = closed
            state.closed_since_mono_ns = now_mono_ns if closed else None
