"""One machine of the pair: power, watchdog, worker processes, disk and clock.

What runs on it, the control process, is in `control.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from edge.core.rebase import shift_instants
from edge.model.twin import TwinMemory, TwinSpec
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.sim.control import Control
from tests.sim.line import CHECKED, Port

if TYPE_CHECKING:
    from tests.sim.world import World

BOOT_S: Final = (5.0, 40.0)
WORKER_START_NS: Final = 200 * NS_PER_MS
CONTROL_START_NS: Final = 400 * NS_PER_MS
ENABLE_NS: Final = 300 * NS_PER_MS
PPM_MAX: Final = 100


class Unit:
    """`life` changes with each power-up or reset; whatever belongs to an earlier one is void."""

    def __init__(self, world: World, index: int, spec: TwinSpec) -> None:
        self.world = world
        self.index = index
        self.spec = spec
        self.life = 0
        self.up = self.booting = False
        self.control: Control | None = None
        self.ports: list[Port] = []
        self.memory = TwinMemory()
        self.memory_life = 0
        self.disk_read_only = 0
        self.ppm = world.rng.uniform(-PPM_MAX, PPM_MAX)
        self.wall_offset_s = 0.0
        self.born_ns = 0
        self.clock_start_ns = 0
        self.fed_ns: int | None = None
        self.watch_armed = False
        self.enable_until_ns = 0
        self.enable_wire_cuts = 0
        self.contacts = world.no_commands
        self.kept_commands = self.contacts
        self.kept_state: tuple[int, int, bytes] | None = None
        self._kept_local_ns = 0
        self.grade_loss = 0
        self.drift = 0
        self.skew = 0
        self.power_cuts = 0
        self.was_reset = False

    @property
    def peer(self) -> Unit:
        return self.world.units[1 - self.index]

    def local(self, at_ns: int) -> int:
        """This boot's CLOCK_BOOTTIME at an instant of the world."""
        since_ns = at_ns - self.born_ns
        return self.clock_start_ns + since_ns + int(since_ns * self.ppm) // 1_000_000

    def utc(self) -> int:
        return self.world.sim_ns + int((1.8e9 + self.wall_offset_s) * NS_PER_S)

    # Power and boot

    def power_on(self) -> None:
        if self.up or self.booting or self.power_cuts:
            return
        self.life += 1
        self.booting = True
        low, high = BOOT_S
        boot_s = self.world.rng.uniform(low, high) if self.life > 1 else 0.0
        self.world.after(int(boot_s * NS_PER_S), self._booted, self.life)

    def _booted(self, life: int) -> None:
        if life != self.life or not self.booting:
            return
        self.booting, self.up = False, True
        self.born_ns = self.world.now_ns
        self.clock_start_ns = self.world.rng.randrange(5, 60) * NS_PER_S
        for port in self.ports:
            port.start()
        self.world.after(CONTROL_START_NS, self.start_control, self.life)

    def power_off(self) -> None:
        """At once and whole: relays fall, nothing is on the wire any more."""
        self.life += 1
        self.up = self.booting = False
        self._end_control(keeps_workers=False)
        self.fed_ns = None
        self.enable_until_ns = 0
        self.contacts = self.world.no_commands
        self.world.watch.on_contacts(self)

    # Control process and its workers

    def start_control(self, life: int) -> None:
        if life != self.life or not self.up or self.control is not None:
            return
        memory = self._memory_of_disk()
        if self.was_reset:
            self.was_reset = False
            memory.resets_utc_ns = (*memory.resets_utc_ns, self.utc())[-10:]
        for port in self.ports:
            if not port.alive:
                port.start()
        self.control = Control(self, memory)

    def _memory_of_disk(self) -> TwinMemory:
        """What was kept, on the clock of this boot."""
        memory = self.memory
        if self.memory_life != self.life:
            memory = shift_instants(memory, self.local(self.world.now_ns) - self._kept_local_ns)
            self.memory_life = self.life
        return msgspec.structs.replace(memory)

    def keep(self, memory: TwinMemory, commands: tuple[bool, ...]) -> None:
        """A checkpoint, if the disk takes it."""
        if not self.disk_read_only:
            self.memory = msgspec.structs.replace(memory)
            self.memory_life = self.life
            self.kept_commands = commands
            self._kept_local_ns = self.local(self.world.now_ns)
            control = self.control
            if control is not None and control.plant is not None:
                self.kept_state = (self.life, self._kept_local_ns, control.plant.kept())

    def crash(self, restart_ns: int, *, herald: bool, stuck_worker: bool) -> None:
        """The control process dies; the kernel takes its workers along, a stuck one later."""
        control = self.control
        if control is None:
            return
        beat = control.last_beat
        self._end_control(keeps_workers=True)
        rng, gone_ns = self.world.rng, 0
        for port in self.ports:
            if stuck_worker and port.alive and port.may_write():
                stuck_ns = rng.randrange(300) * NS_PER_MS
                gone_ns = max(gone_ns, stuck_ns)
                port.freeze(CHECKED, stuck_ns + NS_PER_S)
                self.world.after(stuck_ns, self._bury, port, port.run)
            else:
                port.end()
        if herald and beat is not None:
            if self.world.rules.farewell_early:
                gone_ns = 0
            self.world.after(gone_ns + 2 * NS_PER_MS, control.farewell, self.life)
        self.world.after(restart_ns, self.start_control, self.life)

    def _bury(self, port: Port, run: int) -> None:
        """The kernel lets a dying process go; its write may have been under way."""
        if run == port.run:
            if self.world.rng.random() < 0.7 and port.phase == CHECKED:
                port.line.transmit(port)
            port.end()

    def stop_control(self) -> None:
        """An orderly end: the watchdog is disarmed, relays are let go."""
        self._end_control(keeps_workers=False)
        self.fed_ns = None
        self.contacts = self.world.no_commands
        self.world.watch.on_contacts(self)

    def _end_control(self, *, keeps_workers: bool) -> None:
        if self.control is not None:
            self.control.over = True
            self.control = None
        if not keeps_workers:
            for port in self.ports:
                port.end()
        self.world.changed()

    def replace_worker(self, port: Port, life: int) -> None:
        if life == self.life and self.up and self.control is not None and not port.alive:
            if self.control.frozen:
                self.world.after(WORKER_START_NS, self.replace_worker, port, life)
                return
            port.start()

    # Watchdog and enable line

    def feed(self) -> None:
        self.world.watch.on_feed(self)
        self.fed_ns = self.world.now_ns
        if not self.watch_armed:
            self.watch_armed = True
            self.world.after(self._watch_ns(), self._watch, self.life)

    def _watch_ns(self) -> int:
        return int(self.spec.watchdog_ns * self.world.rng.uniform(0.985, 1.0))

    def _watch(self, life: int) -> None:
        self.watch_armed = False
        if self.fed_ns is None or life != self.life:
            if self.fed_ns is not None and self.up:
                self.watch_armed = True
                self.world.after(self._watch_ns(), self._watch, self.life)
            return
        left_ns = self.fed_ns + self._watch_ns() - self.world.now_ns
        if left_ns > 0:
            self.watch_armed = True
            self.world.after(left_ns, self._watch, life)
            return
        self.world.watch.on_reset(self)
        reset_ns = self.world.rng.randrange(self.spec.reset_ns)
        self.world.after(reset_ns, self._reset, life)

    def _reset(self, life: int) -> None:
        if life != self.life:
            return
        self.power_off()
        self.was_reset = True
        self.power_on()

    def retrigger(self) -> None:
        self.enable_until_ns = self.world.now_ns + ENABLE_NS

    def sees_enable(self) -> bool | None:
        """The peer's enable line at this end; a cut wire reads low."""
        if not self.spec.has_enable:
            return None
        return not self.enable_wire_cuts and self.world.now_ns < self.peer.enable_until_ns

    def drives(self) -> bool:
        """Whether what the workers write comes on to the wire."""
        return self.up and (not self.spec.has_enable or self.world.now_ns < self.enable_until_ns)
