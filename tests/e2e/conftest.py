"""Benches for tests of the whole: the real controller, one bench at a time on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from hil.bench import Bench
from hil.field import Field
from hil.works import FEEDER, Works

BASE_KW = 300.0
# The interval begins while the bench starts, before the controller: no short test meets its end.
_YOUNG_S = 1


@pytest.hookimpl(tryfirst=True)  # the plugin that reads the marks has its turn then
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One bench at a time: two would take each other's time on a small machine. Pairs wait most of
    theirs, so two of them may run.
    """
    for item in items:
        if "/e2e/twin/" in str(item.path):
            item.add_marker(pytest.mark.xdist_group("pairs"))
        elif "/e2e/" in str(item.path):
            item.add_marker(pytest.mark.xdist_group("bench"))


def alignment_for_boundary_in(seconds: float, interval_s: int = 60) -> int:
    """The alignment by which an interval begins so many seconds from now."""
    return int(time.time() + seconds) % interval_s


def at_rest(bench: Field) -> bool:
    seen = bench.snapshot()
    return not seen["power_w"][FEEDER] and bool(seen["pulses"][FEEDER]["idle"])


def stand_still(bench: Field) -> None:
    """Stop the plant and wait until its last pulse has been made."""
    bench.plant_stop()
    bench.wait("a plant at rest", lambda: at_rest(bench))


def start_running(bench: Bench, base_kw: float = BASE_KW) -> int:
    """Controller first, with the plant at rest, so that it counts from the first pulse on.

    The plant's counter in µWh at that moment.
    """
    stand_still(bench)
    bench.start_controller()
    begin_uwh: int = bench.snapshot()["import_uwh"][FEEDER]
    bench.plant_run(base_kw)
    return begin_uwh


def counted_after_stop_uwh(bench: Bench) -> tuple[int, int]:
    """Stop the plant; what the controller has counted in its interval, and the plant's counter."""
    stand_still(bench)
    rest_ns = bench.snapshot()["t_ns"] + 1_000_000_000  # a poll of the meter and a status later
    answer = bench.wait_status(lambda answer: answer["status"]["mono_ns"] > rest_ns)
    counted_kwh = answer["status"]["limits"][0]["energy_kwh"]
    return round(counted_kwh * 1e9), bench.snapshot()["import_uwh"][FEEDER]


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    """Benches whose interval has just begun; arguments are those of Works."""
    with ExitStack() as stack:

        def make(**settings: object) -> Bench:
            settings.setdefault("alignment_s", alignment_for_boundary_in(_YOUNG_S))
            return stack.enter_context(Bench(Works(**settings)))  # type: ignore[arg-type]

        yield make
