"""What root's helper of healing refuses: too often, forged, or not as root left it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.root import heal_rungs
from edge.root.heal_memory import DAY_S, Memory, Now
from tests.root.heal_runs import UP_S, helper, memory, refused, run
from tests.root.usb_plant import PORT, SITE, UsbPlant


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UsbPlant:
    monkeypatch.setattr(Now, "of", staticmethod(lambda _root: Now("boot-1", UP_S, time.time())))
    return UsbPlant(tmp_path)


# Limits.


def test_limits_hold_over_runs_and_a_clock_set_back(plant: UsbPlant) -> None:
    assert run(plant, rung=6)["ok"]
    assert "done 1 times within 1 h, limit 1" in refused(plant, rung=6)
    ago_s = time.time() + 5 * 3600
    kept = memory(plant)
    kept.attempts = [(6, "earlier", 1.0, ago_s)] * 3
    kept.save()
    assert "done 3 times within 24 h, limit 3" in refused(plant, rung=6)


def test_attempts_older_than_a_day_are_forgotten(plant: UsbPlant) -> None:
    kept = memory(plant)
    kept.attempts = [(2, "earlier", 1.0, time.time() - DAY_S - 1)] * 99
    kept.save()
    assert run(plant, rung=2)["ok"]
    assert len(memory(plant).attempts) == 1


def test_machine_that_has_just_come_up_is_not_rebooted(
    plant: UsbPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heal_rungs, "_SYSTEMCTL", "/bin/true")
    monkeypatch.setattr(Now, "of", staticmethod(lambda _root: Now("boot-1", 60.0, time.time())))
    assert "up for 1 min, need 360 min" in refused(plant, rung=7)


@pytest.mark.parametrize("torn", ["", "[]", '{"attempts": [[1]], "places": {}, "hung": {}}'])
def test_torn_memory_counts_as_if_all_had_just_been_done(plant: UsbPlant, torn: str) -> None:
    plant.write("var/lib/denban-heal/memory.json", torn)
    assert "limit 1" in refused(plant, rung=6)
    assert run(plant, rung=2)["ok"]


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_rung_that_hits_others_is_refused_where_it_can_not_be_counted(plant: UsbPlant) -> None:
    folder = plant.root / "var/lib/denban-heal"
    folder.chmod(0o500)
    try:
        assert "can not be written" in refused(plant, rung=5)
        assert run(plant, rung=2)["ok"]
    finally:
        folder.chmod(0o700)


def test_disk_that_takes_nothing_refuses_what_hits_others(
    plant: UsbPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_memory: Memory) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Memory, "save", full)
    assert "can not be written: got No space left" in refused(plant, rung=5)
    assert set(plant.switches(plant.hub).values()) == {""}
    assert run(plant, rung=2)["ok"]


# Forged requests.


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"[" * 400,
        b"null",
        b'{"id": "a1", "bus": "main"}',
        b'{"id": "a1", "bus": "main", "rung": 2, "path": "/sys/x"}',
        b'{"id": "../x", "bus": "main", "rung": 2}',
        b'{"id": "a1", "bus": 7, "rung": 2}',
        b'{"id": "a1", "bus": "", "rung": 2}',
        b'{"id": "a1", "bus": "' + b"m" * 65 + b'", "rung": 2}',
        b'{"id": "a1", "bus": "main", "rung": 1}',
        b'{"id": "a1", "bus": "main", "rung": true}',
        b'{"id": "a1", "bus": "main", "rung": 8}',
        b'{"id": "a1", "bus": "main", "rung": "2"}',
        b'{"id": "a1", "bus": "main", "rung": 2}' + b" " * 500,
    ],
)
def test_request_of_another_shape_is_refused_and_removed(plant: UsbPlant, raw: bytes) -> None:
    (plant.folder / "request").write_bytes(raw)
    assert helper(plant).run()
    assert plant.result()["text"].startswith("request: ")
    assert not plant.result()["ok"]
    assert not (plant.folder / "request").exists()
    assert not (plant.root / "resets").exists()


@pytest.mark.parametrize("bus", ["net", "none", "../main"])
def test_line_without_a_port_in_the_site_file_is_refused(plant: UsbPlant, bus: str) -> None:
    assert f"no port of bus.{bus}" in refused(plant, bus=bus, rung=2)


@pytest.mark.parametrize(
    "port",
    [
        "/dev/ttyUSB0",
        "/dev/serial/by-path/../../../etc/passwd",
        "/dev/serial/by-path/..",
        "/dev/serial/by-path/a b",
        "/dev/null",
    ],
)
def test_port_that_is_no_steady_name_is_refused(plant: UsbPlant, port: str) -> None:
    plant.write("etc/denban/site.toml", f'[bus.main]\nport = "{port}"\n')
    assert "not a steady name" in refused(plant, rung=2)


def test_name_that_leads_out_of_the_usb_tree_is_refused(plant: UsbPlant) -> None:
    link = plant.root / PORT.removeprefix("/")
    link.unlink()
    link.symlink_to("../../ttyS0")
    assert "not a USB adapter" in refused(plant, rung=2)
    link.unlink()
    link.symlink_to("../../ttyUSB7")
    (plant.sys / "class/tty/ttyUSB7").symlink_to("/etc")
    assert "not a device of this machine" in refused(plant, rung=2)


def test_site_file_that_others_may_write_is_not_believed(plant: UsbPlant) -> None:
    (plant.root / "etc/denban/site.toml").chmod(0o666)
    assert "not root's alone" in refused(plant, rung=2)


def test_site_file_that_is_a_link_or_torn_is_not_believed(plant: UsbPlant) -> None:
    site = plant.root / "etc/denban/site.toml"
    site.write_text("[bus")
    assert "no port of bus.main" in refused(plant, rung=2)
    site.unlink()
    other = plant.write("tmp/site.toml", SITE)
    site.symlink_to(other)
    assert "failed: " in refused(plant, rung=2)


def test_request_that_is_a_link_a_pipe_or_a_folder_is_none(plant: UsbPlant) -> None:
    request = plant.folder / "request"
    secret = plant.write("etc/secret", json.dumps({"id": "a1", "bus": "main", "rung": 2}))
    request.symlink_to(secret)
    for make in (lambda: None, lambda: os.mkfifo(request), request.mkdir):
        make()
        assert helper(plant).run()
        assert plant.result()["text"].startswith("request: ")
        assert not os.path.lexists(request)
    assert secret.exists()
    assert not (plant.root / "resets").exists()


def test_result_that_is_a_link_is_replaced_not_written_through(plant: UsbPlant) -> None:
    target = plant.write("etc/passwd", "root")
    for name in ("result", "result.new"):
        (plant.folder / name).symlink_to(target)
    assert run(plant, rung=0)["ok"]
    assert target.read_text() == "root"
    assert not (plant.folder / "result").is_symlink()


def test_folder_that_is_a_link_is_not_entered(plant: UsbPlant) -> None:
    elsewhere = plant.root / "elsewhere"
    plant.folder.rename(elsewhere)
    plant.folder.symlink_to(elsewhere)
    plant.ask(rung=2)
    with pytest.raises(OSError, match="heal"):
        helper(plant).run()
    assert (elsewhere / "request").exists()


def test_program_answers_a_request_and_says_that_there_is_none(plant: UsbPlant) -> None:
    command = [sys.executable, "-m", "edge.root.heal", str(plant.root), "0"]
    plant.ask(rung=5)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "'main' rung 5: 6 ports of 1-1 off and on\n")
    assert plant.result()["ok"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_program_needs_the_standard_library_alone() -> None:
    code = (
        "import sys, edge.root.heal\n"
        "print(sorted({'msgspec', 'pymodbus', 'click', 'rich', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
