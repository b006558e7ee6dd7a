"""The serial transport by itself: what was written and has not left is taken back."""

from __future__ import annotations

import asyncio
import os
import pty
import termios

import pytest
import serial

from edge.bus import port as port_module
from edge.bus.port import SerialTransport, open_port
from edge.model.bus import BusPlan, LineKind, Parity


class _Receiver:
    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...


def test_unsent_bytes_are_the_drivers_to_drop_and_only_those_that_go_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pseudo-terminal sends at once, so what a slow adapter would drop is not seen here."""
    flushed: list[tuple[int, int]] = []
    master, slave = pty.openpty()
    loop = asyncio.new_event_loop()
    plan = BusPlan("main", LineKind.RTU, (), port=os.ttyname(slave), parity=Parity.NONE)
    try:
        port, _warnings = open_port(plan)
        fd = port.fileno()
        transport = SerialTransport(loop, _Receiver(), port)
        monkeypatch.setattr(termios, "tcflush", lambda *words: flushed.append(words))
        transport.discard_unsent()
        transport.close()
        transport.discard_unsent()
    finally:
        loop.close()
        os.close(master)
        os.close(slave)
    assert flushed[0] == (fd, termios.TCOFLUSH)
    assert (fd, termios.TCOFLUSH) not in flushed[1:]


def test_port_that_is_being_opened_echoes_nothing_of_what_it_hears(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A new terminal echoes; the twin's query comes in before pyserial has set the port up."""
    master, slave = pty.openpty()
    plan = BusPlan("main", LineKind.RTU, (), port=os.ttyname(slave), parity=Parity.NONE)
    opened = port_module._open

    def open_late(plan: BusPlan) -> serial.Serial:
        os.write(master, b"\x01\x03\x00\x00\x00\x02\xc4\x0b")
        return opened(plan)

    monkeypatch.setattr(port_module, "_open", open_late)
    try:
        os.set_blocking(master, False)
        port, _warnings = open_port(plan)
        with pytest.raises(BlockingIOError):
            os.read(master, 64)
        port.close()
    finally:
        os.close(master)
        os.close(slave)
