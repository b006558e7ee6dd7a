"""Removal and purge: what stops, what goes, what stays."""

from __future__ import annotations

import shutil

import pytest

from tests.package.machine import NEW, NOT_READY, OLD, Machine, package_files

pytestmark = pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is missing")


def test_removal_without_a_ready_twin_is_refused(machine: Machine) -> None:
    machine.note("guard", NOT_READY)
    done = machine.script(OLD, "prerm", "remove")
    assert done.returncode == 1
    assert "EG-MINAMI is not ready" in done.stderr
    assert (machine.noted("ActiveState"), machine.enabled) == (
        "active", [f"denban-since-{OLD}.path", "denban.service"],
    )  # fmt: skip


def test_removal_of_a_service_that_does_not_stop_is_refused(machine: Machine) -> None:
    machine.note("unstoppable")
    assert machine.script(OLD, "prerm", "remove").returncode == 1
    assert "denban.service" in machine.enabled


def _remove(machine: Machine, version: str) -> None:
    assert machine.script(version, "prerm", "remove").returncode == 0
    for name in package_files(version):
        (machine.root / name).unlink()
    assert machine.script(version, "postrm", "remove").returncode == 0


def test_removal_stops_and_leaves_settings_and_records(machine: Machine) -> None:
    assert machine.install(NEW, OLD) == (0, "")
    machine.note("RefuseManualStop", "yes")
    _remove(machine, NEW)
    assert (machine.noted("ActiveState"), machine.enabled) == ("inactive", [])
    assert not (machine.root / "opt/denban").exists()
    assert machine.units() == {}
    assert (machine.root / "etc/denban/site.toml").exists()
    assert (machine.root / "var/lib/denban/journal").exists()


@pytest.mark.parametrize(("asked", "stays"), [({}, True), ({"DENBAN_PURGE_DATA": "yes"}, False)])
def test_purge_leaves_records_unless_it_is_told(
    machine: Machine, asked: dict[str, str], stays: bool
) -> None:
    _remove(machine, OLD)
    done = machine.script(OLD, "postrm", "purge", **asked)
    assert done.returncode == 0
    assert not (machine.root / "etc/denban").exists()
    assert (machine.root / "var/lib/denban/journal").exists() is stays
    assert ("stays" in done.stderr) is stays
