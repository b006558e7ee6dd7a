"""Takes over the state of the unit on duty: what is the site's is the peer's, what this unit sees
with its own inputs stays its own (docs/twin.md has the table).

Once, on joining, the energy of the intervals too: the peer's until the instant at which it is exact
and this unit's own bookings from there, so that no pulse is lost and none counts twice.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import astuple, replace

from edge.core.controller import Controller, ControllerState
from edge.core.demand.intervals import LedgerState as IntervalState
from edge.core.demand.intervals import Waiting
from edge.core.demand.projection import HistoryState
from edge.core.demand.sliding import SlidingState, SubInterval
from edge.core.demand.tracker import DemandState
from edge.core.metering.ledger import LedgerState
from edge.core.metering.metering import MeteringState
from edge.core.rebase import shift_instants
from edge.core.twin.sync_energy import SAME_EDGE_NS, EnergyTrail
from edge.core.twin.sync_parts import alarms_part, demand_part, shedding_part
from edge.core.twin.sync_relays import with_commands
from edge.core.twin.sync_snapshot import Energy, Snapshot, decode_snapshot, snapshot
from edge.model.energy import Booking
from edge.model.spec import SheddingSpec
from edge.model.twin import RelayState
from edge.model.units import NS_PER_MS, NS_PER_S

# Our own sources see in the next scan what the peer had already booked; later, they are slower.
CATCH_UP_NS: Final = 300 * NS_PER_MS
# A start waits so long for its sources to speak up, and for a snapshot that is complete until then.
COVER_NS: Final = 30 * NS_PER_S
# An interval that the peer has not closed yet when we have: its next snapshot will know.
BOUNDARY_NS: Final = 5 * NS_PER_S
_NEVER_NS: Final = -(1 << 63)


class StateSync:
    """One per process. `trouble` says why the peer's state is not taken, empty where it is."""

    def __init__(self) -> None:
        self.trouble = ""
        self._trail = EnergyTrail()
        self._told: Snapshot | None = None
        self._last: Snapshot | None = None
        self._in_force: Snapshot | None = None
        self._whole = False

    def note(self, controller: Controller) -> None:
        """After each scan, in every role."""
        self._trail.note(controller.state.metering.ledger, controller.bookings)

    def adopt(
        self,
        own: ControllerState,
        told: bytes | None,
        offset_ns: int,
        now_mono_ns: int,
        *,
        whole: bool,
    ) -> ControllerState | None:
        """The state to go on from; None where the own one stays. Call it before each scan.

        `told` is a snapshot that has come, `offset_ns` brings its instants to this unit's clock.
        `whole`: the energy too, for which what came may wait some scans; give None meanwhile. An
        interval that is complete here is never replaced by one that is not. The result shares parts
        with `own`, which must not be stepped any more.
        """
        if told is not None:
            self._hear(told, offset_ns)
        waiting = self._told
        if waiting is None:
            return None
        self._whole = whole
        if whole and waiting.energy and self._must_wait(own, waiting.energy, now_mono_ns):
            return None
        return self._merge(own, waiting)

    def take_over(
        self,
        own: ControllerState,
        relays: tuple[RelayState, ...],
        spec: SheddingSpec,
        said_mono_ns: int,
    ) -> ControllerState:
        """The state to go on duty with: `relays`, which the peer last commanded at `said_mono_ns`
        (our clock), are in force, so that no relay moves by the takeover itself.

        What the shadow has decided since the last snapshot never happened and is forgotten. One
        that still waits is taken as it is.
        """
        if self._told is not None:
            own = self._merge(own, self._told)
        shedding = own.shedding
        if self._last is not None:
            shedding = shedding_part(shedding, self._last)
        return replace(own, shedding=with_commands(shedding, relays, spec, said_mono_ns))

    def part(self, own: ControllerState) -> None:
        """Nobody leads from here on: what the peer has said is no more what its state is, and what
        `own` commands stays in force while a shadow decides on.
        """
        self._told = self._last = None
        self._in_force = decode_snapshot(snapshot(own))

    def release(self) -> None:
        """Nothing is in force any more that was when the last leader, or this unit, led."""
        self._in_force = None

    def resume(self, own: ControllerState) -> ControllerState | None:
        """The state to go on duty with when nobody has led since :meth:`part`: what the shadow has
        moved since then never happened. None where it has moved nothing, or all was let go.
        """
        told, loads = self._in_force, own.shedding.loads
        if told is None or all(load.on is loads[name].on for name, load in told.loads.items()):
            return None
        return replace(own, shedding=shedding_part(own.shedding, told))

    def _merge(self, own: ControllerState, told: Snapshot) -> ControllerState:
        self._told, self._last, self._in_force = None, told, None
        energy = told.energy if self._whole else None
        if energy is not None and _is_better(own, energy):
            energy = None
        metering, demand = own.metering, demand_part(own.demand, told, whole=energy is not None)
        if energy is not None:
            metering = self._follow_energy(own, demand, energy)
        return ControllerState(
            metering, demand, shedding_part(own.shedding, told), alarms_part(own.alarms, told)
        )

    def _hear(self, told: bytes, offset_ns: int) -> None:
        try:
            self._told = shift_instants(decode_snapshot(told), offset_ns)
            self.trouble = ""
        except msgspec.MsgspecError as error:
            self.trouble = f"the peer's state has another layout: {error}"

    def _must_wait(self, own: ControllerState, energy: Energy, now_mono_ns: int) -> bool:
        """Whether a later scan, or the next snapshot, can be continued more exactly."""
        since_mono_ns, front_mono_ns = self._trail.since_mono_ns, energy.front_mono_ns
        own_front_mono_ns = _front_mono_ns(own)
        if own_front_mono_ns < front_mono_ns:
            run_ns = now_mono_ns - own.metering.started_mono_ns
            is_fresh = run_ns <= COVER_NS and not self._trail.has_moved
            return is_fresh or now_mono_ns - front_mono_ns <= CATCH_UP_NS
        if since_mono_ns is not None and since_mono_ns > front_mono_ns:
            return now_mono_ns - since_mono_ns <= COVER_NS
        running, theirs = own.demand.intervals.running, energy.intervals.running
        return (
            running is not None
            and theirs is not None
            and theirs.start_utc_ns < running.start_utc_ns
            and own_front_mono_ns - running.start_mono_ns <= BOUNDARY_NS
        )

    def _follow_energy(
        self, own: ControllerState, demand: DemandState, energy: Energy
    ) -> MeteringState:
        """Put the peer's intervals and our energy since then into `demand`."""
        front_mono_ns = energy.front_mono_ns
        is_behind = _front_mono_ns(own) < front_mono_ns
        until_mono_ns = max(front_mono_ns, _front_mono_ns(own))
        spans = self._own_spans(energy, until_mono_ns)
        is_first = energy.intervals.front_mono_ns is None
        demand.intervals = _continued(energy.intervals, spans, front_mono_ns)
        if is_first or energy.slots.front_mono_ns is not None:
            demand.slots = _continued(energy.slots, spans, front_mono_ns)
        demand.response = energy.response
        demand.sliding = SlidingState([SubInterval(*astuple(sub)) for sub in energy.subs])
        history = energy.history
        if history.times_mono_ns and (is_behind or _span_ns(demand.history) < _span_ns(history)):
            # Its newest point moves on by our own energy.
            history.times_mono_ns[-1] = until_mono_ns
            history.totals_uwh[-1] += sum(one.span.import_uwh for one in spans)
            demand.history = history
        return _settled(own.metering, energy) if is_behind else own.metering

    def _own_spans(self, energy: Energy, until_mono_ns: int) -> list[Waiting]:
        since_mono_ns = self._trail.since_mono_ns
        front_mono_ns = energy.front_mono_ns
        if since_mono_ns is None or since_mono_ns <= front_mono_ns:
            return self._trail.after(energy.settled_mono_ns, front_mono_ns, until_mono_ns)
        # Neither unit has metered in between: the interval says so.
        gap = Waiting(Booking(front_mono_ns, since_mono_ns, 0, 0), missed=True)
        return [gap, *self._trail.after(since_mono_ns, since_mono_ns, until_mono_ns)]


