"""Two controllers on one plant: both count its pulses on clocks of their own, one is on duty."""

from __future__ import annotations

from bisect import bisect_right

from msgspec.structs import replace

from edge.core.controller import Controller, ControllerState, new_state
from edge.core.twin.sync import StateSync
from edge.core.twin.sync_snapshot import snapshot
from edge.model.order import Order
from edge.model.scan import ClockTrust, PulseSample, ScanInputs, ScanOutputs
from edge.model.spec import ControlSpec, SourceKind, SourceSpec
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.specs import control_spec

S = NS_PER_S
MS = NS_PER_MS
PULSE_UWH = 24_000_000
UTC_NS = 1_790_000_000 * S
# The plant's time 0 is 800 s into a half-hour.
INTERVAL_END_NS = 1000 * S


def pulses_only(pulse_uwh: int = PULSE_UWH) -> ControlSpec:
    """A site that is metered by pulses alone, where a lost one would show."""
    spec = control_spec()
    pulse = replace(spec.metering.pulses[0], uwh_numerator=pulse_uwh)
    sources = (SourceSpec(SourceKind.PULSE, "incomer"),)
    return replace(
        spec, metering=replace(spec.metering, sources=sources, pulses=(pulse,), meters=())
    )


class Gateway:
    """One unit. Its clock is `boot_ns` ahead of the plant's; it counts edges from its start."""

    def __init__(
        self,
        spec: ControlSpec,
        edges: list[int],
        boot_ns: int,
        started_ns: int,
        state: ControllerState | None = None,
    ) -> None:
        self.spec = spec
        self.boot_ns = boot_ns
        self.controller = Controller(spec, state or new_state(), started_ns + boot_ns)
        self.sync = StateSync()
        self.outputs: ScanOutputs | None = None
        self._edges = edges
        self._base = bisect_right(edges, started_ns)
        self._epoch = started_ns

    def scan(self, at_ns: int, orders: tuple[Order, ...] = ()) -> ScanOutputs:
        seen = bisect_right(self._edges, at_ns)
        last_ns = self._edges[seen - 1] if seen else -S
        sample = PulseSample("incomer", self._epoch, seen - self._base, last_ns + self.boot_ns)
        inputs = ScanInputs(
            at_ns + self.boot_ns, UTC_NS + at_ns, ClockTrust.NTP, (sample,), orders=orders
        )
        self.outputs = self.controller.step(inputs)
        self.sync.note(self.controller)
        return self.outputs

    def adopt(self, told: bytes | None, offset_ns: int, at_ns: int, *, whole: bool = True) -> bool:
        state = self.sync.adopt(
            self.controller.state, told, offset_ns, at_ns + self.boot_ns, whole=whole
        )
        if state is not None:
            self.controller = self.controller.continued(state)
        return state is not None

    def tell(self) -> bytes:
        return snapshot(self.controller.state)

    @property
    def running_uwh(self) -> int:
        running = self.controller.state.demand.intervals.running
        assert running is not None
        return running.import_uwh


def follow(
    duty: Gateway,
    standby: Gateway,
    at_ns: int,
    delay_ns: int,
    *,
    error_ns: int = 0,
    whole: bool = True,
) -> None:
    """One snapshot of the unit on duty, `delay_ns` on its way, taken over as soon as it can be.

    Scans of both go on for half a second, those of the standby 37 ms later. The clocks are compared
    with an error.
    """
    told: bytes | None = duty.tell()
    offset_ns = standby.boot_ns - duty.boot_ns + error_ns
    has_come = has_adopted = False
    for step in range(1, 6):
        duty.scan(at_ns + step * 100 * MS)
        standby_ns = at_ns + step * 100 * MS + 37 * MS
        if standby_ns >= at_ns + delay_ns and not has_adopted:
            given = None if has_come else told
            has_come = True
            has_adopted = standby.adopt(given, offset_ns, standby_ns, whole=whole)
        standby.scan(standby_ns)
    assert has_adopted
