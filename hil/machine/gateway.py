"""A gateway of the machine bench: an emulated machine, its guest's systemd, its agent.

It carries out what :class:`hil.suite.protocol.Gateway` says. Whatever a guest is asked may go
unanswered: then it is said so, or the answer is None where the protocol has one for that.
"""

from __future__ import annotations

import contextlib
import shlex
import time
from typing import Any, Final

from hil.faults import Faults
from hil.launch import BenchProcess
from hil.machine.agent import Agent, AgentError
from hil.machine.command_line import USB_ID
from hil.machine.emulator import Emulator
from hil.machine.guest_paths import GUEST
from hil.suite.protocol import OwnEvent, Said, Status
from hil.suite.services import stop_command

_COMMAND_S_MAX: Final = 60.0
_STOP_S_MAX: Final = 90.0
_CRASH_S_MAX: Final = 3.0
_DESK_S_MAX: Final = 6.0
_STILL_S: Final = 0.05  # until the emulator has taken what had come
_LOST_EVENTS_MAX: Final = 100
# Powers of two from the largest: what is left at the end is less than a block.
_FILL: Final = f"""
set -u
mkdir -p {GUEST.filler}
size=$(stat --file-system --format='%f %S' {GUEST.store} | (read n s; echo $((n * s))))
i=0
while [ $size -ge 4096 ]; do
    if fallocate --length $size {GUEST.filler}/$i 2>/dev/null; then i=$((i + 1))
    else rm -f {GUEST.filler}/$i; size=$((size / 2)); fi
done
"""


class MachineUsb:
    """The emulated port of the FTDI adapter; what is dead is dead at the line's hub."""

    def __init__(self, emulator: Emulator, hub: BenchProcess, unit: str) -> None:
        self._emulator = emulator
        self._hub = hub
        self._unit = unit
        self._is_dead = False
        self._offs_count: int | None = None  # when it began to hang

    def pull(self) -> None:
        """QEMU 7.2 ends itself when a byte of the line comes while the adapter is taken out."""
        self._kill(on=True)
        time.sleep(_STILL_S)
        self._emulator.pull(USB_ID)
        self._kill(on=self._is_dead)

    def plug(self) -> None:
        self._emulator.plug(USB_ID)

    def die(self) -> None:
        self._is_dead = True
        self._kill(on=True)

    def cycle(self) -> None:
        self._is_dead = False
        self._offs_count = None
        self.pull()
        self.plug()

    def _kill(self, *, on: bool) -> None:
        self._hub.order("dead", node=self._unit, on=on)

    def hang(self) -> None:
        self._offs_count = self._emulator.usb_offs_count()
        self.die()

    def follow(self) -> bool:
        if self._offs_count is None or self._emulator.usb_offs_count() == self._offs_count:
            return False
        self._offs_count = None
        self._is_dead = False
        self._kill(on=False)
        return True


class MachineBusEnd:
    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def cut(self, *, on: bool) -> None:
        self._faults.cut_bus(on)

    def deafen(self, *, on: bool) -> None:
        self._faults.deafen(on)


class MachineGateway:
    """`emulator` is its machine; once it has the site's files it boots into service by itself."""

    def __init__(self, unit: str, emulator: Emulator, faults: Faults, hub: BenchProcess) -> None:
        self.unit = unit
        self.emulator = emulator
        self.agent = Agent(emulator.folder / "agent")
        self.usb = MachineUsb(emulator, hub, unit)
        self.bus = MachineBusEnd(faults)
        self._last_event_number = 0
        self._seen_events: set[tuple[int, int]] = set()

    def close(self) -> None:
        self.emulator.power_off()
        self.agent.close()

    # Power and machine.

    def power_off(self) -> None:
        self.emulator.power_off()

    def power_on(self) -> None:
        self.emulator.power_on()

    def press_power_key(self) -> None:
        self.emulator.qmp.execute("system_powerdown")

    def hang(self) -> None:
        self._do(f"systemctl kill --kill-who=all --signal=STOP {GUEST.service}")

    def wake(self) -> None:
        with contextlib.suppress(TimeoutError, AgentError):
            self.shell(f"systemctl kill --kill-who=all --signal=CONT {GUEST.service}")

    def crash_kernel(self) -> None:
        """It stays down until its watchdog, or somebody at its power switch, has enough."""
        with contextlib.suppress(TimeoutError, AgentError):
            self.agent.ask(
                "sh",
                _CRASH_S_MAX,
                command="echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger",
                within_s=_CRASH_S_MAX,
            )

    # Software.

    def kill_control(self) -> None:
        self._do(f"systemctl kill --kill-who=main --signal=KILL {GUEST.service}")

    def stop_service(self) -> None:
        self._do(stop_command(GUEST.service), _STOP_S_MAX)

    def start_service(self) -> None:
        if not self.emulator.is_on:
            self.power_on()
        else:
            self._do(f"systemctl start --no-block {GUEST.service}")

    def shell(self, command: str, within_s: float = _COMMAND_S_MAX) -> Said:
        code, text = self.agent.shell(command, within_s)
        return Said(code, text)

    def denban(self, *arguments: str) -> Said:
        words = shlex.join(arguments)
        return self.shell(f"DENBAN_SOCKET={GUEST.socket} NO_COLOR=1 {GUEST.program} {words}")

    def _do(self, command: str, within_s: float = _COMMAND_S_MAX) -> str:
        said = self.shell(command, within_s)
        if said.code:
            raise AgentError(f"{self.unit}: {command}: exit code {said.code}: {said.text.strip()}")
        return said.text

    def fill_disk(self, *, on: bool) -> None:
        self._do(_FILL if on else f"rm -rf {GUEST.filler}")

    def step_clock(self, difference_s: float) -> None:
        self.agent.set_clock(time.time_ns() + round(difference_s * 1e9))

    # Its own account.

    def status(self) -> Status | None:
        try:
            answer = self.agent.ask("desk", _DESK_S_MAX, kind="status", fields={})
        except (TimeoutError, AgentError):
            return None
        if not answer.said.get("ok"):
            return None
        return Status(answer.on_bench_ns(answer.said["status"]["mono_ns"]), answer.said)

    def order(self, kind: str, **fields: Any) -> dict[str, Any]:
        said: dict[str, Any] = self.agent.desk(kind, **fields).said
        return said

    def fresh_events(self) -> list[OwnEvent]:
        """A reset may take the newest entries along, and then their numbers are given again."""
        try:
            rows = self.agent.events(max(0, self._last_event_number - _LOST_EVENTS_MAX))
        except (TimeoutError, AgentError):
            return []
        fresh = [row for row in rows if (row["number"], row["utc_ns"]) not in self._seen_events]
        self._seen_events.update((row["number"], row["utc_ns"]) for row in fresh)
        if rows:
            self._last_event_number = rows[-1]["number"]
        return [OwnEvent(e["kind"], e["subject"], e["severity"], e["facts"]) for e in fresh]

    def log_text(self) -> str:
        return self.emulator.log_text()
