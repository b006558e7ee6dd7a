"""Each check says ok, warn or fail for the right reason, and what to do; it changes nothing."""

from __future__ import annotations

import json
import os
import pty
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial

from edge.adapters.boottime import ClockWatch
from edge.adapters.hardware import HardwareIdentity
from edge.cli.doctor import command, files, gpio, machine, ports, software
from edge.cli.doctor.identity import check_hostname, check_serial
from edge.cli.doctor.result import CheckResult, Verdict, fail, ok, warn
from edge.config.io import ControlPlan, ScanPlan, StorePlan, UnitPlan
from edge.model.bus import BusPlan, LineKind
from edge.model.problem import Problem
from edge.model.scan import ClockTrust
from tests.cli.conftest import FakeKeeper, Invoke
from tests.cli.plant import loaded_site, write_site

UNITS = (UnitPlan("EG-KITA", "10AB", ()), UnitPlan("EG-MINAMI", "77", ()))
KITA = HardwareIdentity("10ab", "device tree")


def _short(result: CheckResult) -> tuple[str, str]:
    return result.verdict.value, result.found


def test_python_and_packages_within_their_bounds() -> None:
    assert software.check_python((3, 12)) == ok("Python", "3.12")
    assert software.check_python((3, 10)) == fail("Python", "3.10", "use Python 3.11 to 3.13")
    assert software.check_python((3, 14)).verdict is Verdict.FAIL
    found = software.check_packages(
        ["click>=1,<99", "rich>=900", "msgspec<0.1", "no-such-thing>=1", "lgpio; extra == 'pi'"]
    )
    assert [(one.name, one.verdict) for one in found] == [
        ("package click", Verdict.OK),
        ("package rich", Verdict.FAIL),
        ("package msgspec", Verdict.FAIL),
        ("package no-such-thing", Verdict.FAIL),
    ]
    assert found[3].advice == "pip install 'no-such-thing>=1'"
    assert software.check_zone_data("Asia/Tokyo").verdict is Verdict.OK
    assert software.check_zone_data("Asia/Edo").verdict is Verdict.FAIL


def test_serial_and_host_name_against_the_site_file() -> None:
    assert check_serial(UNITS, KITA) == ok("hardware serial", "10ab is EG-KITA")
    assert check_serial(UNITS, HardwareIdentity("9", "cpuinfo")).verdict is Verdict.FAIL
    assert check_serial(UNITS, None).verdict is Verdict.FAIL
    copied = HardwareIdentity("77", "machine-id", is_copied_with_disk=True)
    assert check_serial(UNITS, copied).verdict is Verdict.WARN
    assert check_hostname(UNITS, KITA, "eg-kita.plant.local") == ok(
        "host name", "eg-kita.plant.local"
    )
    assert check_hostname(UNITS, KITA, "raspberrypi") == warn(
        "host name",
        "raspberrypi, the unit is EG-KITA",
        "hostnamectl set-hostname eg-kita, so that the prompt names the unit",
    )
    assert check_hostname(UNITS, None, "raspberrypi").verdict is Verdict.WARN


def _line(port: str) -> BusPlan:
    return BusPlan("main", LineKind.RTU, (), port=port)


def test_port_that_is_missing_or_no_device_fails(tmp_path: Path) -> None:
    missing = ports.check_port(_line(str(tmp_path / "tty")), running=False)
    assert [_short(one) for one in missing] == [
        ("fail", f"{tmp_path / 'tty'}: No such file or directory")
    ]
    plain = tmp_path / "plain"
    plain.touch()
    assert ports.check_device(_line(str(plain))).found == f"{plain} is no device"
    (tmp_path / "platform-usb-0:1.2:1.0-port0").touch()
    moved = ports.check_device(_line(str(tmp_path / "tty")), by_path=tmp_path)
    assert moved.advice.endswith(f"{tmp_path} has plain, platform-usb-0:1.2:1.0-port0")
    tcp = BusPlan("office", LineKind.TCP, (), host="10.0.0.4")
    assert [_short(one) for one in ports.check_port(tcp, running=False)] == [
        ("ok", "10.0.0.4:502, not tried")
    ]


