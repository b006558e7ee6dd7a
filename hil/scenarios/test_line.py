"""The meter line fails at one gateway or at both, or somebody else drives it."""

from __future__ import annotations

import pytest

from hil.scenarios.roles import promotions_count
from hil.suite.ability import Ability
from hil.suite.protocol import Gateway
from hil.suite.scene import CALM_S, Scene

# Read holding register 0 of unit 247, which is no meter of the site.
_STRANGERS_QUERY = bytes.fromhex("f70300000001909c")
# One frame in five or so is spoiled.
_NOISE_RATIO = 0.001


@pytest.mark.fresh
@pytest.mark.covers("S09")
def test_line_unplugged_on_duty_moves_the_duty_once(scene: Scene) -> None:
    """The line is unplugged at the gateway on duty. Expected: it gives the line up, and its twin
    has the duty some seconds later, once, without a reset; plugged in again it stands by.
    """
    old, new = scene.begin()
    cut_ns = scene.bench.now_ns()
    old.bus.cut(on=True)
    first = scene.await_query(new, cut_ns)
    scene.measure(
        "cut to takeover", (first.start_ns - cut_ns) / 1e9, "s", at_most=scene.allowed.swap_s
    )
    old.bus.cut(on=False)
    assert scene.settled() == (new, old)
    takeovers = scene.witness.takeovers(scene.since_ns)
    assert [(each.old, each.new) for each in takeovers] in (
        [],  # none of the old one's queries was on the line since
        [(old.unit, new.unit)],
    )
    scene.assert_safe()
    assert scene.witness.resets(old.unit, scene.since_ns) == []


@pytest.mark.covers("S09")
def test_line_unplugged_at_the_standby_changes_no_role(scene: Scene) -> None:
    """The line is unplugged at the standby, and plugged in again. Expected: nothing moves."""
    active, standby = scene.begin()
    standby.bus.cut(on=True)
    scene.watch(CALM_S)
    standby.bus.cut(on=False)
    assert scene.settled() == (active, standby)
    scene.assert_undisturbed()


@pytest.mark.covers("S10")
def test_line_that_is_shorted_costs_at_most_one_swap_and_no_reset(scene: Scene) -> None:
    """The line is shorted for longer than a swap takes, and mended. Expected: the duty is never
    lost, moves once at most, nobody is reset; the line is driven again in time, by one gateway.
    """
    scene.begin()
    scene.bench.line.short(on=True)
    scene.watch(scene.allowed.swap_s)
    assert any(scene.twin(gateway)["on_duty"] for gateway in scene.bench.gateways.values())
    assert promotions_count(scene) <= 1
    scene.bench.line.short(on=False)
    mended_ns = scene.bench.now_ns()
    active, _ = scene.settled()
    first = scene.await_query(active, mended_ns)
    scene.measure(
        "mended to first query",
        (first.start_ns - mended_ns) / 1e9,
        "s",
        at_most=scene.allowed.probed_s,
    )
    scene.assert_safe()
    assert promotions_count(scene) <= 1
    for gateway in scene.bench.gateways.values():
        assert scene.witness.resets(gateway.unit, scene.since_ns) == []


@pytest.mark.needs(Ability.NOISE)
@pytest.mark.covers("S10")
def test_noise_on_the_line_changes_no_role(scene: Scene) -> None:
    """Bits flip, so that one frame in five is spoiled. Expected: no role changes, no gap."""
    active, standby = scene.begin()
    epoch = scene.epoch()
    scene.bench.line.noise(_NOISE_RATIO)
    scene.watch(CALM_S)
    scene.bench.line.noise(0)
    assert scene.settled() == (active, standby)
    scene.assert_undisturbed()
    assert scene.epoch() == epoch


@pytest.mark.covers("S18")
def test_stranger_that_polls_is_told_and_changes_no_role(scene: Scene) -> None:
    """Another master polls the line. Expected: both gateways say so; nobody stops."""
    active, standby = scene.begin()

    def poll_and_look() -> bool:
        scene.bench.line.speak(_STRANGERS_QUERY)
        return all(scene.is_told(each, "twin stranger") for each in (active, standby))

    scene.wait("the stranger told", poll_and_look)
    assert scene.settled() == (active, standby)
    scene.assert_safe()


@pytest.mark.covers("S19")
def test_standby_that_is_deaf_says_so_and_takes_no_line_when_its_twin_dies(scene: Scene) -> None:
    """The standby hears nothing on the line, and says so; then the gateway on duty loses its
    power. Expected: the deaf one takes the duty and not the line, which somebody else might drive;
    when it hears again and its twin is back, the line has one master.
    """
    old, deaf = scene.begin()
    deaf.bus.deafen(on=True)
    scene.await_told(deaf, "twin receiver")
    scene.assert_undisturbed()
    old.power_off()
    scene.await_role(deaf, "active")
    scene.watch(scene.allowed.silent_s)
    assert scene.twin(deaf)["role"] == "active"
    assert _queries_count(scene, deaf) == 0
    deaf.bus.deafen(on=False)
    old.power_on()
    scene.settled()
    scene.assert_safe()


def _queries_count(scene: Scene, gateway: Gateway) -> int:
    return len(scene.witness.of(gateway.unit, scene.since_ns))
