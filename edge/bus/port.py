"""A serial port as an asyncio transport: opened for us alone, written at once, read until empty.

pyserial sets it up; pymodbus's own transport is not used because it writes a turn of the event loop
later (when a lease may have ended) and because errors of termios end its reader for good.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import termios
from collections.abc import Callable, Iterator
from typing import Final, Protocol

import serial
import serial.rs485

from edge.bus.faults import line_name
from edge.model.bus import BusPlan
from edge.model.problem import Problem

READ_BYTES_MAX: Final = 1024
# Of what termios.tcgetattr gives.
_LOCAL_MODES: Final = 3


def open_port(plan: BusPlan) -> tuple[serial.Serial, list[Problem]]:
    """Open `plan.port`, locked against every other program; what its driver cannot do is a warning.

    Raises OSError (SerialException too), termios.error or ValueError if that fails.
    """
    with _echo_off(plan.port):
        port = _open(plan)
    try:
        # The lock that pyserial takes is advisory: this keeps modem probes and terminals out too.
        fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
        port.reset_output_buffer()  # of whoever had the port before
        return port, _tune(port, plan)
    except BaseException:
        port.close()
        raise


@contextlib.contextmanager
def _echo_off(path: str) -> Iterator[None]:
    """A terminal that is new echoes what it hears: on a shared line that is a query of nobody's, on
    top of the twin's. pyserial switches that off some hundred µs after it has opened the port, in
    which a byte or two can come in; here it is off with the next call, and stays so.
    """
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        settings = termios.tcgetattr(fd)
        settings[_LOCAL_MODES] &= ~termios.ECHO
        termios.tcsetattr(fd, termios.TCSANOW, settings)
        termios.tcflush(fd, termios.TCOFLUSH)
        yield
    finally:
        os.close(fd)


def _open(plan: BusPlan) -> serial.Serial:
    return serial.Serial(
        plan.port,
        baudrate=plan.baudrate,
        bytesize=plan.bytesize,
        parity=plan.parity.value,
        stopbits=plan.stopbits,
        timeout=0,
        inter_byte_timeout=0,  # VMIN 1: a read of nothing is EAGAIN, so that an end is an end
        exclusive=True,
    )


def _tune(port: serial.Serial, plan: BusPlan) -> list[Problem]:
    """RS-485 mode if it is declared; low latency where the driver has it (FTDI: 16 ms to 1 ms)."""
    with contextlib.suppress(ValueError, OSError):
        port.set_low_latency_mode(True)
    if not plan.rs485_rts:
        return []
    try:
        port.rs485_mode = serial.rs485.RS485Settings()
    except (ValueError, OSError) as fault:
        return [
            Problem(
                where=line_name(plan),
                what="the port's driver cannot switch an RS-485 transmitter by RTS",
                got=str(fault),
                effect="polling goes on",
                next_step="set rs485_rts = false if the adapter switches by itself",
            )
        ]
    return []


class Receiver(Protocol):
    """What the transport tells: the same calls as asyncio.Protocol's."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...


class SerialTransport(asyncio.Transport):
    """Owns the open port until `close`. Tells its protocol once that it was lost, and why.

    `overhear` gets all that is received first, and says whether the protocol gets it too.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: Receiver,
        port: serial.Serial,
        overhear: Callable[[bytes], bool] | None = None,
    ) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._overhear = overhear
        self._port: serial.Serial | None = port
        self._fd = port.fileno()
        self.fault: OSError | None = None
        loop.add_reader(self._fd, self.drain)
        protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Give a whole frame to the driver now; if it takes only a part, the line is lost."""
        try:
            written = os.write(self._fd, data)
        except OSError as fault:
            self._lose(fault)
            return
        if written != len(data):
            self._lose(OSError(errno.EIO, "transmitter is stuck"))

    def discard_unsent(self) -> None:
        """Drop what the driver has not sent yet: it would go out whenever the adapter wakes up."""
        if self._port is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcflush(self._fd, termios.TCOFLUSH)

    def drain(self) -> bool:
        """Hand over what has been received; True if there was something."""
        if self._port is None:
            return False
        try:
            data = os.read(self._fd, READ_BYTES_MAX)
        except BlockingIOError:
            return False
        except OSError as fault:
            self._lose(fault)
            return False
        if not data:  # hung up: the adapter was unplugged
            self._lose(OSError(errno.ENODEV, "hung up"))
            return False
        if self._overhear is None or self._overhear(data):
            self._protocol.data_received(data)
        return True

    def _lose(self, fault: OSError) -> None:
        if self._port is not None:
            self.fault = fault
            self.close()
            self._protocol.connection_lost(fault)

    def close(self) -> None:
        """Close at once; unsent bytes are dropped by the driver or sent, as it likes."""
        if self._port is None:
            return
        port, self._port = self._port, None
        self._loop.remove_reader(self._fd)
        # A vanished device may refuse anything, and there is nobody left to tell.
        with contextlib.suppress(OSError, termios.error):
            fcntl.ioctl(self._fd, termios.TIOCNXCL)
        with contextlib.suppress(OSError, termios.error):
            port.close()

    def get_write_buffer_size(self) -> int:
        """Nothing ever waits here: see `write`."""
        return 0

    def abort(self) -> None:
        """The same as `close`."""
        self.close()

    def is_closing(self) -> bool:
        """Whether it has been closed."""
        return self._port is None
