"""The table of docs/stopping.md, row by row: each way to stop a machine, on duty with a twin that
is ready, on duty without one, and beside one that is on duty.
"""

from __future__ import annotations

import pytest

from hil.scenarios.guard import await_closed, await_open
from hil.scenarios.terminal import type_in
from hil.suite.ability import Ability
from hil.suite.protocol import Gateway
from hil.suite.scene import CALM_S, Scene

# Half an hour: a machine boots for most of the rows.
pytestmark = [pytest.mark.soak, pytest.mark.held(), pytest.mark.needs(Ability.SERVICES)]

# Seven times in two seconds: systemd's own way to force a reboot.
_BURST = "for i in 1 2 3 4 5 6 7; do kill -INT 1; done"
_OFF = "off"
_BACK = "comes back by itself"
_STARTED = "is started again"
# In order: the service hears of it and hands over. What becomes of the machine behind it.
_ORDERLY = {
    "systemctl poweroff": _OFF,
    "poweroff": _OFF,
    "shutdown -h now": _OFF,
    "shutdown +0": _OFF,
    "init 0": _OFF,
    "telinit 0": _OFF,
    "kill -s RTMIN+4 1": _OFF,
    "halt": _OFF,
    "systemctl halt": _OFF,
    "systemctl reboot": _BACK,
    "reboot": _BACK,
    "shutdown -r now": _BACK,
    "init 6": _BACK,
    "kill -INT 1": _BACK,  # what the kernel does at Ctrl-Alt-Del
    _BURST: _BACK,
    "systemctl stop denban": _STARTED,
    "systemctl disable --now denban": _STARTED,
    "systemctl restart denban": _BACK,
    "systemctl kill denban": _BACK,
}
# Nobody is asked: the twin has to find out, in the time that it has for a machine gone silent.
_ABRUPT = {
    "systemctl suspend": _OFF,
    "poweroff -f": _OFF,
    "halt -f": _OFF,
    "reboot -f": _BACK,
    "systemctl reboot --force --force": _BACK,
    "echo b >/proc/sysrq-trigger": _BACK,
}
# With nobody beside the gateway on duty: refused, all of them.
_REFUSED = (*_ORDERLY, "systemctl kexec", "systemctl suspend", "systemctl start exit.target")
_NOT_REFUSED = frozenset({"systemctl kill denban"})  # a signal is no stop: see the next
# Twice the service's own watchdog time.
_UNHEARD_S = 10.0
# Their exit code says nothing: the order is carried out, or not, behind them.
_MUTE = frozenset(
    {"kill -s RTMIN+4 1", "kill -INT 1", _BURST, "init 0", "init 6", "telinit 0", "shutdown +0"}
)


@pytest.mark.covers("STOP")
@pytest.mark.parametrize("way", _ORDERLY)
def test_way_to_stop_in_order_with_a_ready_twin_hands_over_first(scene: Scene, way: str) -> None:
    """The gateway on duty is stopped by an orderly way of the system, its twin is ready. Expected:
    the duty is handed over before the end; back again, the gateway stands by.
    """
    old, new = scene.begin()
    await_open(old)
    type_in(old, way)
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.killed_s)
    _bring_back(scene, old, _ORDERLY[way])
    if "disable" in way:
        assert old.shell("systemctl enable denban").code == 0
    assert scene.settled() == (new, old)
    assert scene.witness.resets(old.unit, scene.since_ns) == []


@pytest.mark.covers("S03")
@pytest.mark.parametrize("way", _ABRUPT)
def test_way_to_stop_at_once_is_taken_over_in_time(scene: Scene, way: str) -> None:
    """The gateway on duty goes down without a word, by order of its root. Expected: the twin has
    the duty in the time that it has for a silent machine, and no load moves.
    """
    old, new = scene.begin()
    await_open(old)
    type_in(old, way)
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.silent_s)
    _bring_back(scene, old, _ABRUPT[way])
    assert scene.settled() == (new, old)


