"""Networks between the gateways lie: the datagrams of a heartbeat are bent, echoed or replayed."""

from __future__ import annotations

from itertools import cycle, islice

from hil.network.network import TWIN_PORT
from hil.pair import Pair
from hil.suite.scene import CALM_S, Scene

_FORGED_COUNT = 200
_RECORDED_S = 3.0


def test_heartbeats_that_are_forged_cut_short_or_echoed_are_refused(
    scene: Scene, pair: Pair
) -> None:
    """S16."""
    active, standby = scene.begin()
    network = pair.network
    heard = [each for each in network.recorded() if each["sender"] == active.unit]
    genuine = heard[-1]["payload"]
    for number in range(_FORGED_COUNT):
        bent = bytearray(genuine)
        bent[number % len(bent)] ^= 1 + number % 255
        network.inject("net0", active.unit, bytes(bent), TWIN_PORT)
        network.inject("net1", standby.unit, bytes(bent[: number % len(bent)]), TWIN_PORT)
    own = (each["payload"] for each in heard[-20:])
    for payload in islice(cycle(own), _FORGED_COUNT):
        network.inject("net0", standby.unit, payload, TWIN_PORT)
    scene.watch(CALM_S)
    scene.assert_undisturbed()
    assert scene.settled() == (active, standby)


def test_replayed_heartbeats_of_a_dead_unit_do_not_keep_it_alive(scene: Scene, pair: Pair) -> None:
    """S16, with a death."""
    old, new = scene.begin()
    recorded_ns = scene.since_ns
    scene.watch(_RECORDED_S)
    scene.since_ns = scene.bench.now_ns()
    old.power_off()
    for path in ("net0", "net1"):
        assert pair.network.replay(path, old.unit, recorded_ns, apart_ms=100) > 20
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.silent_s)
    old.power_on()
    assert scene.settled() == (new, old)
