"""One emulated machine through its lives: power, freeze, what is plugged and pulled at run time.

To cut the power is to kill the emulator: what its guest had not flushed is lost. Nothing here knows
what runs in the guest.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
from pathlib import Path
from typing import Final

from hil.boottime import boottime_ns
from hil.machine import command_line as hardware
from hil.machine.command_line import BootFiles, Connections
from hil.machine.qmp import Qmp, QmpError, QmpEvent

# Not by preexec_fn, since other machines' readers are threads of this process.
_ENDS_WITH_BENCH: Final = ("setpriv", "--pdeathsig", "KILL")
# Before other work of this computer: a guest that starves is late as no gateway is.
_NICENESS: Final = -10
_USB_OFF: Final = re.compile(r"^(?:\S+:)?usb_set_config dev \d+, config 0,", re.MULTILINE)
# What ends an emulator whose machine is to go on, see Emulator.
_RESETS: Final = frozenset({"guest-reset", "host-qmp-system-reset"})
# Of its store of translated code: bytes used and bytes there are.
_TRANSLATED: Final = re.compile(r"^gen code size +(\d+)/(\d+)", re.MULTILINE)
# No scenario fills the rest.
_WORN_FRACTION: Final = 0.5
_END_S_MAX: Final = 10.0
_PLUG_S_MAX: Final = 20.0


class Emulator:
    """`folder` keeps console logs of all lives, and sockets while it lives; it must be there.

    A machine that resets begins a new life, in another process: in the same one each byte that the
    booting kernel clears is looked for among the translations of the code that was there before,
    and a reboot takes minutes.
    """

    def __init__(self, files: BootFiles, connections: Connections, folder: Path) -> None:
        self.folder = folder
        self._files = files
        self._connections = connections
        self._plugged = {hardware.GPIO_ID, hardware.USB_ID}
        self._process: subprocess.Popen[bytes] | None = None
        self._qmp: Qmp | None = None
        self._past: list[QmpEvent] = []
        self._lives_count = 0
        self._changing = threading.RLock()  # power, and what is plugged

    # Power.

    def power_on(self, *, restored: bool = False) -> None:
        """Starts it, unless it is on. With `restored` it goes on from its disk's saved state, with
        nothing plugged in. Raises RuntimeError with what QEMU says when it does not start.
        """
        with self._changing:
            if self.is_on:
                return
            self.power_off()
            if restored:
                self.prepare_bare()
            process = self._start(restored=restored)
        name = f"resets of {self.folder}"
        threading.Thread(target=self._follow, args=(process,), name=name, daemon=True).start()

    def _start(self, *, restored: bool = False) -> subprocess.Popen[bytes]:
        self._lives_count += 1
        words = hardware.command_line(
            self._files,
            self._connections,
            self.folder,
            self.folder / f"console-{self._lives_count}.log",
            devices=frozenset(self._plugged),
            restored=restored,
        )
        for name in ("qmp", "agent"):
            (self.folder / name).unlink(missing_ok=True)
        with self._complaints.open("ab") as complaints:
            self._process = subprocess.Popen(
                [*_ENDS_WITH_BENCH, *words],
                stdin=subprocess.DEVNULL,
                stdout=complaints,
                stderr=complaints,
                start_new_session=True,  # ^C is for who started the bench; see _prefer
            )
        _prefer(self._process.pid)
        try:
            self._qmp = Qmp(self.folder / "qmp")
        except (TimeoutError, QmpError) as error:
            self.power_off()
            raise RuntimeError(f"{error}\n{self._complaints.read_text()}") from error
        return self._process

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        """Begins the next life after each reset, until somebody else has ended the last one. Lives
        in a thread of its own, with which the emulators that it starts would end.
        """
        while True:
            process.wait()
            with self._changing:
                if self._process is not process or not self._was_reset():
                    return
                self.power_off()
                try:
                    process = self._start()
                except RuntimeError:
                    return  # it stays off, as the log says

    def _was_reset(self) -> bool:
        """By the last words of an emulator that has ended."""
        if self._qmp is None:
            return False
        self._qmp.wait_gone(_END_S_MAX)
        ends = self._qmp.events("SHUTDOWN")
        return bool(ends) and ends[-1].facts.get("reason") in _RESETS

    @property
    def _complaints(self) -> Path:
        return self.folder / "qemu.log"

    @property
    def is_on(self) -> bool:
        """False also for a machine that has switched itself off."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None, "the machine was never on"
        return self._process.pid

    def power_off(self) -> None:
        """At once, without farewell; no effect on one that is off."""
        with self._changing:
            if self._process is not None:
                self._process.kill()
                self._process.wait(_END_S_MAX)
                self._process = None
            if self._qmp is not None:
                self._qmp.close()
                self._past += self._qmp.events()
                self._qmp = None

    def freeze(self, *, on: bool) -> None:
        """The whole machine stands still, its watchdog too; its outputs stay as they are."""
        os.kill(self.pid, signal.SIGSTOP if on else signal.SIGCONT)

    # The emulator itself.

    @property
    def qmp(self) -> Qmp:
        """Raises QmpError while the machine is off."""
        with self._changing:
            if self._qmp is None:
                raise QmpError("the machine is off")
            return self._qmp

    def events(self, name: str | None = None) -> list[QmpEvent]:
        """What the emulator has said in all lives, oldest first."""
        found = [*self._past, *(self._qmp.events() if self._qmp is not None else [])]
        return [event for event in found if name in {None, event.name}]

    def is_worn(self) -> bool:
        """Soon its store of translated code is full; then all of it is thrown away and made anew,
        and the guest stands for a second or two meanwhile. A new life begins with an empty one.
        """
        try:
            said = self.qmp.monitor("info jit")
        except QmpError:
            return False  # it is off, or between two lives
        told = _TRANSLATED.search(said)
        assert told is not None, f"info jit: got no size of the translated code: {said}"
        used, size = map(int, told.groups())
        return used > _WORN_FRACTION * size

    def prepare_bare(self) -> None:
        """For the next life: nothing is plugged in, as it must be for :meth:`save_state`."""
        self._plugged.clear()

    def save_state(self) -> None:
        """Into its own disk, for :meth:`power_on` with `restored`; it goes on no more."""
        self.qmp.execute("stop")
        self.qmp.monitor(f"savevm {hardware.SAVED_STATE}", within_s=_PLUG_S_MAX)
        with contextlib.suppress(QmpError):
            self.qmp.execute("quit")
        assert self._process is not None
        self._process.wait(_END_S_MAX)

    # What can be plugged.

    def plug(self, name: str) -> None:
        """A device of :mod:`hil.machine.command_line`; no effect on one that is there."""
        with self._changing:
            if name in self._plugged:
                return
            self._plugged.add(name)
            if not self.is_on:
                return
            chardev, path = hardware.chardev_of(name, self._connections)
            address = {"type": "unix", "data": {"path": str(path)}}
            backend = {"type": "socket", "data": {"addr": address, "server": False}}
            self.qmp.execute("chardev-add", id=chardev, backend=backend)
            self.qmp.execute("device_add", **hardware.device(name))

    def pull(self, name: str) -> None:
        """Takes the device out, and its connection with it: nothing waits there for its return."""
        with self._changing:
            if name not in self._plugged:
                return
            self._plugged.discard(name)
            if not self.is_on:
                return
            asked_ns = boottime_ns()
            self.qmp.execute("device_del", id=name)
            self.qmp.wait_event(
                "DEVICE_DELETED", _PLUG_S_MAX, asked_ns, lambda e: e.facts.get("device") == name
            )
            chardev, _ = hardware.chardev_of(name, self._connections)
            self.qmp.execute("chardev-remove", id=chardev)

    def usb_offs_count(self) -> int:
        """How often the guest has taken the configuration of a USB device away in all its lives, as
        it does to switch one off.
        """
        text = self._complaints.read_text(errors="replace") if self._complaints.exists() else ""
        return len(_USB_OFF.findall(text))

    def log_text(self) -> str:
        """What all lives wrote to their console."""
        parts = [self.folder / f"console-{life}.log" for life in range(1, self._lives_count + 1)]
        texts = [
            f"-- life {life}\n{part.read_text(errors='replace')}"
            for life, part in enumerate(parts, start=1)
            if part.exists()
        ]
        return "\n".join(texts)


def _prefer(pid: int) -> None:
    """The session of `pid` runs before others, where that is allowed.

    A niceness counts only within a session on systems that group by it (sched(7), autogroup), and
    among all processes on those that do not.
    """
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(_NICENESS))
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICENESS)


def read_version() -> str:
    """Raises FileNotFoundError where QEMU is not installed."""
    said = subprocess.run(
        [hardware.PROGRAM, "--version"], capture_output=True, text=True, check=True
    )
    return said.stdout.splitlines()[0].strip()
