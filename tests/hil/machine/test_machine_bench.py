"""The whole machine bench: two guests with our units, its channels, a pair, a power cut."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.machine.bench import MachineBench
from hil.machine.boot_image import read_image
from hil.machine.gateway import MachineGateway
from tests.hil.machine.chosen import FOLDER, IS_CHOSEN, WHY_NOT

_READY_S_MAX = 240.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_CHOSEN, reason=WHY_NOT),
]


@pytest.fixture(scope="module")
def bench() -> Iterator[MachineBench]:
    with MachineBench(image=read_image(FOLDER)) as bench:
        yield bench


def _on_duty(bench: MachineBench) -> MachineGateway | None:
    """The one that is active, once the other one stands by."""
    roles: dict[str, MachineGateway] = {}
    for gateway in bench.gateways.values():
        status = gateway.status()
        if status is not None:
            roles[status.twin["role"]] = gateway
    return roles.get("active") if "standby" in roles else None


def test_channels_work_before_anything_of_the_product_runs(bench: MachineBench) -> None:
    assert [check for check in bench.self_test() if not check.ok] == []
    assert bench.description.versions["kernel"]


def test_pair_starts_and_takes_over_when_its_active_loses_power(bench: MachineBench) -> None:
    bench.start()
    active = bench.wait("a pair", lambda: _on_duty(bench), _READY_S_MAX)
    cut_ns = bench.now_ns()
    active.power_off()
    other = next(unit for unit in bench.gateways if unit != active.unit)
    bench.wait("a takeover", lambda: bench.witness().first_of(other, cut_ns), _READY_S_MAX)
    assert bench.witness().overlaps() == []
    assert active.status() is None
    active.power_on()
    bench.wait("a pair again", lambda: _on_duty(bench), _READY_S_MAX)


def test_watchdog_resets_a_machine_whose_kernel_crashed(bench: MachineBench) -> None:
    active = bench.wait("a pair", lambda: _on_duty(bench), _READY_S_MAX)
    crashed_ns = bench.now_ns()
    active.crash_kernel()
    bench.wait("a reset", lambda: bench.witness().resets(active.unit, crashed_ns), _READY_S_MAX)
    bench.wait("a pair again", lambda: _on_duty(bench), _READY_S_MAX)
