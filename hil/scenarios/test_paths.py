"""Networks between the gateways fail or are bad: the meter line is the witness."""

from __future__ import annotations

import pytest

from hil.scenarios.works import MIRROR_HOLD_S, quick_mirror_works
from hil.suite.ability import Ability
from hil.suite.scene import HELD, Scene
from hil.works import LOADS

pytestmark = [
    pytest.mark.needs(Ability.LINKS),
    pytest.mark.works(quick_mirror_works()),
]

_WAYS = ("both ways", "from the active", "from the standby")
_WATCHED_S = 5.0
# An island that hears its twin again drops the line within a second.
_PATHS = ("net0", "net1")


@pytest.mark.covers("S06")
@pytest.mark.parametrize("path", _PATHS)
def test_path_that_is_cut_disturbs_nothing_and_is_told(scene: Scene, path: str) -> None:
    """One of the two networks is cut. Expected: both gateways say which, and nothing else."""
    active, standby = scene.begin()
    scene.bench.links.cut(path)
    for gateway in (active, standby):
        scene.await_told(gateway, f"twin path {path}")
    scene.bench.links.cut(path, on=False)
    assert scene.settled() == (active, standby)
    scene.assert_undisturbed()


@pytest.mark.covers("S07", "S08")
@pytest.mark.parametrize("way", _WAYS)
def test_all_paths_cut_with_the_line_alive_change_no_role(scene: Scene, way: str) -> None:
    """Every network is cut, both ways or one way, for longer than a takeover takes; the line
    works. Expected: no role changes and no gap, since the line shows who lives; who is on duty says
    that it is alone. A standby that hears nothing lets its relays go by and by: those of the one on
    duty hold the loads.
    """
    active, standby = scene.begin()
    sender = {"from the active": active.unit, "from the standby": standby.unit}.get(way)
    scene.bench.links.cut(None, sender)
    scene.watch(max(scene.allowed.silent_s, MIRROR_HOLD_S + 1))
    scene.assert_undisturbed()
    if way != "from the active":
        assert scene.is_told(active, "twin alone")
    if way != "from the standby":
        pins = [LOADS[load].pin for load in HELD]
        released = scene.witness.drives(standby.unit, pins, scene.since_ns)
        assert [drive.level for drive in released] == [0, 0]
    scene.bench.links.cut(None, sender, on=False)
    assert scene.settled() == (active, standby)
    scene.assert_undisturbed()


@pytest.mark.needs(Ability.IMPAIRED_LINKS)
@pytest.mark.covers("S15")
def test_losses_doubles_and_overtaking_change_no_role(scene: Scene) -> None:
    """Every network loses a tenth, doubles a tenth, and delays by up to 65 ms, so that datagrams
    overtake. Expected: no role changes, no gap.
    """
    active, standby = scene.begin()
    epoch = scene.epoch()
    scene.bench.links.impair(loss_ratio=0.1, duplicate_ratio=0.1, delay_ms=5, jitter_ms=60)
    scene.watch(_WATCHED_S)
    scene.bench.links.impair()
    assert scene.settled() == (active, standby)
    scene.assert_undisturbed()
    assert scene.epoch() == epoch
