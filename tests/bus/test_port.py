"""The serial transport by itself: what was written and has not left is taken back."""

from __future__ import annotations

import asyncio
import os
import pty
import termios

import pytest

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