def _front_mono_ns(own: ControllerState) -> int:
    """Until when energy is booked here; before every instant where none is."""
    front_mono_ns = own.metering.ledger.booked_until_mono_ns
    return _NEVER_NS if front_mono_ns is None else front_mono_ns


def _is_better(own: ControllerState, energy: Energy) -> bool:
    """Whether our running interval is metered from its start, without a gap until now, and the
    peer's is not.
    """
    ours, theirs = own.demand.intervals.running, energy.intervals.running
    if ours is None or theirs is None or ours.start_utc_ns != theirs.start_utc_ns:
        return False
    if _front_mono_ns(own) < energy.front_mono_ns:
        return False  # behind, be it by what it missed before it was started again
    return not (ours.partial or ours.estimated) and (theirs.partial or theirs.estimated)


def _continued(theirs: IntervalState, spans: list[Waiting], front_mono_ns: int) -> IntervalState:
    front = front_mono_ns if theirs.front_mono_ns is None else theirs.front_mono_ns
    return replace(theirs, front_mono_ns=front, waiting=[*theirs.waiting, *spans])


def _span_ns(history: HistoryState) -> int:
    times = history.times_mono_ns
    return times[-1] - times[0] if times else 0


def _settled(own: MeteringState, energy: Energy) -> MeteringState:
    """Our sources are behind: what they find before the peer's exact instant is booked already."""
    exact_mono_ns, before = energy.settled_mono_ns, own.ledger.settled_mono_ns
    if exact_mono_ns <= before + SAME_EDGE_NS:
        exact_mono_ns = before
    tracks = {name: replace(track) for name, track in own.tracks.items()}
    for track in tracks.values():
        track.settle(exact_mono_ns)
    return replace(
        own,
        tracks=tracks,
        ledger=LedgerState(energy.front_mono_ns, exact_mono_ns, energy.recent),
    )
