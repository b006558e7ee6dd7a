"""The client's port and lease: nothing is written without a lease, and a port may come and go."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from edge.bus.client import LineClient
from edge.bus.clock import boottime_ns
from edge.bus.gate import LeaseEndedError
from edge.bus.lease import BusPage, Count
from edge.bus.reply import PortLostError, Reply
from tests.bus.line import FakeLine, at_once, plan_for
from tests.bus.reading import REQUEST, VECTOR_REPLY, VECTOR_REQUEST, VECTOR_WORDS, play


def test_read_without_a_lease_puts_no_byte_on_the_line(tmp_path: Path, page: BusPage) -> None:
    plan = plan_for(tmp_path / "port")

    async def steps(client: LineClient) -> None:
        page.lease_until_mono_ns = boottime_ns()
        with pytest.raises(LeaseEndedError):
            await client.read(plan.meters[0], REQUEST)
        page.lease_until_mono_ns = 1 << 62
        reply = await client.read(plan.meters[0], REQUEST)
        assert reply.words == VECTOR_WORDS

    with FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)) as line:
        play(plan, page, steps)
        assert line.requests == [VECTOR_REQUEST]
    assert page.count(Count.WITHHELD) == 1


def test_read_with_a_lease_that_ends_during_the_silence_writes_nothing(
    tmp_path: Path, page: BusPage
) -> None:
    """The lease holds when the read is asked for, and ends in the 29 ms of silence before it."""
    plan = plan_for(tmp_path / "port", baudrate=1200)

    async def steps(client: LineClient) -> None:
        await client.read(plan.meters[0], REQUEST)
        page.lease_until_mono_ns = boottime_ns() + 10_000_000
        with pytest.raises(LeaseEndedError):
            await client.read(plan.meters[0], REQUEST)

    with FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)) as line:
        play(plan, page, steps)
        assert line.requests == [VECTOR_REQUEST]


def test_read_when_the_port_vanishes_says_so_and_reopens_by_path(
    tmp_path: Path, page: BusPage
) -> None:
    link = tmp_path / "port"
    plan = plan_for(link, timeout_ms=5000)
    first = FakeLine(link, lambda _request: [])
    got: list[Reply] = []

    async def steps(client: LineClient) -> None:
        loop = asyncio.get_running_loop()
        asked = loop.create_task(client.read(plan.meters[0], REQUEST))
        await loop.run_in_executor(None, first.wait_requests, 1)
        began_s = time.monotonic()
        first.close()
        with pytest.raises(PortLostError, match="port was lost"):
            await asked
        assert time.monotonic() - began_s < 2.0  # not the time-out of 5 s
        assert not client.is_open
        with FakeLine(link, at_once(VECTOR_REPLY)):
            assert await client.open() is None
            got.append(await client.read(plan.meters[0], REQUEST))

    play(plan, page, steps)
    assert [reply.words for reply in got] == [VECTOR_WORDS]


def test_read_of_a_closed_client_is_a_lost_port(tmp_path: Path, page: BusPage) -> None:
    plan = plan_for(tmp_path / "port")

    async def steps(client: LineClient) -> None:
        client.close()
        with pytest.raises(PortLostError):
            await client.read(plan.meters[0], REQUEST)

    with FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)):
        play(plan, page, steps)