@pytest.mark.covers("GUARD")
def test_ways_to_stop_on_duty_without_a_ready_twin_are_refused(scene: Scene) -> None:
    """The twin's service is stopped; then every orderly way to stop is tried on the gateway on
    duty, one after the other, the product's own commands too. Expected: each is refused, and the
    gateway drives the line all the time; with the twin back, the ways are open again.
    """
    alone, out = _alone(scene)
    for way in _REFUSED:
        if way in _NOT_REFUSED:
            continue
        said = alone.shell(way)
        assert said.code != 0 or way in _MUTE, f"{way}: {said.text}"
        scene.watch(CALM_S)
    for verb in ("stop", "restart", "reboot", "poweroff"):
        said = alone.denban(verb, alone.unit, "--yes-stop", alone.unit)
        assert said.code == 2, said.text
        assert "without an active unit" in said.text
    assert alone.shell("systemctl is-active denban").code == 0
    scene.assert_undisturbed()
    assert alone.shell("systemctl enable denban").code == 0  # "disable --now" has done its half
    out.start_service()
    assert scene.settled() == (alone, out)
    await_open(alone)


@pytest.mark.covers("STOP", "GUARD")
@pytest.mark.needs(Ability.POWER_KEY)
def test_power_key_is_refused_without_a_ready_twin_and_hands_over_with_one(scene: Scene) -> None:
    """The power key of the gateway on duty is pressed while the twin's service is stopped, and
    again when the twin is ready. Expected: first nothing happens; then the duty is handed over and
    the gateway goes down.
    """
    alone, out = _alone(scene)
    alone.press_power_key()
    scene.watch(3 * CALM_S)
    scene.assert_undisturbed()
    out.start_service()
    scene.settled()
    await_open(alone)
    alone.press_power_key()
    taken = scene.takeover(alone, out)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.killed_s)
    _bring_back(scene, alone, _OFF)
    assert scene.settled() == (out, alone)


@pytest.mark.covers("STOP")
def test_service_on_duty_can_not_be_masked(scene: Scene) -> None:
    """`systemctl mask denban` on duty, and at runtime only. Expected: the first is refused, the
    second has no effect, and systemd hears the service as before: twice its watchdog time goes by.
    """
    gateway, _ = scene.begin()
    said = gateway.shell("systemctl mask denban")
    assert said.code == 1
    assert "already exists" in said.text
    gateway.shell("systemctl mask --runtime denban")
    scene.watch(_UNHEARD_S)
    gateway.shell("systemctl unmask --runtime denban")
    assert gateway.shell("systemctl is-enabled denban").text.strip() == "enabled"
    scene.assert_undisturbed()


@pytest.mark.covers("GUARD")
def test_scheduled_shutdown_is_refused_when_its_time_has_come(scene: Scene) -> None:
    """`shutdown +1` is ordered while the twin is ready; the twin's service stops within the minute.
    Expected: the gateway goes on.
    """
    alone, out = scene.begin()
    await_open(alone)
    said = alone.shell("shutdown +1")
    assert said.code == 0, said.text
    out.stop_service()
    await_closed(alone)
    scene.watch(75)
    scene.assert_undisturbed()
    alone.shell("shutdown -c")
    out.start_service()
    assert scene.settled() == (alone, out)


@pytest.mark.covers("STOP")
@pytest.mark.parametrize("way", ["systemctl kill denban", "reboot -f"])
def test_ways_that_nothing_can_refuse_without_a_twin_come_back_on_duty(
    scene: Scene, way: str
) -> None:
    """With nobody beside it the gateway on duty is ended by a way past every guard. Expected: it
    comes back by itself and takes the duty; how long nobody was on duty is recorded.
    """
    alone, out = _alone(scene)
    ordered_ns = scene.bench.now_ns()
    type_in(alone, way)
    scene.wait("its end", lambda: scene.twin(alone).get("role") != "active", scene.allowed.boot_s)
    scene.await_role(alone, "active", scene.allowed.boot_s + scene.allowed.alone_s)
    back = scene.await_query(alone, scene.bench.now_ns())
    rest = scene.witness.longest_silence(ordered_ns, back.start_ns)
    limit_s = scene.allowed.boot_s + scene.allowed.alone_s
    scene.measure("nobody on duty", rest.length_s, "s", at_most=limit_s)
    out.start_service()
    assert scene.settled() == (alone, out)
    scene.assert_safe()


