"""`denban doctor` against a machine set up from firmware-config, and against spoilt ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge.cli.doctor.expected import Setting, Source, amount, find_list, read_list
from edge.cli.doctor.result import Verdict, ok, warn
from edge.cli.doctor.settings import check_settings, values
from tests.firmware.files import FOLDER, command_line, pairs_of

LIST = FOLDER / "expected.toml"
SETTINGS = read_list(LIST)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A Raspberry Pi 4 with Debian 12 on which every file was copied to its place."""
    root = tmp_path / "root"
    _write(root / "proc/cmdline", f"console=tty1 root=/dev/mmcblk0p2 rootwait {command_line()}\n")
    for name, value in pairs_of("sysctl/60-denban.conf").items():
        _write(root / "proc/sys" / name.replace(".", "/"), f"{value}\n")
    for source, place in (
        ("systemd/60-denban.conf", "etc/systemd/system.conf.d/60-denban.conf"),
        ("journald/60-denban.conf", "etc/systemd/journald.conf.d/60-denban.conf"),
        ("chrony/60-denban.conf", "etc/chrony/conf.d/60-denban.conf"),
    ):
        _write(root / place, (FOLDER / source).read_text())
    _write(root / "etc/systemd/system.conf", "[Manager]\n#RuntimeWatchdogSec=off\n")
    # Debian's own file, which reads conf.d first.
    _write(root / "etc/chrony/chrony.conf", "confdir /etc/chrony/conf.d\nmakestep 1 3\n")
    _write(root / "usr/sbin/chronyd", "")
    boot = [FOLDER / "boot" / f"config-{name}.txt" for name in ("common", "pi4")]
    _write(root / "boot/firmware/config.txt", "".join(path.read_text() for path in boot))
    _write(root / "sys/bus/usb-serial/devices/ttyUSB0/latency_timer", "1\n")
    return root


def test_machine_with_every_file_in_its_place_has_no_deviation(machine: Path) -> None:
    whole = f"{len(SETTINGS)} of {len(SETTINGS)} as in {FOLDER}"
    assert check_settings(machine, LIST) == [ok("machine settings", whole)]


SPOILT = [
    ("proc/cmdline", "console=ttyAMA0,115200 bcm2835_wdt.nowayout=0 panic=0 oops=1 fsck.repair=no"),
    ("proc/sys/kernel/panic", "0"),
    ("proc/sys/kernel/panic_on_oops", "0"),
    ("proc/sys/kernel/softlockup_panic", "0"),
    ("proc/sys/kernel/sched_rt_runtime_us", "-1"),
    ("proc/sys/kernel/sysrq", "438"),
    ("proc/sys/vm/panic_on_oom", "1"),
    ("proc/sys/vm/swappiness", "60"),
    ("proc/sys/vm/dirty_bytes", "0"),
    (
        "etc/systemd/system.conf.d/99-other.conf",
        "RuntimeWatchdogSec=14\nRebootWatchdogSec=1min\nCtrlAltDelBurstAction=reboot-force\n",
    ),
    ("etc/systemd/journald.conf.d/99-other.conf", "[Journal]\nStorage=auto\nSystemMaxUse=4G\n"),
    ("etc/chrony/chrony.conf", "leapsecmode step\nmaxslewrate 83333.333\n"),
    ("sys/bus/usb-serial/devices/ttyUSB1/latency_timer", "16"),
    ("boot/firmware/config.txt", "kernel_watchdog_timeout=0\ndtparam=strict_gpiod=on\n"),
    ("usr/lib/udev/rules.d/85-brltty.rules", ""),
]


def test_each_setting_that_is_spoilt_is_named_once(machine: Path) -> None:
    """Whatever the list holds is found: an entry that could never deviate would be seen here."""
    for name, text in SPOILT:
        _write(machine / name, text)
    (machine / "usr/sbin/chronyd").unlink()
    found = check_settings(machine, LIST)
    assert found[0].found.startswith(f"0 of {len(SETTINGS)} ")
    assert {one.verdict for one in found[1:]} == {Verdict.WARN}
    assert [one.name for one in found[1:]] == [
        f"{one.source}: {one.name.split()[0] if one.source is Source.FILE else one.name}"
        for one in SETTINGS
    ]


def test_deviation_says_what_is_there_what_is_needed_why_and_where(machine: Path) -> None:
    _write(machine / "proc/sys/vm/swappiness", "60\n")
    assert check_settings(machine, LIST)[1:] == [
        warn(
            "sysctl: vm.swappiness",
            "60",
            "need at most 10, else swapping wears the card and makes scans late; "
            "see firmware-config/sysctl/60-denban.conf",
        )
    ]


def test_machine_that_is_no_pi_is_not_asked_for_a_pis_settings(machine: Path) -> None:
    shutil.rmtree(machine / "boot")
    shutil.rmtree(machine / "etc/chrony")
    asked = [one for one in SETTINGS if one.source not in {Source.CONFIG_TXT, Source.CHRONY}]
    count = len([one for one in asked if not one.name.startswith("bcm2835")])
    assert check_settings(machine, LIST)[0].found.startswith(f"{count} of {count} ")


def test_drop_in_of_etc_hides_that_of_usr_with_the_same_name(machine: Path) -> None:
    setting = next(one for one in SETTINGS if one.name == "RuntimeWatchdogSec")
    _write(machine / "usr/lib/systemd/system.conf.d/40-maker.conf", "RuntimeWatchdogSec=1min\n")
    _write(machine / "usr/lib/systemd/system.conf.d/60-denban.conf", "RuntimeWatchdogSec=2min\n")
    assert values(setting, machine) == ["1min", "off"]
    assert setting.accepts(["1min", "off"])
    assert not setting.accepts(["off", "1min"])


def test_list_that_is_missing_or_of_another_version_is_a_warning(tmp_path: Path) -> None:
    _write(tmp_path / "expected.toml", '[[setting]]\nsource = "moon"\n')
    strange = check_settings(tmp_path, tmp_path / "expected.toml")
    assert [one.verdict for one in strange] == [Verdict.WARN]
    assert check_settings(tmp_path, tmp_path / "none")[0].found.endswith(
        "No such file or directory"
    )
    assert find_list((tmp_path / "a", tmp_path / "b")) is None
    assert find_list((tmp_path / "a", tmp_path)) == tmp_path / "expected.toml"


@pytest.mark.parametrize(
    ("text", "number"),
    [("14s", 14), ("10min", 600), ("2m", 120), ("64M", 64 << 20), ("1", 1), ("500ms", 0.5)],
)
def test_amount_is_read_in_seconds_bytes_or_plainly(text: str, number: float) -> None:
    assert amount(text) == number


@pytest.mark.parametrize("text", ["off", "14 days and a bit", "", "64X"])
def test_amount_that_is_none_is_never_within_bounds(text: str) -> None:
    assert amount(text) is None
    assert not Setting(Source.SYSCTL, "x", "f", "w", at_most=1e9).accepts([text])


def test_words_that_systemd_takes_for_off_are_off() -> None:
    setting = Setting(Source.SYSTEM, "x", "f", "w", equals="off", unset="off")
    assert [setting.accepts([word]) for word in ("off", "0", "infinity", "OFF", "14s")] == [
        True,
        True,
        True,
        True,
        False,
    ]
    assert setting.accepts([])
