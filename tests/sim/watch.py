"""Everything that is checked in a run, called by the world at its points; and what it has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from edge.model.twin import PeerBeat, Role, TwinInputs, TwinOutputs
from edge.model.units import NS_PER_S
from tests.sim.scenario import Fault

if TYPE_CHECKING:
    from tests.sim.control import Control
    from tests.sim.line import Port
    from tests.sim.unit import Unit
    from tests.sim.world import World


class Violation(Struct, frozen=True):
    """An invariant that did not hold; `at_s` is the run's own time."""

    checker: str
    at_s: float
    text: str


class Gap(Struct, frozen=True):
    """Time without a unit on duty. `is_single`: one fault alone, a ready standby before it."""

    at_s: float
    gap_ms: float
    kind: str
    is_single: bool


class Checker:
    """One invariant. A hook that is not overridden is not called."""

    def __init__(self, world: World) -> None:
        self.world = world

    def violated(self, text: str) -> None:
        world = self.world
        at_s = world.sim_ns / NS_PER_S
        world.watch.violations.append(Violation(type(self).__name__, at_s, text))
        world.note(f"VIOLATION {type(self).__name__}: {text}")

    def on_step(self, control: Control, inputs: TwinInputs, outputs: TwinOutputs) -> None: ...

    def on_role(self, control: Control, before: Role, outputs: TwinOutputs) -> None: ...

    def on_carried_out(self, control: Control, outputs: TwinOutputs) -> None: ...

    def on_transmit(self, port: Port) -> None: ...

    def on_feed(self, unit: Unit) -> None: ...

    def on_reset(self, unit: Unit) -> None: ...

    def on_accept(self, unit: Unit, datagram: object, beat: PeerBeat) -> None: ...

    def on_contacts(self, unit: Unit) -> None: ...

    def on_fault(self, fault: Fault) -> None: ...

    def on_tick(self) -> None: ...

    def on_leap(self, leap_ns: int) -> None: ...


class Watch:
    """The checkers of a run and the record of its roles."""

    def __init__(self, world: World) -> None:
        # The checkers need the base class above.
        from tests.sim.checkers import CHECKERS

        self.world = world
        self.violations: list[Violation] = []
        self.gaps: list[Gap] = []
        self.walked: set[tuple[Role, Role, str]] = set()
        self.promotions = 0
        self.fault_counts: dict[str, int] = {}
        self.roles: list[tuple[int, Role]] = []
        self.checkers = [kind(world) for kind in CHECKERS]
        self._calls = {
            hook: [
                getattr(checker, hook)
                for checker in self.checkers
                if getattr(type(checker), hook) is not getattr(Checker, hook)
            ]
            for hook in vars(Checker)
            if hook.startswith("on_")
        }

    def on_step(self, control: Control, inputs: TwinInputs, outputs: TwinOutputs) -> None:
        before = control.outputs.role if control.outputs is not None else Role.BOOT
        for call in self._calls["on_step"]:
            call(control, inputs, outputs)
        if before is not outputs.role:
            self._note_role(control, before, outputs)
            for call in self._calls["on_role"]:
                call(control, before, outputs)

    def _note_role(self, control: Control, before: Role, outputs: TwinOutputs) -> None:
        world = self.world
        world.changed()
        words = [str(event.facts["why"]) for event in outputs.events if event.subject == "role"]
        why = words[-1] if words else "?"
        self.walked.add((before, outputs.role, why))
        self.roles.append((control.unit.index, outputs.role))
        if outputs.role is Role.ACTIVE and before is not Role.YIELD:
            self.promotions += 1
        world.note(
            f"{control.unit.spec.unit}: {before} -> {outputs.role} ({why}) "
            f"epoch {outputs.beat.epoch} bus {outputs.may_drive_bus}"
        )

    def on_fault(self, fault: Fault) -> None:
        self.fault_counts[fault.kind] = self.fault_counts.get(fault.kind, 0) + 1
        for call in self._calls["on_fault"]:
            call(fault)

    def on_carried_out(self, control: Control, outputs: TwinOutputs) -> None:
        for call in self._calls["on_carried_out"]:
            call(control, outputs)

    def on_transmit(self, port: Port) -> None:
        for call in self._calls["on_transmit"]:
            call(port)

    def on_feed(self, unit: Unit) -> None:
        for call in self._calls["on_feed"]:
            call(unit)

    def on_reset(self, unit: Unit) -> None:
        self.world.note(f"{unit.spec.unit}: RESET by the watchdog")
        for call in self._calls["on_reset"]:
            call(unit)

    def on_accept(self, unit: Unit, datagram: object, beat: PeerBeat) -> None:
        for call in self._calls["on_accept"]:
            call(unit, datagram, beat)

    def on_contacts(self, unit: Unit) -> None:
        for call in self._calls["on_contacts"]:
            call(unit)

    def on_tick(self) -> None:
        for call in self._calls["on_tick"]:
            call()

    def on_leap(self, leap_ns: int) -> None:
        for call in self._calls["on_leap"]:
            call(leap_ns)
