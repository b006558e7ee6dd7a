"""The invariants on the bus, the epochs, the watchdog and the link, one class each.

Every excuse is written here, with its reason: nothing else is let pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.model.twin import PeerBeat, Role, TwinInputs, TwinOutputs, YieldReason
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.sim.apart import SETTLE_NS_MAX, Apart, apart_of, hears_beats
from tests.sim.path import Datagram
from tests.sim.plant import EnergyExact
from tests.sim.relays import RelaysStay
from tests.sim.timely import DutyInTime, NoSwitchUnprovoked
from tests.sim.watch import Checker

if TYPE_CHECKING:
    from tests.sim.control import Control
    from tests.sim.line import Port
    from tests.sim.unit import Unit
    from tests.sim.world import World


class OneDriver(Checker):
    """At most one unit drives a bus: nobody writes while the other may, or has a frame out."""

    def on_transmit(self, port: Port) -> None:
        line, me = port.line, port.unit.index
        peer = line.ports[1 - me]
        overlaps = line.frame_until_ns[1 - me] > self.world.now_ns
        rivals = peer.may_write() and peer.unit.up and peer.unit.control is not None
        if (overlaps or rivals) and not line.cut and not apart_of(self.world).excuses():
            what = "over a frame" if overlaps else "under a lease"
            self.violated(f"{port.unit.spec.unit} writes on {line.name} {what} of its peer")


class OneActivePerEpoch(Checker):
    """Two units are never ACTIVE at once with the same epoch."""

    def on_step(self, control: Control, inputs: TwinInputs, outputs: TwinOutputs) -> None:  # noqa: ARG002
        if outputs.role is not Role.ACTIVE:
            return
        peer = control.unit.peer.control
        if peer is None or peer.outputs is None or peer.outputs.role is not Role.ACTIVE:
            return
        is_alive = self.world.now_ns - peer.last_scan_ns <= 2 * control.unit.spec.period_ns
        same = peer.outputs.beat.epoch == outputs.beat.epoch
        if is_alive and same:
            self.violated(f"both ACTIVE with epoch {outputs.beat.epoch}")


class OneDutyHeard(Checker):
    """Two on duty that hear each other settle it within a bound."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._since_ns: int | None = None

    def on_step(self, control: Control, inputs: TwinInputs, outputs: TwinOutputs) -> None:  # noqa: ARG002
        world, peer = self.world, control.unit.peer.control
        both = (
            outputs.on_duty
            and peer is not None
            and not peer.frozen
            and peer.outputs is not None
            and peer.outputs.on_duty
            and all(hears_beats(world, index) for index in (0, 1))
        )
        if not both:
            self._since_ns = None
        elif self._since_ns is None:
            self._since_ns = world.now_ns
        elif world.now_ns - self._since_ns > SETTLE_NS_MAX:
            self.violated("both on duty though they hear each other")


class FedWithProgress(Checker):
    """The watchdog is not fed over a write that has been under way for longer than the silence
    quota allows, while nothing of this unit came on to any line: what the silence of T_q proves
    rests on it.
    """

    def on_feed(self, unit: Unit) -> None:
        spec = unit.spec
        limit_ns = spec.query_gap_ns + spec.jitter_ns + 2 * (spec.period_ns + spec.jitter_ns)
        control = unit.control
        # A scan that was stopped between its decision and the feeding decided before the stop.
        decided_ns = control.last_scan_ns if control is not None else self.world.now_ns
        seen = [port.line.last_ns[unit.index] for port in unit.ports]
        seen_ns = max([at_ns for at_ns in seen if at_ns is not None], default=0)
        if decided_ns - seen_ns <= limit_ns:
            return
        for port in unit.ports:
            if port.alive and port.phase and decided_ns - port.phase_since_ns > limit_ns:
                self.violated(
                    f"{spec.unit} feeds over a write under way for "
                    f"{(decided_ns - port.phase_since_ns) // NS_PER_MS} ms"
                )


class NoResetForBus(Checker):
    """The watchdog resets a unit only if its scan stood, or its process was gone: never because
    the bus is dead.
    """

    _STOPPING: Final = (
        "crash",
        "crash_silent",
        "hang",
        "stop_control",
        "reset_loop",
        "slow_scan",
    )

    def on_reset(self, unit: Unit) -> None:
        world = self.world
        recent_ns = world.now_ns - unit.spec.watchdog_ns - NS_PER_S
        for running in world.history:
            is_recent = running.until_ns is None or running.until_ns >= recent_ns
            stops = running.fault.kind in self._STOPPING and running.fault.unit == unit.index
            if is_recent and stops:
                return
        control = unit.control
        if control is not None and (control.frozen or control.started_ns >= recent_ns):
            return
        if control is None:
            return
        self.violated(f"{unit.spec.unit} is reset though its scan runs")


class OnlyTrueBeats(Checker):
    """Nothing forged, nothing twice, nothing from an earlier run is believed."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._seen: dict[int, int] = {}

    def on_accept(self, unit: Unit, datagram: object, beat: PeerBeat) -> None:  # noqa: ARG002
        control = unit.control
        if control is None or not isinstance(datagram, Datagram):
            return
        if datagram.forged:
            self.violated(f"{unit.spec.unit} believes a forged beat")
        newest = self._seen.get(control.wire.nonce, -1)
        key = (datagram.nonce << 40) + datagram.sequence
        if key <= newest:
            self.violated(f"{unit.spec.unit} believes a replayed beat")
        self._seen[control.wire.nonce] = key


class SwapsLimited(Checker):
    """Swaps for health's sake are ten minutes apart at least.

    Excused: a unit whose memory was lost with its disk, or that could not write it.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._last_ns: int | None = None

    def on_fault(self, fault: object) -> None:
        kind = getattr(fault, "kind", "")
        if kind in ("disk_lost", "disk_read_only"):
            self._last_ns = None

    def on_role(self, control: Control, before: Role, outputs: TwinOutputs) -> None:  # noqa: ARG002
        if outputs.role is not Role.YIELD:
            return
        if outputs.beat.yield_reason is not YieldReason.HEALTH:
            return
        world, last_ns = self.world, self._last_ns
        if last_ns is not None and world.sim_ns - last_ns < control.unit.spec.swap_ns_min:
            self.violated(f"health swaps {(world.sim_ns - last_ns) / NS_PER_S:.0f} s apart")
        self._last_ns = world.sim_ns


class NoPlannedSwapOverDrift(Checker):
    """Two units with different site files are not swapped by plan: only an emergency does that."""

    def on_role(self, control: Control, before: Role, outputs: TwinOutputs) -> None:  # noqa: ARG002
        units = self.world.units
        planned = outputs.beat.yield_reason in (YieldReason.ORDER, YieldReason.HEALTH)
        drifts = units[0].drift != units[1].drift and self._drifted_long()
        if outputs.role is Role.YIELD and planned and drifts:
            self.violated(f"{outputs.beat.yield_reason} swap over different site files")

    def _drifted_long(self) -> bool:
        now_ns = self.world.now_ns
        return any(
            running.fault.kind == "site_drift"
            and running.until_ns is None
            and now_ns - running.since_ns > NS_PER_S
            for running in self.world.history
        )


CHECKERS: Final = (
    Apart,
    OneDriver,
    OneActivePerEpoch,
    OneDutyHeard,
    FedWithProgress,
    NoResetForBus,
    OnlyTrueBeats,
    SwapsLimited,
    NoPlannedSwapOverDrift,
    DutyInTime,
    NoSwitchUnprovoked,
    RelaysStay,
    EnergyExact,
)
