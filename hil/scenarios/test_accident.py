"""The accident that the product is there to prevent, replayed: the gateway on duty is shut down by
somebody who is sure that he is on another machine.
"""

from __future__ import annotations

import pytest

from hil.observer import IntervalEnergy
from hil.scenarios.guard import await_open
from hil.scenarios.terminal import type_in
from hil.scenarios.works import CONTRACT_KW, INTERVAL_S, shedding_works
from hil.suite.ability import Ability
from hil.suite.scene import Scene
from hil.works import FEEDER

pytestmark = [
    pytest.mark.soak,
    pytest.mark.works(shedding_works()),
    pytest.mark.held(),
    pytest.mark.needs(Ability.SERVICES),
]

# With every load 810 kW, a third above the contract: without control each interval passes it.
_BASE_KW = 420.0
_SWITCHED_ON = "somebody switches it on again"
_BY_ITSELF = "it comes back by itself"
_STARTED = "somebody starts the service again"
# As they are typed, by root, without a look at the prompt; and how it comes back.
_WAYS = {
    "systemctl poweroff": _SWITCHED_ON,
    "poweroff": _SWITCHED_ON,
    "shutdown -h now": _SWITCHED_ON,
    "init 0": _SWITCHED_ON,
    "halt": _SWITCHED_ON,
    "systemctl reboot": _BY_ITSELF,
    "reboot": _BY_ITSELF,
    "systemctl stop denban": _STARTED,
    "poweroff -f": _SWITCHED_ON,
}
_TURN_S = 0.5


@pytest.mark.covers("ACCIDENT")
def test_gateway_on_duty_shut_down_by_mistake_in_ten_ways_loses_no_control(scene: Scene) -> None:
    """The plant draws a third more than the contract allows, so that every interval needs control.
    Ten times, an operator at the gateway on duty believes that he is at another machine and shuts
    it down: first by the product's own command with the name that he believes in, then by nine ways
    of the operating system. Somebody switches the machine on again each time. Expected: the command
    refuses the wrong name and nothing changes; after each other way the twin has the duty in time
    or nothing changes; every interval ends below the contract by the observer's own count.
    """
    scene.begin()
    scene.bench.plant.run(_BASE_KW)
    first_ns = _await_interval_end(scene, scene.bench.now_ns())
    _name_the_wrong_unit(scene)
    ordered_ns = {way: _shut_down(scene, way) for way in _WAYS}
    last_ns = _await_interval_end(scene, scene.bench.now_ns())
    intervals = _intervals(scene, first_ns, last_ns)
    for way, instant_ns in ordered_ns.items():
        (its,) = (each for each in intervals if each.start_ns <= instant_ns < each.end_ns)
        scene.measure(f"{way}: demand", its.mean_import_w / 1000, "kW", at_most=CONTRACT_KW)
    demands_kw = [each.mean_import_w / 1000 for each in intervals]
    scene.measure("intervals", len(demands_kw), at_least=len(_WAYS) // 2)
    scene.measure("highest demand", max(demands_kw), "kW", at_most=CONTRACT_KW)
    rest = scene.witness.longest_silence(first_ns, last_ns)
    scene.measure("longest rest of the line", rest.length_s, "s", at_most=scene.allowed.silent_s)
    assert scene.witness.overlaps(first_ns) == []


def _name_the_wrong_unit(scene: Scene) -> None:
    active, standby = scene.settled()
    believed = standby.unit
    said = active.denban("poweroff", believed, "--yes-stop", believed)
    scene.mark(f"denban poweroff {believed}", active.unit)
    assert said.code == 2, said.text
    assert active.unit in said.text, said.text
    assert scene.settled() == (active, standby)


def _shut_down(scene: Scene, way: str) -> int:
    """When it was ordered."""
    active, standby = scene.settled()
    await_open(active)
    ordered_ns = scene.bench.now_ns()
    scene.mark(way, active.unit)
    type_in(active, way)
    taken = scene.wait(
        f"{way}: the twin on the line",
        lambda: scene.witness.first_of(standby.unit, ordered_ns),
        scene.allowed.settle_s,
    )
    last = scene.witness.last_of(active.unit, until_ns=taken.start_ns)
    assert last is not None
    gap_s = (taken.start_ns - last.end_ns) / 1e9
    scene.measure(f"{way}: takeover", gap_s, "s", at_most=scene.allowed.silent_s)
    scene.watch(_TURN_S)
    scene.wait(f"{way}: its end", lambda: active.status() is None, scene.allowed.boot_s)
    if _WAYS[way] == _STARTED:
        active.start_service()
    if _WAYS[way] == _SWITCHED_ON:
        active.power_off()
        active.power_on()
    assert scene.settled() == (standby, active)
    return ordered_ns


def _await_interval_end(scene: Scene, since_ns: int) -> int:
    def look() -> int | None:
        ends_ns = [each.end_ns for each in _intervals(scene, 0) if each.end_ns >= since_ns]
        return ends_ns[0] if ends_ns else None

    return scene.wait("the end of a whole interval", look, 2 * INTERVAL_S + 10)


def _intervals(scene: Scene, since_ns: int, until_ns: int | None = None) -> list[IntervalEnergy]:
    return [
        each
        for each in scene.witness.log.intervals()
        if each.feeder == FEEDER
        and each.whole
        and each.start_ns >= since_ns
        and (until_ns is None or each.end_ns <= until_ns)
    ]
