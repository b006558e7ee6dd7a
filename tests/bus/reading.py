"""Reads of one meter through the client on a fake line, with the SDM630 manual's frames."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from edge.bus.client import LineClient
from edge.bus.lease import BusPage
from edge.bus.reply import Reply
from edge.core.metering.registers import Request
from edge.model.bus import BusPlan
from tests.bus.line import FakeLine, Script, plan_for

REQUEST = Request(4, 0x000C, 2)
# SDM630 manual: power of phase 1, 31.26 W.
VECTOR_REQUEST = bytes.fromhex("0104000c0002b1c8")
VECTOR_REPLY = bytes.fromhex("010404 41fa177c c198")
VECTOR_WORDS = (0x41FA, 0x177C)


Steps = Callable[[LineClient], Awaitable[None]]


def play(plan: BusPlan, page: BusPage, steps: Steps) -> None:
    """Run `steps` with an open client."""

    async def run() -> None:
        client = LineClient(plan, page)
        assert await client.open() is None
        try:
            await steps(client)
        finally:
            client.close()

    asyncio.run(run())


def replies_of(
    tmp_path: Path, page: BusPage, script: Script, count: int = 1, **changes: object
) -> list[Reply]:
    """`count` reads in a row from a line that answers by `script`."""
    replies: list[Reply] = []

    async def steps(client: LineClient) -> None:
        for _ in range(count):
            replies.append(await client.read(plan.meters[0], REQUEST))  # noqa: PERF401

    plan = plan_for(tmp_path / "port", **changes)
    with FakeLine(tmp_path / "port", script):
        play(plan, page, steps)
    return replies