@pytest.mark.covers("STOP")
@pytest.mark.parametrize("way", _ORDERLY)
def test_way_to_stop_the_standby_disturbs_nothing(scene: Scene, way: str) -> None:
    """The gateway that stands by is stopped. Expected: the one on duty drives the line all the
    time; back again, the other stands by.
    """
    active, standby = scene.begin()
    await_open(standby)
    type_in(standby, way)
    scene.await_told(active, "twin alone", scene.allowed.boot_s)
    _bring_back(scene, standby, _ORDERLY[way])
    if "disable" in way:
        assert standby.shell("systemctl enable denban").code == 0
    assert scene.settled() == (active, standby)
    scene.assert_undisturbed()


@pytest.mark.covers("STOP")
@pytest.mark.parametrize("way", ["systemctl rescue", "systemctl emergency"])
def test_rescue_and_emergency_leave_the_controller_at_work(scene: Scene, way: str) -> None:
    """The gateway on duty is taken to rescue or emergency. Expected: it goes on driving the line;
    it is power-cycled afterwards, and its twin takes over then.
    """
    old, new = scene.begin()
    type_in(old, way)
    scene.watch(10)
    scene.assert_undisturbed()
    old.power_off()
    scene.await_query(new)
    old.power_on()
    assert scene.settled() == (new, old)
    scene.assert_safe()


@pytest.mark.covers("STOP")
@pytest.mark.parametrize(
    ("verb", "after"),
    [("stop", _STARTED), ("restart", _BACK), ("reboot", _BACK), ("poweroff", _OFF)],
)
def test_own_command_hands_over_like_a_planned_handover(
    scene: Scene, verb: str, after: str
) -> None:
    """`denban stop|restart|reboot|poweroff UNIT` on duty with a ready twin. Expected: no longer
    rest of the line than in quiet times, and an entry in the audit before the act.
    """
    old, new = scene.begin()
    await_open(old)
    command = f"denban {verb} {old.unit} --yes-stop {old.unit}"
    type_in(old, f"DENBAN_SOCKET=/run/denban/control {command}")
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.rest_s)
    _bring_back(scene, old, after)
    assert scene.settled() == (new, old)
    audit = [event for event in scene.events(old, "audit") if event.subject == verb]
    assert [event.facts["done"] for event in audit] == [True]


@pytest.mark.covers("GUARD")
def test_site_is_left_without_control_only_by_its_name(scene: Scene) -> None:
    """Nobody beside the gateway on duty; somebody must stop it all the same. Expected: the wrong
    site's name is refused, the right one stops it, loudly in the audit; started, it is on duty.
    """
    alone, out = _alone(scene)
    words = ("stop", alone.unit, "--yes-stop", alone.unit, "--leave-the-site-without-control")
    said = alone.denban(*words, "Elsewhere")
    assert said.code == 2, said.text
    said = alone.denban(*words, scene.works.name)
    assert said.code == 0, said.text
    loud = [event.severity for event in scene.events(alone, "audit") if event.subject == "stop"]
    assert loud == ["info", "alarm"]
    alone.start_service()
    scene.await_role(alone, "active", scene.allowed.alone_s + scene.allowed.boot_s)
    out.start_service()
    assert scene.settled() == (alone, out)
    said = alone.denban("events", "--audit", "--verify", "--store", "/var/lib/denban")
    assert said.code == 0, said.text


def _alone(scene: Scene) -> tuple[Gateway, Gateway]:
    """The gateway on duty with its ways to stop closed, and the one whose service was stopped."""
    alone, out = scene.begin()
    await_open(out)
    out.stop_service()
    scene.await_told(alone, "twin alone")
    await_closed(alone)
    return alone, out


def _bring_back(scene: Scene, gateway: Gateway, after: str) -> None:
    if after == _BACK:
        return
    scene.wait("its end", lambda: gateway.status() is None, scene.allowed.boot_s)
    if after == _STARTED:
        gateway.start_service()
    else:
        gateway.power_off()
        gateway.power_on()
