"""A pair of gateways for tests that go deeper than the bench's words: one for each file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.network.space import reason_to_skip
from hil.pair import Pair
from hil.suite.process_bench import ProcessBench
from hil.suite.scene import CALM, HELD, Scene


@pytest.fixture(scope="module")
def held() -> tuple[str, ...]:
    """Loads that are shed by hand all the time; a file may have none."""
    return HELD


@pytest.fixture(scope="module")
def bench() -> Iterator[ProcessBench]:
    if why := reason_to_skip():
        pytest.skip(why)
    with ProcessBench(CALM) as bench:
        yield bench


@pytest.fixture(scope="module")
def scene(
    request: pytest.FixtureRequest, bench: ProcessBench, held: tuple[str, ...]
) -> Iterator[Scene]:
    """Both up. DENBAN_KEEP names a folder to which a failed bench is copied."""
    failed_before = request.session.testsfailed
    bench.start()
    yield Scene(bench, CALM, held)
    keep = os.environ.get("DENBAN_KEEP")
    if keep and request.session.testsfailed > failed_before:
        shutil.rmtree(keep, ignore_errors=True)
        bench.keep(Path(keep))


@pytest.fixture
def pair(bench: ProcessBench) -> Pair:
    return bench.pair
