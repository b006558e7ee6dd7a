"""The rig's driver at an emulated table: real processes for ssh, uhubctl, tc, relays on a pty."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
import tomllib

import pytest

from hil.boottime import boottime_ns
from hil.rig import check
from hil.rig.bench import RigBench
from hil.suite.ability import Ability
from hil.suite.protocol import Unable
from hil.works import LOADS, UNITS
from tests.hil.rig.gateways import ALIVE_PINS, DRIVER_PINS, HOSTS, RELAY_PINS, GatewayTable

KITA, MINAMI = UNITS
STAMP_NS = 20_000_000  # well above the bound of the observer's stamps

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    with GatewayTable(tmp_path_factory.mktemp("table")) as table:
        yield table


@pytest.fixture(scope="module")
def bench(table):
    with RigBench(None, table.rig_file) as bench:
        yield bench


def _home(table, unit):
    return table.folder / HOSTS[unit]


def test_every_channel_passes_the_self_test(bench):
    found = bench.self_test()
    assert [each for each in found if not each.ok] == []
    assert len(found) == 2 + 2 * (len(LOADS) + 4) + 4


def test_channel_that_is_broken_fails_the_self_test(table, bench, monkeypatch):
    monkeypatch.setattr(table, "_answer_pinctrl", lambda *_: {"code": 0})
    monkeypatch.setattr(check, "_MOVED_S_MAX", 0.1)
    gateway = bench.gateways[KITA]
    found = check._try("relay", lambda: check._relay(bench, gateway, "compressor"))
    assert not found.ok
    assert found.note.startswith("TimeoutError: contact of compressor: not seen in 0.1 s")


@pytest.mark.usefixtures("bench")
def test_both_gateways_get_the_same_site_file_and_key(table):
    sites = {(_home(table, unit) / "site.toml").read_bytes() for unit in UNITS}
    keys = {(_home(table, unit) / "twin.key").read_bytes() for unit in UNITS}
    assert (len(sites), len(keys)) == (1, 1)
    site = tomllib.loads(sites.pop().decode())
    assert [site["unit"][unit]["hardware_serial"] for unit in UNITS] == [
        "10000000123450", "10000000123451",
    ]  # fmt: skip
    assert (_home(table, KITA) / "twin.key").stat().st_mode & 0o777 == 0o600


def test_abilities_are_what_the_rig_file_wires(table, bench, tmp_path):
    never = {
        Ability.BARE, Ability.NOISE, Ability.ENABLE_LINES, Ability.POWER_KEY, Ability.USB_SWITCHED,
    }  # fmt: skip
    everything = frozenset(Ability) - never
    assert bench.abilities == everything
    poor = tmp_path / "poor.toml"
    rows = table.rig_file.read_text().split("\n")
    poor.write_text("\n".join(row for row in rows if "relay =" not in row and "usb =" not in row))
    assert RigBench(None, poor).abilities == everything - {
        Ability.POWER, Ability.USB, Ability.USB_POWER,
    }  # fmt: skip


def test_what_a_table_cannot_do_is_said(bench):
    with pytest.raises(Unable, match="rig: cannot flip bits"):
        bench.line.noise(0.1)
    with pytest.raises(Unable, match="rig: an adapter cannot be made deaf"):
        bench.gateways[KITA].bus.deafen(on=True)


def test_load_is_shed_by_the_contacts_of_both_together(table, bench):
    since_ns = bench.now_ns() - STAMP_NS
    for unit, on in ((KITA, True), (MINAMI, True), (KITA, False), (MINAMI, False)):
        table.conduct(RELAY_PINS[unit]["compressor"], on)
        bench.wait("a drive", lambda u=unit, o=on: _level(bench, u, since_ns) == int(o), 5)
    moves = bench.witness().load_moves(since_ns)
    assert [(move.load, move.shed, move.units) for move in moves] == [
        ("compressor", True, [KITA]), ("compressor", False, []),
    ]  # fmt: skip


def _level(bench, unit, since_ns):
    drives = bench.witness().drives(unit, [LOADS["compressor"].pin], since_ns)
    return drives[-1].level if drives else None


def test_alive_line_that_falls_with_the_power_on_is_a_reset(table, bench):
    since_ns = bench.now_ns() - STAMP_NS
    table.conduct(ALIVE_PINS[KITA], False)
    (reset_ns,) = bench.wait("a reset", lambda: bench.witness().resets(KITA, since_ns), 5)
    assert since_ns <= reset_ns <= bench.now_ns()
    table.conduct(ALIVE_PINS[KITA], True)
    gateway = bench.gateways[MINAMI]
    gateway.power_off()
    bench.wait("dark", lambda: {"unit": MINAMI, "up": False} in _alive(bench, since_ns), 5)
    gateway.power_on()
    assert bench.witness().resets(MINAMI, since_ns) == []


def _alive(bench, since_ns):
    events = [event for event in bench.witness().log.events if event["t_ns"] >= since_ns]
    return [
        {name: event[name] for name in ("unit", "up")}
        for event in events
        if event["event"] == "alive"
    ]


def test_two_drivers_at_once_are_an_overlap(table, bench):
    since_ns = bench.now_ns() - STAMP_NS
    for on in (True, False):
        for unit in UNITS:
            table.conduct(DRIVER_PINS[unit], on)
    (pair,) = bench.wait("an overlap", lambda: bench.witness().overlaps(since_ns), 5)
    assert {query.node for query in pair} == set(UNITS)
    assert all(query.collided for query in pair)


def test_commands_of_the_machine_reach_it(table, bench):
    gateway = bench.gateways[KITA]
    table.asked.clear()
    gateway.hang()
    gateway.wake()
    gateway.stop_service()
    gateway.start_service()
    commands = [words for words in table.asked if words[0] == "systemctl"]
    assert commands == [
        ["systemctl", "kill", "--signal=STOP", "denban*"],
        ["systemctl", "kill", "--signal=CONT", "denban*"],
        ["systemctl", "stop", "denban.service"],
        ["systemctl", "start", "--no-block", "denban.service"],
    ]


def test_command_that_takes_too_long_is_a_timeout(bench):
    with pytest.raises(TimeoutError, match=r"no end in 0\.2 s"):
        bench.gateways[KITA].shell("exec tail -f /dev/null", 0.2)


def test_dead_adapter_is_off_the_line_until_its_port_was_cycled(table, bench):
    usb = bench.gateways[KITA].usb
    usb.die()
    bench.wait("off the line", lambda: table.energised == {3}, 5)
    usb.cycle()
    bench.wait("on the line", lambda: table.energised == set(), 5)
    assert ["uhubctl", "-l", "1-1", "-p", "2", "-a", "cycle"] in table.asked


def test_ways_are_impaired_at_the_port_towards_the_hearer(table, bench):
    table.asked.clear()
    bench.links.impair("net1", KITA, loss_ratio=0.1, delay_ms=5, jitter_ms=60)
    bench.links.cut("net1", KITA)
    bench.links.cut("net1", KITA, on=False)
    bench.links.impair("net1", KITA)
    netem = ["loss", "10%", "delay", "35ms", "30ms"]
    replace = ["tc", "qdisc", "replace", "dev", "net1b", "root", "netem"]
    assert [words for words in table.asked if words[0] == "tc"] == [
        [*replace, *netem],
        [*replace, "loss", "100%"],
        [*replace, *netem],
        ["tc", "qdisc", "del", "dev", "net1b", "root"],
    ]


def test_desk_is_asked_through_ssh_and_stamped_on_the_benchs_clock(table, bench):
    path = _home(table, MINAMI) / "control"
    gateway = bench.gateways[MINAMI]
    assert gateway.status() is None
    server = socket.create_server(str(path), family=socket.AF_UNIX)
    threading.Thread(target=_play_desk, args=(server,), daemon=True).start()
    status = gateway.status()
    assert status.answer["asked"] == {"type": "status"}
    assert bench.now_ns() - 30_000_000_000 < status.scanned_ns <= bench.now_ns()
    assert gateway.order("handover", to=KITA)["asked"] == {"type": "handover", "to": KITA}
    server.close()


def _play_desk(server):
    for _ in range(2):
        link, _ = server.accept()
        with link:
            asked = json.loads(link.makefile().readline())
            status = {"mono_ns": time.clock_gettime_ns(time.CLOCK_BOOTTIME)}
            answer = {"ok": True, "status": status, "asked": asked}
            link.sendall(json.dumps(answer).encode() + b"\n")


def test_evidence_is_kept(bench, tmp_path):
    bench.keep(tmp_path / "kept")
    names = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert names == sorted(["board.log", "bus.jsonl", "site.toml", *(f"{u}.log" for u in UNITS)])
    shutil.rmtree(tmp_path / "kept")


def test_pulses_of_the_plants_energy_follow_its_counter(bench):
    bench.plant.stop()
    before_uwh, made, begun_ns = bench.plant.import_uwh(), bench.pulses.made_count(), boottime_ns()
    bench.plant.run(500)
    bench.wait("three seconds", lambda: boottime_ns() > begun_ns + 3_000_000_000, 10)
    bench.plant.stop()
    bench.wait("a still plant", lambda: _pulses_match(bench, before_uwh, made), 10)


def _pulses_match(bench, before_uwh, made):
    taken_uwh, pulses = bench.plant.import_uwh() - before_uwh, bench.pulses.made_count() - made
    return pulses > 5 and abs(pulses - taken_uwh / 24_000_000) <= 1
