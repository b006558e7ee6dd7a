"""The decisions of a unit in the world: the real controller and the real taking over of state.

A site that is metered by pulses which both units count. Beside them runs a reference that never
fails: what the unit on duty has in its running interval must be what the reference has.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from edge.app.following import Following
from edge.core.controller import Controller, ControllerState, new_state
from edge.core.rebase import shift_instants
from edge.core.replay import encode
from edge.core.twin.sync_relays import account
from edge.model.scan import ClockTrust, PulseSample, ScanInputs
from edge.model.twin import Account, Beat, Mirror, PeerBeat, TwinInputs, TwinOutputs
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.core.twin.sync_plant import PULSE_UWH, UTC_NS, Gateway, pulses_only
from tests.sim.watch import Checker

if TYPE_CHECKING:
    from tests.sim.control import Control
    from tests.sim.unit import Unit
    from tests.sim.world import World

_PLAIN: Final = pulses_only()
# A contract that has to be shed for, and soon.
SPEC: Final = replace(
    _PLAIN,
    demand=replace(_PLAIN.demand, contract_w=150_000.0),
    shedding=replace(_PLAIN.shedding, mask_ns=10 * NS_PER_S),
)
# The half-hour ends 100 s after the world's beginning.
_EARLIER_NS: Final = 900 * NS_PER_S
LOADS: Final = SPEC.shedding.loads
_decode_state: Final = msgspec.msgpack.Decoder(ControllerState).decode
# Bulk goes in pieces, one a beat.
STATE_NS: Final = 300 * NS_PER_MS
# About 100 kW, then three times that, and back: a pulse every 0.9 or 0.3 s.
_SPACINGS_NS: Final = (870 * NS_PER_MS, 290 * NS_PER_MS)
_PHASE_NS: Final = 90 * NS_PER_S


def pulse_edges(until_ns: int) -> list[int]:
    """Instants of all pulses of the site."""
    edges, at_ns = [], 1_234_567
    while at_ns < until_ns:
        edges.append(at_ns)
        at_ns += _SPACINGS_NS[at_ns // _PHASE_NS % 2]
    return edges


class PlantSide:
    """One process's controller; as edge.app.pair moves it."""

    def __init__(self, unit: Unit) -> None:
        now_ns = unit.world.now_ns
        self._unit = unit
        controller = Controller(SPEC, self._restored(unit), unit.local(now_ns))
        self.following = Following(SPEC, controller)
        # The kernel goes on counting on lines that outlive the process.
        self._epoch = unit.life
        self._base = bisect_right(unit.world.edges, unit.born_ns)
        self._leader: PeerBeat | None = None
        self._peer: PeerBeat | None = None
        self._leads = False
        self._told: bytes | None = None

    @staticmethod
    def _restored(unit: Unit) -> ControllerState:
        """The checkpoint's state, on this boot's clock."""
        if unit.kept_state is None:
            return new_state()
        life, local_ns, data = unit.kept_state
        state = _decode_state(data)
        if life == unit.life:
            return state
        return shift_instants(state, unit.local(unit.world.now_ns) - local_ns)

    def hear(self, beats: tuple[PeerBeat, ...]) -> None:
        for heard in beats:
            was_leading = self._peer is not None and self._peer.beat.on_duty
            if heard.beat.on_duty or (heard.beat.farewell and was_leading):
                self._leader = heard
            self._peer = heard

    def decide(self, inputs: TwinInputs, outputs: TwinOutputs) -> tuple[bool, ...]:
        """What the controller commands in this scan."""
        self._take_state(outputs, inputs.now_mono_ns)
        controller = self.following.controller
        decided = controller.step(self._scan_inputs(inputs.now_mono_ns))
        self.following.note()
        return tuple([command.shed for command in decided.relays])

    def _take_state(self, outputs: TwinOutputs, now_mono_ns: int) -> None:
        if self._leads and not outputs.on_duty:
            self.following.part()
        if outputs.on_duty or outputs.follows:
            told, self._told = self._told, None
            if not outputs.on_duty:
                self.following.adopt(told, self._peer, now_mono_ns)
            elif not self._leads:
                self.following.promote(self._leader, told, now_mono_ns)
        if outputs.on_duty or outputs.mirror is Mirror.RELEASE:
            self._leader = None
        self._leads = outputs.on_duty

    def _scan_inputs(self, now_mono_ns: int) -> ScanInputs:
        world, unit = self._unit.world, self._unit
        seen = bisect_right(world.edges, world.now_ns)
        last_ns = unit.local(world.edges[seen - 1]) if seen > self._base else 0
        sample = PulseSample("incomer", self._epoch, seen - self._base, last_ns)
        return ScanInputs(
            now_mono_ns, UTC_NS + _EARLIER_NS + world.now_ns, ClockTrust.NTP, (sample,)
        )

    def say(self, beat: Beat, outputs: TwinOutputs, now_mono_ns: int) -> Beat:
        """The beat with what is in force; the state goes after it, once a second."""
        if outputs.sends_state:
            self.following.send(self, now_mono_ns)
        return self.following.fill(beat, now_mono_ns) if outputs.on_duty else beat

    def post_state(self, data: bytes, mono_ns: int) -> bool:  # noqa: ARG002
        """As the link has it: lost with the paths."""
        unit = self._unit
        if any(path.works for path in unit.world.paths[unit.index]):
            unit.world.after(STATE_NS, self._arrive, data, unit.peer.control)
        return True

    def _arrive(self, data: bytes, to: Control | None) -> None:
        if to is not None and not to.over and to.plant is not None:
            to.plant._told = data

    def kept(self) -> bytes:
        return encode(self.following.controller.state)

    @property
    def account(self) -> Account:
        return account(self.following.controller.state)


class EnergyExact(Checker):
    """The running interval of the unit on duty is the reference's, to a pulse and its phase.

    What was before the first unit was on duty nobody has counted; it is the same for the whole of
    that interval. The faults of these runs leave a unit that knows; without one there is a gap.
    """

    _SETTLED_NS: Final = 2 * NS_PER_S

    def __init__(self, world: World) -> None:
        super().__init__(world)
        edges = [at_ns + _EARLIER_NS for at_ns in world.edges]
        self._reference = Gateway(SPEC, edges, -_EARLIER_NS, _EARLIER_NS) if edges else None
        self._missing_uwh = 0
        self._start_utc_ns = 0

    def on_carried_out(self, control: Control, outputs: TwinOutputs) -> None:
        reference, world = self._reference, self.world
        if reference is None or control.plant is None or not outputs.on_duty:
            return
        reference.scan(world.now_ns + _EARLIER_NS)
        ours, truth = control.plant.account, account(reference.controller.state)
        settled = world.now_ns - (control.duty_ns or world.now_ns) >= self._SETTLED_NS
        # At the end of an interval one of the two may be a scan ahead.
        if not settled or ours.start_utc_ns != truth.start_utc_ns:
            return
        if truth.start_utc_ns != self._start_utc_ns:
            self._missing_uwh = 0 if self._start_utc_ns else truth.import_uwh - ours.import_uwh
            self._start_utc_ns = truth.start_utc_ns
        need_uwh = truth.import_uwh - self._missing_uwh
        if abs(need_uwh - ours.import_uwh) > PULSE_UWH:
            self.violated(
                f"{control.unit.spec.unit} has {ours.import_uwh} µWh in its interval, "
                f"need {need_uwh} to a pulse"
            )
