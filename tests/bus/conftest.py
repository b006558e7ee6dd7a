"""A page with an endless lease, as most tests of the client want it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from edge.bus.lease import BusPage


@pytest.fixture
def page() -> Iterator[BusPage]:
    fd = BusPage.create()
    page = BusPage(fd)
    os.close(fd)
    page.lease_until_mono_ns = 1 << 62
    yield page
    page.close()
