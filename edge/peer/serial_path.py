"""A serial cable between the gateways: a further path, which no switch and no address can break.

Frames are stuffed (edge.peer.cobs). At 115200 bit/s the fullest beat takes a whole scan, so a frame
that is not out when the next one comes is finished first, and the next one is left out.
"""

from __future__ import annotations

import contextlib
import os
import termios
from typing import Final

import serial

from edge.adapters.reasons import reason
from edge.config.io import PathPlan
from edge.model.units import NS_PER_S
from edge.peer import cobs
from edge.peer.frame import DATAGRAM_BYTES_MAX
from edge.peer.paths import Arrival

BAUDRATE: Final = 115200
# More than the line brings in three scans; what a faster device has beyond it waits.
_READ_BYTES_MAX: Final = 4096
_RETRY_NS_MIN: Final = NS_PER_S
_RETRY_NS_MAX: Final = 30 * NS_PER_S


class SerialPath:
    """One cable. Opened for this process alone, and again with growing pauses after it was lost."""

    is_slow = True
    is_flooded = False

    def __init__(self, plan: PathPlan) -> None:
        self.name = plan.name
        self.problem = ""
        self.can_send = True
        self._device = plan.device
        self._port: serial.Serial | None = None
        self._deframer = cobs.Deframer(DATAGRAM_BYTES_MAX)
        self._unsent = b""
        self._pause_ns = _RETRY_NS_MIN
        self._retry_mono_ns = 0
        self._open()

    def receive(self, now_mono_ns: int) -> list[Arrival]:
        self._keep_open(now_mono_ns)
        if self._port is None:
            return []
        try:
            received = os.read(self._port.fileno(), _READ_BYTES_MAX)
        except BlockingIOError:
            return []
        except OSError as error:
            self._lose(reason(error))
            return []
        if not received:
            self._lose("hung up")
            return []
        self._pause_ns = _RETRY_NS_MIN
        return [Arrival(frame, now_mono_ns) for frame in self._deframer.feed(received)]

    def send(self, datagram: bytes) -> None:
        self._push()
        if not self._unsent:
            self._unsent = cobs.encode(datagram)
            self._push()
        self.can_send = self._port is not None

    def close(self) -> None:
        if self._port is not None:
            # A vanished device may refuse anything, and there is nobody left to tell.
            with contextlib.suppress(OSError, termios.error):
                self._port.close()
            self._port = None

    def _push(self) -> None:
        if self._port is None or not self._unsent:
            self._unsent = b""
            return
        try:
            written = os.write(self._port.fileno(), self._unsent)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(reason(error))
            return
        self._unsent = self._unsent[written:]

    def _keep_open(self, now_mono_ns: int) -> None:
        if self._port is None and now_mono_ns >= self._retry_mono_ns:
            self._retry_mono_ns = now_mono_ns + self._pause_ns
            self._pause_ns = min(2 * self._pause_ns, _RETRY_NS_MAX)
            self._open()

    def _open(self) -> None:
        try:
            self._port = open_serial(self._device)
        except (OSError, termios.error, ValueError) as error:
            self.problem = f"{self._device}: {reason(error)}"
            return
        self.problem = ""
        self._deframer = cobs.Deframer(DATAGRAM_BYTES_MAX)

    def _lose(self, why: str) -> None:
        self.close()
        self._unsent = b""
        self.problem = f"{self._device}: {why}"


def open_serial(device: str) -> serial.Serial:
    """Raw, never waiting, locked against other programs.

    Raises OSError (SerialException too), termios.error or ValueError.
    """
    return serial.Serial(
        device,
        BAUDRATE,
        timeout=0,
        write_timeout=0,
        inter_byte_timeout=0,  # VMIN 1: a read of nothing is EAGAIN, so that an end is an end
        exclusive=True,
    )
