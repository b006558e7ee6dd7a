"""From cold: both gateways at once, one alone, the other one later."""

from __future__ import annotations

import pytest

from hil.suite.ability import Ability
from hil.suite.protocol import Gateway
from hil.suite.scene import Scene
from hil.works import UNITS

pytestmark = [pytest.mark.needs(Ability.POWER), pytest.mark.held()]


def _without_power(scene: Scene) -> dict[str, Gateway]:
    scene.begin()
    gateways: dict[str, Gateway] = dict(scene.bench.gateways)
    for gateway in gateways.values():
        gateway.power_off()
    return gateways


def _first_scan_ns(scene: Scene, *gateways: Gateway) -> int:
    """When the first of them to boot has told of a scan."""
    for_boot_s = scene.allowed.boot_s

    def look() -> int | None:
        told = [status for each in gateways if (status := each.status()) is not None]
        return min((status.scanned_ns for status in told), default=None)

    return scene.wait("a first scan", look, for_boot_s)


@pytest.mark.covers("S11")
def test_both_started_at_once_give_one_on_duty_and_one_ready(scene: Scene) -> None:
    """Both gateways are without power, and get it at the same moment. Expected: one takes the
    duty and the line, the other stands by; only one of them was ever heard on the line.
    """
    gateways = _without_power(scene)
    began_ns = scene.bench.now_ns()
    for gateway in gateways.values():
        gateway.power_on()
    scan_ns = _first_scan_ns(scene, *gateways.values())
    active, _ = scene.settled()
    first = scene.await_query(active, began_ns)
    scene.measure("power to first scan", (scan_ns - began_ns) / 1e9, "s")
    scene.measure(
        "first scan to first query",
        (first.start_ns - scan_ns) / 1e9,
        "s",
        at_most=scene.allowed.both_s,
    )
    assert {query.node for query in scene.witness.of(since_ns=began_ns)} == {active.unit}


@pytest.mark.covers("S12")
@pytest.mark.parametrize("unit", UNITS)
def test_one_started_alone_takes_the_duty_and_keeps_it_when_the_other_comes(
    scene: Scene, unit: str
) -> None:
    """Both gateways are without power, and only one gets it. Expected: it takes the duty in time
    and says that it is alone. The other one gets power: it stands by, and nothing else changes.
    """
    gateways = _without_power(scene)
    alone = gateways.pop(unit)
    (late,) = gateways.values()
    began_ns = scene.bench.now_ns()
    alone.power_on()
    scan_ns = _first_scan_ns(scene, alone)
    first = scene.await_query(alone, began_ns)
    scene.measure(
        "first scan to first query",
        (first.start_ns - scan_ns) / 1e9,
        "s",
        at_most=scene.allowed.alone_s,
    )
    scene.await_told(alone, "twin alone")
    late.power_on()
    assert scene.settled() == (alone, late)
    assert {query.node for query in scene.witness.of(since_ns=began_ns)} == {unit}
