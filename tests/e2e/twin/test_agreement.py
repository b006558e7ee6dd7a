"""What both units must have alike, and have not: the site file, the key, the unit's own name."""

from __future__ import annotations

import msgspec
import pytest

from hil.gateway import Gateway
from hil.pair import Pair
from hil.suite.scene import CALM_S, Scene

_OPEN = 0o644
_GUARDED = 0o600


@pytest.fixture(scope="module")
def held() -> tuple[str, ...]:
    """None: what one of two different site files has shed by hand is not known to the other."""
    return ()


def _restart(gateway: Gateway) -> None:
    """With its power cut; it reads its files anew."""
    gateway.start(wait=False)


def test_other_site_file_is_told_blocks_a_handover_and_no_takeover(
    scene: Scene, pair: Pair
) -> None:
    active, standby = scene.begin()
    other = pair.gateways[standby.unit]
    pair.write_site(other, msgspec.structs.replace(pair.works, contract_kw=790))
    _restart(other)
    scene.settled()
    for gateway in (active, standby):
        scene.await_told(gateway, "twin drift")
    for gateway in (active, standby):
        told = gateway.denban("handover", standby.unit, "--yes", standby.unit)
        assert told.code == 2
        assert "site file" in told.text
    scene.assert_undisturbed()
    active.kill_control()
    taken = scene.takeover(active, standby)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.killed_s)
    pair.write_site(other)
    _restart(other)
    scene.settled()


def test_key_file_that_others_may_read_leaves_its_unit_alone_with_the_line(
    scene: Scene, pair: Pair
) -> None:
    active, standby = scene.begin()
    other = pair.gateways[standby.unit]
    other.key_file.chmod(_OPEN)
    _restart(other)
    scene.await_told(standby, "twin key")
    scene.await_told(active, "twin alone")
    scene.await_role(standby, "suspect")
    scene.watch(scene.allowed.silent_s)
    scene.assert_undisturbed()
    other.key_file.chmod(_GUARDED)
    _restart(other)
    assert scene.settled() == (active, standby)


def test_key_files_that_others_may_read_on_both_leave_one_that_drives(
    scene: Scene, pair: Pair
) -> None:
    first, second = scene.begin()
    both = pair.gateways.values()
    for gateway in both:
        gateway.key_file.chmod(_OPEN)
        gateway.end()
    for gateway in both:
        _restart(gateway)
    scene.wait(
        "one on duty, one that hears it on the line",
        lambda: {scene.twin(each).get("role") for each in (first, second)} == {"active", "suspect"},
    )
    old = first if scene.twin(first)["role"] == "active" else second
    new = scene.other(old)
    scene.watch(CALM_S)
    scene.assert_safe()
    old.power_off()
    scene.since_ns = scene.witness.queries[-1].end_ns
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.silent_s)
    for gateway in both:
        gateway.key_file.chmod(_GUARDED)
        _restart(gateway)
    scene.settled()
    scene.assert_safe()


def test_two_machines_that_claim_the_same_unit_are_told_and_one_drives(
    scene: Scene, pair: Pair
) -> None:
    """The second machine is set up as the first unit, at its own place in the networks."""
    active, standby = scene.begin()
    other = pair.gateways[standby.unit]
    claimed = active.unit
    pair.write_site(
        other, units=[claimed if each is other else other.unit for each in pair.gateways.values()]
    )
    other.claims = claimed
    _restart(other)
    for gateway in (active, standby):
        scene.await_told(gateway, "twin own unit")
    scene.watch(scene.allowed.silent_s)
    scene.assert_undisturbed()
    pair.write_site(other)
    other.claims = other.unit
    _restart(other)
    assert scene.settled() == (active, standby)