def test_port_that_is_free_or_held(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        plan = _line(os.ttyname(theirs))
        found = ports.check_port(plan, running=False, sysfs=tmp_path)
        assert [_short(one) for one in found] == [
            ("ok", plan.port),
            ("warn", f"{plan.port} may change"),
            ("ok", "no latency timer"),
            ("ok", "free"),
        ]
        with serial.Serial(plan.port, exclusive=True):
            held = ports.check_free(plan, running=False)
            assert (held.verdict, held.found) == (Verdict.FAIL, "resource temporarily unavailable")
            by_us = ports.check_free(plan, running=True)
            assert _short(by_us) == ("ok", "by the controller that runs")
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(("text", "verdict"), [("16\n", Verdict.WARN), ("1\n", Verdict.OK)])
def test_latency_timer_of_an_ftdi_adapter(tmp_path: Path, text: str, verdict: Verdict) -> None:
    timer = tmp_path / "bus/usb-serial/devices/ttyUSB3/latency_timer"
    timer.parent.mkdir(parents=True)
    timer.write_text(text)
    found = ports.check_latency(_line("/dev/ttyUSB3"), tmp_path)
    assert (found.verdict, found.found) == (verdict, f"{text.strip()} ms")


def test_steady_port_names() -> None:
    for name in ("/dev/serial/by-path/x", "/dev/serial/by-id/x", "/dev/ttyAMA0", "/dev/ttyRS485-0"):
        assert ports.check_port_name(_line(name)).verdict is Verdict.OK


def test_real_time_and_locked_memory_are_tried_in_a_child(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = ScanPlan(100, 50, lock_memory=True, output_lease_ns=1)
    before = os.sched_getscheduler(0)
    monkeypatch.setattr(machine, "schedule_fifo", lambda _priority: None)
    monkeypatch.setattr(machine, "lock_memory", lambda: None)
    assert machine.check_real_time(plan) == ok("real time", "SCHED_FIFO 50")
    refusal = Problem("real time", "no SCHED_FIFO", "Operation not permitted")
    monkeypatch.setattr(machine, "schedule_fifo", lambda _priority: refusal)
    monkeypatch.setattr(machine, "lock_memory", lambda: refusal)
    found = machine.check_real_time(plan)
    assert found.verdict is Verdict.WARN
    assert found.found.startswith("SCHED_FIFO 50: Operation not permitted")
    assert machine.check_memory_lock(plan).found == "Operation not permitted"
    assert os.sched_getscheduler(0) == before
    unwanted = ScanPlan(100, 0, lock_memory=False, output_lease_ns=1)
    assert machine.check_real_time(unwanted).found == "not asked for"
    assert machine.check_memory_lock(unwanted).found == "not asked for"


@pytest.mark.parametrize("trust", list(ClockTrust))
def test_clock_is_ok_only_under_a_time_service(
    trust: ClockTrust, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = ClockWatch()
    monkeypatch.setattr(watch, "trust", lambda _now: trust)
    good = trust is ClockTrust.NTP
    assert (machine.check_clock(watch, 0).verdict is Verdict.OK) is good


def test_store_and_disk_space(tmp_path: Path) -> None:
    roomy = files.check_store(StorePlan(str(tmp_path / "new"), 1, 1))
    assert _short(roomy[0]) == ("ok", f"{tmp_path / 'new'} will be made")
    greedy = files.check_store(StorePlan(str(tmp_path), 1 << 60, 1))
    assert [one.verdict for one in greedy] == [Verdict.OK, Verdict.WARN]
    assert list(tmp_path.iterdir()) == []


def test_folder_that_takes_no_file_fails(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    assert _short(files.check_writable("store", plain)) == ("fail", f"{plain}: Not a directory")


def test_folder_whose_parent_is_closed_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files.os, "access", lambda _path, _mode: False)
    found = files.check_writable("store", tmp_path / "new")
    assert _short(found) == ("fail", f"{tmp_path / 'new'} is missing")
    assert files.check_plan_folder(str(tmp_path)).found == f"{tmp_path}: no permission"


class FakeChip:
    """Lines 0 to 26; 5 is held by somebody."""

    holder = "w1"

    def __init__(self, _path: str) -> None:
        pass

    def __enter__(self) -> FakeChip:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def get_info(self) -> SimpleNamespace:
        return SimpleNamespace(num_lines=27)

    def get_line_info(self, pin: int) -> SimpleNamespace:
        return SimpleNamespace(used=pin == 5, consumer=self.holder)


def test_gpio_line_that_is_held_or_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpio.gpiod, "Chip", FakeChip)
    held = gpio.check_lines("/dev/gpiochip0", {4: "pulse a", 5: "relay b"})
    assert _short(held) == ("fail", "5 (relay b) by w1")
    assert gpio.check_lines("/dev/gpiochip0", {4: "pulse a"}).found == "1 lines, all free"
    beyond = gpio.check_lines("/dev/gpiochip0", {4: "pulse a", 54: "relay b"})
    assert (beyond.found, beyond.advice) == ("/dev/gpiochip0 has 27 lines", "correct the pins 54")
    monkeypatch.setattr(FakeChip, "holder", "denban")
    ours = gpio.check_lines("/dev/gpiochip0", {5: "relay b"})
    assert _short(ours) == ("ok", "held by the controller that runs")


def test_socket_group_and_plan_folder(tmp_path: Path) -> None:
    socket = str(tmp_path / "control")
    assert [one.verdict for one in files.check_socket(ControlPlan(socket, "root"))] == [
        Verdict.OK,
        Verdict.OK,
    ]
    unknown = files.check_socket(ControlPlan(socket, "no-such-group"))[1]
    assert unknown == warn(
        "socket group", "no-such-group is unknown", "groupadd --system no-such-group"
    )
    assert files.check_plan_folder("").verdict is Verdict.OK
    assert files.check_plan_folder(str(tmp_path / "none")).verdict is Verdict.FAIL
    (tmp_path / "2026-04-01.csv").touch()
    assert files.check_plan_folder(str(tmp_path)).found == f"{tmp_path}, 1 CSV files"


def test_every_pin_of_the_site_is_checked_and_the_chip_must_be_there(tmp_path: Path) -> None:
    io = loaded_site(tmp_path).io
    assert gpio.used_pins(io) == {
        5: "relay chiller",
        6: "feedback chiller",
        12: "relay fan",
        17: "pulse incomer",
    }
    (found,) = gpio.check_gpio(io, tmp_path)
    assert (found.verdict, found.found) == (Verdict.FAIL, f"no {tmp_path}/gpiochip*")


def test_doctor_lists_all_checks_and_fails_when_one_does(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, keeper: FakeKeeper
) -> None:
    monkeypatch.setattr(command, "read_hardware_identity", lambda **_: KITA)
    monkeypatch.setattr(command.socket, "gethostname", lambda: "eg-kita")
    site = write_site(tmp_path)
    result = invoke("doctor", "--site", site, "--json")
    made = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [one["name"] for one in made if one["verdict"] == "fail"][-1] == "plan folder"
    assert {"name": "controller", "verdict": "ok", "found": "runs", "advice": ""} in made
    assert keeper.asked
    table = invoke("doctor", "--site", site)
    assert "× fail   plan folder" in table.stdout
    assert table.stderr.startswith("doctor: ")


def test_doctor_of_a_faulty_site_file_points_to_check(tmp_path: Path, invoke: Invoke) -> None:
    site = write_site(tmp_path, "[site]\n")
    result = invoke("doctor", "--site", site)
    assert result.exit_code == 1
    assert f"denban check {site} explains them" in result.stdout


def test_doctor_that_finds_no_failure_ends_with_zero(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "check_packages", lambda: [ok("packages", "all")])
    assert invoke("doctor").exit_code == 0
