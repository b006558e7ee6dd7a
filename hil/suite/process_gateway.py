"""A gateway of the process bench: its machine is a set of namespaces, its power a signal.

It carries out what :class:`hil.suite.protocol.Gateway` says; nothing is judged here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import Any

from hil import gateway as real
from hil.launch import BenchProcess
from hil.suite.protocol import OwnEvent, Said, Status, Unable

_REBOOT_S = 0.5
_COMMAND_S_MAX = 60.0


class ProcessUsb:
    """The pseudo-terminal of a unit's adapter, as the hub serves it."""

    def __init__(self, hub: BenchProcess, unit: str) -> None:
        self._hub = hub
        self._unit = unit

    def pull(self) -> None:
        self._hub.order("usb", node=self._unit, on=False)

    def plug(self) -> None:
        self._hub.order("usb", node=self._unit, on=True)

    def die(self) -> None:
        self._hub.order("dead", node=self._unit, on=True)

    def cycle(self) -> None:
        self.pull()
        self._hub.order("dead", node=self._unit, on=False)
        self.plug()

    def hang(self) -> None:
        raise Unable("process bench: a pseudo-terminal is no USB device")

    def follow(self) -> bool:
        raise Unable("process bench: a pseudo-terminal is no USB device")


class ProcessBusEnd:
    def __init__(self, gateway: real.Gateway) -> None:
        self._gateway = gateway

    def cut(self, *, on: bool) -> None:
        self._gateway.faults.cut_bus(on)

    def deafen(self, *, on: bool) -> None:
        self._gateway.faults.deafen(on)


class ProcessGateway:
    """`real` is the gateway of the pair; what the protocol lacks is asked of it."""

    def __init__(self, gateway: real.Gateway, hub: BenchProcess) -> None:
        self.real = gateway
        self.unit = gateway.unit
        self.usb = ProcessUsb(hub, gateway.unit)
        self.bus = ProcessBusEnd(gateway)
        self._stopped_pids: list[int] = []
        gateway.supervised = True

    @property
    def _is_on(self) -> bool:
        assert self.real.machine is not None
        return self.real.machine.is_on

    def power_off(self) -> None:
        self.real.reboots_after_s = None
        self.real.cut_power()

    def power_on(self) -> None:
        self.real.reboots_after_s = _REBOOT_S
        if not self._is_on:
            self.real.start(wait=False)

    def hang(self) -> None:
        self._stopped_pids = self.real.pids()
        for pid in self._stopped_pids:
            _send(pid, signal.SIGSTOP)

    def wake(self) -> None:
        for pid in self._stopped_pids:
            _send(pid, signal.SIGCONT)
        self._stopped_pids = []

    def press_power_key(self) -> None:
        raise Unable("process bench: needs a machine with a power key")

    def crash_kernel(self) -> None:
        raise Unable("process bench: needs a kernel of its own that can crash")

    def kill_control(self) -> None:
        self.real.controller.send(signal.SIGKILL)

    def stop_service(self) -> None:
        self.real.controller.stop()

    def start_service(self) -> None:
        if not self._is_on:
            self.power_on()
        elif self.real.controller.exit_code is not None:
            self.real.launch()

    def shell(self, command: str, within_s: float = _COMMAND_S_MAX) -> Said:
        return self._run(["sh", "-c", command], within_s)

    def denban(self, *arguments: str) -> Said:
        return self._run(["denban", *arguments], _COMMAND_S_MAX)

    def _run(self, words: list[str], within_s: float) -> Said:
        if not self._is_on:
            raise ConnectionRefusedError(f"{self.unit}: no power")
        try:
            done = self.real.run_within(words, within_s)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.unit}: {words}: no end in {within_s:g} s") from None
        return Said(done.returncode, done.stdout + done.stderr)

    def fill_disk(self, *, on: bool) -> None:
        try:
            self.real.fill_disk(on)
        except LookupError:
            if on:
                raise

    def step_clock(self, difference_s: float) -> None:
        self.real.step_clock(difference_s)

    def status(self) -> Status | None:
        answer = self.real.desk.status()
        return None if answer is None else Status(answer["status"]["mono_ns"], answer)

    def order(self, kind: str, **fields: Any) -> dict[str, Any]:
        return self.real.desk.ask(kind, **fields)

    def fresh_events(self) -> list[OwnEvent]:
        return [
            OwnEvent(event.kind, event.subject, event.severity, event.facts)
            for event in self.real.events.fresh()
        ]

    def log_text(self) -> str:
        return self.real.log_text()


def _send(pid: int, number: signal.Signals) -> None:
    """It may have ended meanwhile, by its watchdog for one."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
