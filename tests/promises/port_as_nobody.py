"""Opens a port as a user without rights and prints what an operator reads: `python -m
tests.promises.port_as_nobody PORT`, as root. Everything is imported before the rights are given up.
"""

from __future__ import annotations

import asyncio
import os
import sys

from edge.bus.client import LineClient
from edge.bus.lease import BusPage
from tests.bus.line import plan_for

_NOBODY = 65534


async def _open(port: str) -> None:
    page_fd = BusPage.create()
    page = BusPage(page_fd)
    os.close(page_fd)
    client = LineClient(plan_for(port), page)
    try:
        print(await client.open())
    finally:
        client.close()
        page.close()


if __name__ == "__main__":
    os.setgroups([])
    os.setgid(_NOBODY)
    os.setuid(_NOBODY)
    asyncio.run(_open(sys.argv[1]))
