"""What passes between control and a worker: the plan in a file, samples as ordered datagrams.

The worker never waits for control: what does not fit is kept, and the oldest readings are dropped.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from typing import Final

import msgspec
from msgspec import Struct

from edge.bus.lease import BusPage, Count
from edge.model.bus import BusPlan
from edge.model.scan import BusSample, MeterSample

# Readings kept for a control process that does not read: some seconds of a fast line.
PENDING_MAX: Final = 64
# More than PENDING_MAX samples with the longest names take.
MESSAGE_BYTES_MAX: Final = 1 << 16


class Batch(Struct, frozen=True, array_like=True):
    """One datagram: readings in the order in which they were taken, and a change of condition."""

    meters: tuple[MeterSample, ...]
    bus: BusSample | None = None


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Control's end (non-blocking) and the worker's."""
    control, worker = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control.setblocking(False)
    return control, worker


class SampleSender:
    """The worker's end. `post` and `flush` never block."""

    def __init__(self, link: socket.socket, page: BusPage) -> None:
        self._link = link
        self._page = page
        self._encoder = msgspec.msgpack.Encoder()
        self._meters: deque[MeterSample] = deque()
        self._bus: BusSample | None = None

    def post(self, sample: MeterSample | BusSample) -> None:
        """Send, or keep for the next `flush`. A condition replaces the one not sent yet."""
        if isinstance(sample, BusSample):
            self._bus = sample
        else:
            if len(self._meters) == PENDING_MAX:
                self._meters.popleft()
                self._page.add(Count.SAMPLES_DROPPED)
            self._meters.append(sample)
        self.flush()

    def flush(self) -> None:
        """Send what is kept, if control has room. A link that has ended is no error here."""
        if not self._meters and self._bus is None:
            return
        message = self._encoder.encode(Batch(tuple(self._meters), self._bus))
        try:
            self._link.send(message, socket.MSG_DONTWAIT)
        except (BlockingIOError, ConnectionError):
            return
        self._meters.clear()
        self._bus = None


class SampleReceiver:
    """Control's end. `receive` never blocks."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._decoder = msgspec.msgpack.Decoder(Batch)

    def receive(self) -> Batch | None:
        """The next datagram, or None if there is none or the worker has gone."""
        try:
            message = self._link.recv(MESSAGE_BYTES_MAX)
        except (BlockingIOError, ConnectionError):
            return None
        return self._decoder.decode(message) if message else None


def write_plan(plan: BusPlan) -> int:
    """The plan as a file in memory, for a worker to inherit (a large one is no datagram).

    The caller closes the descriptor.
    """
    fd = os.memfd_create("denban-bus-plan", os.MFD_CLOEXEC)
    with open(fd, "wb", closefd=False) as file:
        file.write(msgspec.msgpack.encode(plan))
    return fd


def read_plan(fd: int) -> BusPlan:
    """The plan from an inherited file, which is closed."""
    with open(fd, "rb") as file:
        file.seek(0)
        return msgspec.msgpack.decode(file.read(), type=BusPlan)
