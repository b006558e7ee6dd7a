"""The invariants of time: somebody is on duty, and nobody changes roles for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.model.twin import Grade, Role, TwinOutputs
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.sim.scenario import Fault
from tests.sim.watch import Checker, Gap

if TYPE_CHECKING:
    from tests.sim.control import Control
    from tests.sim.unit import Unit
    from tests.sim.world import Running, World

# Scans may be 50 ms late: what is longer is a gap.
GAP_NS_MIN: Final = 400 * NS_PER_MS
FAREWELL_NS_MAX: Final = 500 * NS_PER_MS
# Faults within this time before a gap are still at work (claims, listening, boot).
AFTER_NS: Final = 45 * NS_PER_S
# A unit that was reset again and again holds back for so long.
LAST_RESORT_NS: Final = 2 * NS_PER_S
COMING_BACK: Final = ("crash_silent", "hang", "stop_control", "slow_scan", "reset_loop")
SLOW_S_MAX: Final = 0.1
CALM_NS: Final = 35 * NS_PER_S


class DutyInTime(Checker):
    """A fit unit is on duty: within W (TwinSpec.gap_ns_max) after a single fault that finds a
    standby ready, counted from the last sign of the unit that was on duty (its last scan, or the
    last query of its workers: one that is frozen on its way to a write may come on to the wire
    until the reset, and cannot be told from life); within RECOVERY after the last fault,
    end of a fault, order or start otherwise, as long as any unit runs.

    Excused: a stranger that polls exactly as the twin does keeps the bus from ever being silent,
    and nobody can tell it from the twin.
    """

    # Listen (4 s), the silence (2.4 s) after a last stray query, the handicaps of a worse grade or
    # last resort (2 s), the claim, and scans that are late.
    RECOVERY_NS: Final = 12 * NS_PER_S

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._last_ns = 0
        self._ready_ns = -1
        self._last_unit: int | None = None

    def on_fault(self, fault: Fault) -> None:  # noqa: ARG002
        if any(_is_ready(unit) for unit in self.world.units):
            self._ready_ns = self.world.now_ns

    def on_carried_out(self, control: Control, outputs: TwinOutputs) -> None:
        if not outputs.on_duty:
            return
        world = self.world
        gap_ns = world.now_ns - self._last_ns
        is_other = self._last_unit not in (None, control.unit.index) and not self._is_led(control)
        if self._last_ns and (gap_ns > GAP_NS_MIN or is_other):
            self._judge(control, gap_ns)
        self._last_ns, self._last_unit = world.now_ns, control.unit.index

    @staticmethod
    def _is_led(control: Control) -> bool:
        """The other is on duty still: no gap."""
        peer = control.unit.peer.control
        return peer is not None and peer.outputs is not None and peer.outputs.on_duty

    def _judge(self, control: Control, gap_ns: int) -> None:
        world = self.world
        start_ns = self._last_ns
        at_work = [
            running
            for running in world.history[-12:]
            if running.until_ns is None or running.until_ns > start_ns - AFTER_NS
        ]
        is_single = (
            len(at_work) == 1
            and at_work[0].since_ns >= start_ns - control.unit.spec.period_ns * 2
            and self._ready_ns == at_work[0].since_ns
            and at_work[0].fault.kind != "power_both"
        )
        kind = at_work[-1].fault.kind if at_work else "start"
        if len(at_work) > 1:
            kind = "several"
        world.watch.gaps.append(Gap(world.sim_ns / NS_PER_S, gap_ns / NS_PER_MS, kind, is_single))
        world.note(f"gap of {gap_ns / NS_PER_MS:.0f} ms ({kind})")
        if not is_single:
            return
        limit_ns = self._limit_ns(control, at_work[0])
        if outputs_grade(control) is Grade.LAST_RESORT:
            limit_ns += LAST_RESORT_NS
        silent_ns = min(gap_ns, world.now_ns - self._last_query_ns(control.unit.peer))
        hung_ns = control.unit.spec.watchdog_ns + control.unit.spec.reset_ns
        if silent_ns > limit_ns or gap_ns > limit_ns + hung_ns:
            self.violated(
                f"{gap_ns / NS_PER_MS:.0f} ms without duty, {silent_ns / NS_PER_MS:.0f} ms without "
                f"a query after {kind} alone, need <= {limit_ns / NS_PER_MS:.0f}"
            )

    @staticmethod
    def _last_query_ns(unit: Unit) -> int:
        seen = [port.line.last_ns[unit.index] for port in unit.ports]
        return max([at_ns for at_ns in seen if at_ns is not None], default=0)

    @staticmethod
    def _limit_ns(control: Control, running: Running) -> int:
        """A process that dies with its herald alive is told of; else W of whichever unit takes the
        duty. One that was stopped and comes back before that may make a claim begin anew, once.
        """
        if running.fault.kind == "crash" and running.fault.level < 0.5:
            return FAREWELL_NS_MAX
        specs = [unit.spec for unit in control.unit.world.units]
        comes_back = running.until_ns is not None and running.fault.kind in COMING_BACK
        again_ns = max(spec.claim_ns for spec in specs) if comes_back else 0
        return max(spec.gap_ns_max for spec in specs) + again_ns

    def on_tick(self) -> None:
        world = self.world
        quiet_ns = world.now_ns - max(self._last_ns, world.changed_ns)
        if quiet_ns <= self.RECOVERY_NS:
            return
        able = [unit for unit in world.units if _is_able(unit, self.RECOVERY_NS)]
        if able and not _has_double(world):
            self.violated(
                f"nobody on duty for {(world.now_ns - self._last_ns) / NS_PER_S:.1f} s, "
                f"though {', '.join(unit.spec.unit for unit in able)} could be"
            )

    def on_leap(self, leap_ns: int) -> None:
        """Stepped time does not know of leaps: nothing to shift."""


def outputs_grade(control: Control) -> Grade | None:
    return None if control.outputs is None else control.outputs.beat.grade


def _has_double(world: World) -> bool:
    return any(
        running.fault.kind == "stranger" and running.fault.level > 0.5 and running.until_ns is None
        for running in world.history
    )


def _is_ready(unit: Unit) -> bool:
    control = unit.control
    if control is None or control.outputs is None or control.frozen:
        return False
    return control.outputs.role is Role.STANDBY and control.outputs.beat.ready


def _is_able(unit: Unit, for_ns: int) -> bool:
    control = unit.control
    if control is None or control.frozen or control.leaves or control.outputs is None:
        return False
    if control.scan_delay_s > SLOW_S_MAX:
        return False  # stands longer than a lease again and again, and hears no silence whole
    runs = unit.world.now_ns - control.started_ns > for_ns
    return runs and control.outputs.role is not Role.MAINTENANCE


class NoSwitchUnprovoked(Checker):
    """Roles change after a fault, its end, an order or a start, and at no other time."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._provoked_ns = 0

    def on_role(self, control: Control, before: Role, outputs: TwinOutputs) -> None:
        world = self.world
        since_ns = world.now_ns - max(
            [control.started_ns]
            + ([control.unit.peer.control.started_ns] if control.unit.peer.control else [])
        )
        if since_ns <= CALM_NS:
            return
        for running in world.history[-12:]:
            if running.until_ns is None or world.now_ns - running.until_ns <= CALM_NS:
                return
        # A boot after a fault lasts longer than the fault.
        if any(unit.booting or not unit.up for unit in world.units):
            return
        self.violated(f"{control.unit.spec.unit}: {before} -> {outputs.role} for no reason")
