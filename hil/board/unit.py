"""One gateway as the board sees it: its processes, its GPIO chip, its watchdog, its power.

Serves the preload library (hil/shim) over one Unix socket. Which unit a process belongs to is which
socket it was told; the unit decides nothing about what is wired to the lines.
"""

from __future__ import annotations

import array
import contextlib
import errno
import os
import selectors
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hil.board.chip import Chip, Device, refuse
from hil.board.clock import Agenda, now_ns
from hil.board.line import Line
from hil.board.watchdog import Watchdog, WatchdogDevice
from hil.process_space import pid_space, pids_in_space_of

_OP_EXISTS, _OP_LIST, _OP_OPEN, _OP_IOCTL = 1, 2, 3, 4
_CALL = struct.Struct("=IIQI4x")  # op, ioctl request or index, inode, payload size: board_call.h
_ANSWER = struct.Struct("=ii")  # result, errno
_CALL_BYTES_MAX = _CALL.size + 4096
_CREDENTIALS = struct.Struct("=iII")  # pid, uid, gid: SO_PEERCRED
_DEVICES = ["gpiochip0", "watchdog", "watchdog0"]


class Unit:
    """A machine of the bench; `log(t_ns, event, unit=name, **fields)` records its events."""

    def __init__(
        self,
        name: str,
        chip: Chip,
        agenda: Agenda,
        selector: selectors.BaseSelector,
        log: Callable[..., None],
        *,
        nowayout: bool,
        kills: bool,
    ) -> None:
        self.name = name
        self.chip = chip
        self._selector = selector
        self._kills = kills
        self._devices: dict[int, Device] = {}
        self._processes: dict[socket.socket, int] = {}
        self._log = log
        self.watchdog = Watchdog(agenda, self._record, self._expire, nowayout=nowayout)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def _record(self, t_ns: int, event: str, **fields: Any) -> None:
        self._log(t_ns, event, unit=self.name, **fields)

    def listen(self, path: Path) -> None:
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    @property
    def pids(self) -> list[int]:
        return sorted(set(self._processes.values()))

    def state(self, t_ns: int) -> dict[str, Any]:
        return {"pids": self.pids, "watchdog": self.watchdog.state(t_ns)}

    def line_state(self, line: Line) -> dict[str, Any]:  # noqa: ARG002 - as the other kind's
        return {}

    def _accept(self) -> None:
        peer, _ = self._listener.accept()
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        self._processes[peer] = _CREDENTIALS.unpack(raw)[0]
        self._selector.register(peer, selectors.EVENT_READ, lambda: self._serve(peer))

    def _serve(self, peer: socket.socket) -> None:
        if peer not in self._processes:
            return  # dropped earlier in the same turn
        try:
            packet = peer.recv(_CALL_BYTES_MAX)
        except ConnectionError:
            packet = b""
        if not packet:
            self._drop(peer)
            return
        self.reap()
        device: Device | None = None
        try:
            payload, device = self._answer(packet, now_ns())
            answer = _ANSWER.pack(0, 0) + payload
        except OSError as error:
            answer = _ANSWER.pack(-1, error.errno or errno.EIO)
        self._send(peer, answer, device)

    def _send(self, peer: socket.socket, answer: bytes, device: Device | None) -> None:
        ancillary: list[Any] = []
        if device is not None:
            descriptors = array.array("i", [device.pipe.theirs])
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)]
        with contextlib.suppress(ConnectionError):  # it died while asking; reap() sees its pipe
            peer.sendmsg([answer], ancillary)
        if device is not None:
            device.pipe.hand_over()
            self._devices[device.pipe.inode] = device
            self._selector.register(device.pipe.ours, selectors.EVENT_READ, self.reap)

    def _answer(self, packet: bytes, t_ns: int) -> tuple[bytes, Device | None]:
        op, request, inode, size = _CALL.unpack_from(packet)
        payload = packet[_CALL.size : _CALL.size + size]
        if op == _OP_IOCTL:
            if inode not in self._devices:
                raise refuse(errno.ENOTTY)
            return self._devices[inode].ioctl(request, payload, t_ns)
        if op == _OP_LIST:
            return b"".join(name.encode() for name in _DEVICES[request : request + 1]), None
        name = payload.decode(errors="replace").removeprefix("/dev/")
        if name not in _DEVICES:
            raise refuse(errno.ENOENT)
        if op == _OP_EXISTS:
            return b"", None
        if op == _OP_OPEN:
            return b"", self.chip.open() if name == "gpiochip0" else self.watchdog.open(t_ns)
        raise refuse(errno.ENOSYS)

    def reap(self) -> None:
        """Take the watchdog's bytes and let go of every device whose last descriptor is closed.

        Run before each answer too, so that a line released a moment ago is free, as in a kernel.
        """
        for inode, device in list(self._devices.items()):
            if isinstance(device, WatchdogDevice):
                device.attend(now_ns())
            if device.pipe.has_gone():
                self._forget(inode)

    def _forget(self, inode: int) -> None:
        device = self._devices.pop(inode)
        self._selector.unregister(device.pipe.ours)
        device.closed(now_ns())

    def _drop(self, peer: socket.socket) -> None:
        self._selector.unregister(peer)
        del self._processes[peer]
        peer.close()

    def _expire(self, t_ns: int) -> None:
        if self._kills:
            self.cut_power(t_ns)

    def cut_power(self, t_ns: int) -> None:
        """Kill every process of this unit and reset its chip, as a reset or a power cut would."""
        self._record(t_ns, "unit_down", pids=self.pids)
        for pid in _on_machines_of(self.pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.chip.reset(t_ns)
        self.watchdog.reset()
        for peer in list(self._processes):  # a call already on its way must not be carried out
            self._drop(peer)
        for inode in list(self._devices):
            self._forget(inode)

    def close(self) -> None:
        for peer in list(self._processes):
            self._drop(peer)
        self._selector.unregister(self._listener)
        self._listener.close()


def _on_machines_of(pids: list[int]) -> set[int]:
    """These processes, and where one has a process namespace that is not ours, all within."""
    found = set(pids)
    for pid in pids:
        with contextlib.suppress(OSError):
            if pid_space(pid) != pid_space("self"):
                found.update(pids_in_space_of(pid))
    return found
