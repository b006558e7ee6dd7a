"""Line and networks are cut together: each gateway is on an island, which is healed."""

from __future__ import annotations

import pytest

from hil.suite.ability import Ability
from hil.suite.scene import CALM_S, Scene

pytestmark = [pytest.mark.needs(Ability.LINKS), pytest.mark.held()]


@pytest.mark.covers("S20")
def test_line_and_paths_cut_between_the_two_leave_one_master_when_healed(scene: Scene) -> None:
    """The standby is cut off the line and every network. Expected: each takes the duty on its own
    side and says that it is alone. All is mended: one of them drops the duty within a second.
    """
    active, standby = scene.begin()
    scene.bench.links.cut()
    standby.bus.cut(on=True)
    for gateway in (standby, active):
        scene.await_role(gateway, "active")
        scene.await_told(gateway, "twin alone")
    scene.assert_safe()
    standby.bus.cut(on=False)
    scene.bench.links.cut(on=False)
    healed_ns = scene.bench.now_ns()
    scene.wait("one on duty", lambda: not _are_both_on_duty(scene))
    dropped_ns = scene.bench.now_ns()
    scene.measure(
        "healed to one on duty",
        (dropped_ns - healed_ns) / 1e9,
        "s",
        at_most=scene.allowed.dropped_s,
    )
    scene.settled()
    # Both may have driven the joined line for the moment until they heard of each other.
    assert scene.witness.overlaps(dropped_ns) == []
    for gateway in (active, standby):
        assert scene.witness.resets(gateway.unit, scene.since_ns) == []


@pytest.mark.covers("S10", "S08")
def test_line_shorted_with_all_paths_cut_has_one_master_when_mended(scene: Scene) -> None:
    """The line is shorted and every network is cut; both take the duty, and nobody keeps the
    line. Then the line alone is mended. Expected: one of them drives it in time, never both.
    """
    active, standby = scene.begin()
    scene.bench.links.cut()
    scene.bench.line.short(on=True)
    scene.await_role(standby, "active")
    scene.wait("nobody on the line", lambda: not _holders(scene))
    scene.bench.line.short(on=False)
    mended_ns = scene.bench.now_ns()
    first = scene.wait(
        "a query", lambda: scene.witness.of(since_ns=mended_ns)[:1], scene.allowed.probed_s
    )[0]
    scene.measure(
        "mended to first query",
        (first.start_ns - mended_ns) / 1e9,
        "s",
        at_most=scene.allowed.probed_s,
    )
    scene.watch(CALM_S)
    assert scene.witness.overlaps(mended_ns) == []
    assert scene.witness.takeovers(mended_ns) == []
    scene.bench.links.cut(on=False)
    scene.settled()
    scene.assert_safe()
    for gateway in (active, standby):
        assert scene.witness.resets(gateway.unit, scene.since_ns) == []


def _holders(scene: Scene) -> list[str]:
    gateways = scene.bench.gateways.values()
    return [gateway.unit for gateway in gateways if scene.twin(gateway).get("holds_bus", True)]


def _are_both_on_duty(scene: Scene) -> bool:
    gateways = scene.bench.gateways.values()
    return all(scene.twin(gateway).get("on_duty", True) for gateway in gateways)
