"""The package's scripts as dpkg runs them: what is refused, what stays, what comes back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.package.machine import NEW, NOT_READY, OLD, Machine, filled

pytestmark = pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is missing")


def test_first_installation_is_enabled_and_not_started(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine")
    done = machine.script(OLD, "preinst", "install")
    machine.unpack(OLD, None)
    done = machine.script(OLD, "postinst", "configure", "")
    assert (done.returncode, done.stderr) == (0, "")
    assert "denban init" in done.stdout
    assert machine.in_use == f"releases/{OLD}"
    assert machine.enabled == [f"denban-since-{OLD}.path", "denban.service"]
    assert f"systemctl restart denban-since-{OLD}.path" in machine.log
    assert not any("denban.service" in line and "start" in line for line in machine.log)
    assert f"systemd-sysusers --root={machine.root} denban.conf" in machine.log
    for name in ("denban", "denban-login"):
        assert f"systemd-tmpfiles --root={machine.root} --create {name}.conf" in machine.log


def test_upgrade_restarts_into_the_new_release_and_keeps_the_old_one(machine: Machine) -> None:
    assert machine.install(NEW, OLD) == (0, "")
    assert (machine.in_use, machine.kept) == (f"releases/{NEW}", [OLD])
    assert machine.is_whole(f"releases/{NEW}")
    assert machine.is_whole(f"kept/{OLD}")
    assert [line for line in machine.log if line.startswith("started")] == [f"started {NEW}"]
    assert (machine.root / "etc/denban/site.toml").read_text() == "site\n"
    assert (machine.root / "var/lib/denban/journal").read_text() == "days\n"


def test_upgrade_of_a_stopped_service_does_not_start_it(machine: Machine) -> None:
    machine.note("ActiveState", "inactive")
    machine.note("guard", NOT_READY)
    assert machine.install(NEW, OLD) == (0, "")
    assert machine.in_use == f"releases/{NEW}"
    assert "systemctl restart denban.service" not in machine.log


def test_upgrade_of_a_service_that_cannot_start_is_not_asked_for_its_twin(machine: Machine) -> None:
    machine.note("ActiveState", "activating")
    machine.note("guard", NOT_READY)
    assert machine.install(NEW, OLD) == (0, "")
    assert machine.noted("ActiveState") == "active"


def test_upgrade_enables_only_units_that_are_new(machine: Machine) -> None:
    (machine.wants / "denban.service").unlink()
    assert machine.install(NEW, OLD) == (0, "")
    assert machine.enabled == [f"denban-since-{NEW}.path"]


def test_upgrade_without_a_ready_twin_is_refused_and_changes_nothing(machine: Machine) -> None:
    machine.note("guard", NOT_READY)
    code, said = machine.install(NEW, OLD)
    assert code == 1
    assert "EG-MINAMI is not ready" in said
    assert "DENBAN_FORCE_STOP=UNIT" in said
    assert (machine.in_use, machine.kept) == (f"releases/{OLD}", [])
    assert not any("restart" in line for line in machine.log if line.startswith("systemctl"))


def test_upgrade_of_a_controller_that_does_not_answer_is_refused(machine: Machine) -> None:
    machine.note("guard", "1")
    code, said = machine.install(NEW, OLD)
    assert (code, machine.in_use) == (1, f"releases/{OLD}")
    assert "does not answer" in said


def test_upgrade_is_forced_by_the_name_of_this_unit_alone(machine: Machine) -> None:
    machine.note("guard", NOT_READY)
    code, said = machine.install(NEW, OLD, DENBAN_FORCE_STOP="EG-MINAMI")
    assert (code, machine.in_use) == (1, f"releases/{OLD}")
    assert "got EG-MINAMI, need EG-KITA" in said
    code, said = machine.install(NEW, OLD, DENBAN_FORCE_STOP="EG-KITA")
    assert (code, machine.in_use) == (0, f"releases/{NEW}")
    assert "forced" in said


def test_unit_that_does_not_say_its_name_is_the_one_it_was_told(machine: Machine) -> None:
    machine.note("guard", NOT_READY)
    machine.note("whoami", "")
    (machine.root / "etc/denban/unit").write_text('DENBAN_UNIT="EG-KITA"\n')
    assert machine.install(NEW, OLD, DENBAN_FORCE_STOP="EG-KITA")[0] == 0


def test_twin_that_is_lost_while_files_are_unpacked_stops_the_restart(machine: Machine) -> None:
    assert machine.script(NEW, "preinst", "upgrade", OLD, NEW).returncode == 0
    machine.unpack(NEW, OLD)
    machine.note("guard", NOT_READY)
    code, said = machine.configure(NEW, OLD)
    assert code == 1
    assert "EG-MINAMI is not ready" in said
    assert (machine.in_use, machine.noted("ActiveState")) == (f"kept/{OLD}", "active")
    assert machine.is_whole(f"kept/{OLD}")
    machine.note("guard", "0")
    assert machine.configure(NEW, OLD) == (0, "")
    assert machine.in_use == f"releases/{NEW}"


def test_older_version_is_refused_unless_it_is_meant(machine: Machine) -> None:
    code, said = machine.install("0.9", OLD)
    assert (code, machine.in_use) == (1, f"releases/{OLD}")
    assert "got 0.9, need 1.0 or later" in said
    assert machine.install("0.9", OLD, DENBAN_ALLOW_DOWNGRADE="1") == (0, "")
    assert machine.in_use == "releases/0.9"


def test_version_before_a_release_is_older_than_it(machine: Machine) -> None:
    assert machine.install(f"{OLD}~rc1", OLD)[0] == 1


def test_same_version_again_is_installed(machine: Machine) -> None:
    assert machine.install(OLD, OLD) == (0, "")
    assert (machine.in_use, machine.kept) == (f"releases/{OLD}", [OLD])
    assert machine.is_whole(f"releases/{OLD}")


@pytest.mark.parametrize("fault", [f"broken-{NEW}", f"falls-{NEW}", f"broken-units-{NEW}"])
def test_release_that_fails_is_taken_back(machine: Machine, fault: str) -> None:
    before = machine.units()
    machine.note(fault)
    code, said = machine.install(NEW, OLD)
    assert code == 1
    assert f"version {NEW}: did not become ready" in said
    assert f"version {OLD} is in use again;" in said
    assert machine.in_use == f"kept/{OLD}"
    assert machine.is_whole(f"kept/{OLD}")
    assert machine.units() == before
    assert machine.noted("ActiveState") == "active"
    assert [line for line in machine.log if line.startswith("started")][-1] == f"started {OLD}"


def test_release_that_was_taken_back_is_tried_again_whole(machine: Machine) -> None:
    machine.note(f"broken-{NEW}")
    assert machine.install(NEW, OLD)[0] == 1
    (machine.state / f"broken-{NEW}").unlink()
    assert machine.configure(NEW, OLD) == (0, "")
    assert (machine.in_use, machine.kept) == (f"releases/{NEW}", [OLD])
    assert set(machine.units().values()) == {f"# {NEW}"}


def test_after_a_failure_the_version_in_use_may_be_installed_again(machine: Machine) -> None:
    machine.note(f"broken-{NEW}")
    assert machine.install(NEW, OLD)[0] == 1
    assert machine.install(OLD, NEW) == (0, "")
    assert machine.in_use == f"releases/{OLD}"
    assert machine.is_whole(f"releases/{OLD}")


def test_refused_step_back_does_not_make_a_failed_release_count_as_installed(
    machine: Machine,
) -> None:
    machine.note(f"broken-{NEW}")
    assert machine.install(NEW, OLD)[0] == 1
    for asked in ("abort-upgrade", "abort-remove"):
        done = machine.script(NEW, "postinst", asked)
        assert done.returncode == 1
        assert "not in use" in done.stderr


def test_login_server_reads_its_new_settings(machine: Machine) -> None:
    machine.note("ssh")
    assert machine.install(NEW, OLD) == (0, "")
    assert "systemctl reload ssh.service" in machine.log


def test_failure_of_both_releases_is_told(machine: Machine) -> None:
    machine.note(f"broken-{NEW}")
    machine.note(f"broken-{OLD}")
    code, said = machine.install(NEW, OLD)
    assert (code, machine.in_use) == (1, f"kept/{OLD}")
    assert "does not become ready either" in said


@pytest.mark.parametrize("step", ["import", "check"])
def test_release_that_does_not_run_here_or_refuses_the_site_stops_nothing(
    machine: Machine, step: str
) -> None:
    machine.note(f"{step}-{NEW}", "2 site.toml:3 demand: unknown key")
    code, said = machine.install(NEW, OLD)
    assert (code, machine.in_use) == (1, f"kept/{OLD}")
    assert "unknown key" in said
    assert f"version {OLD} stays in use" in said
    assert "systemctl restart denban.service" not in machine.log


def test_way_back_outlives_a_power_cut_after_the_change(machine: Machine) -> None:
    """The new release was in use when the power went, and does not start; the old one is there."""
    assert machine.install(NEW, OLD) == (0, "")
    machine.note(f"broken-{NEW}")
    machine.note("ActiveState", "activating")
    code, said = machine.configure(NEW, OLD)
    assert (code, machine.in_use) == (1, f"kept/{OLD}")
    assert f"version {OLD} is in use again" in said


def test_restart_that_is_refused_by_hand_is_allowed_to_the_package(machine: Machine) -> None:
    machine.note("RefuseManualStop", "yes")
    assert machine.install(NEW, OLD) == (0, "")
    assert f"started {NEW}" in machine.log
    assert list((machine.root / "run/systemd/system").rglob("*.conf")) == []


def test_file_system_without_hard_links_keeps_a_copy(machine: Machine) -> None:
    copy = machine.state.parent / "programs/cp"
    copy.write_text(f'#!/bin/sh\n[ "$1" != -al ] || exit 1\nexec {shutil.which("cp")} "$@"\n')
    assert machine.install(NEW, OLD) == (0, "")
    assert machine.is_whole(f"kept/{OLD}")


def test_full_disk_refuses_before_anything_is_changed(machine: Machine) -> None:
    (machine.state.parent / "programs/cp").write_text("#!/bin/sh\nexit 1\n")
    code, said = machine.install(NEW, OLD)
    assert (code, machine.in_use, machine.kept) == (1, f"releases/{OLD}", [])
    assert "no room" in said


def test_tree_without_a_running_system_is_only_prepared(tmp_path: Path) -> None:
    """An image that is made, a chroot: nothing is asked, nothing is started."""
    machine = Machine(tmp_path / "machine")
    shutil.rmtree(machine.root / "run")
    assert machine.install(OLD) == (0, "")
    assert machine.install(NEW, OLD) == (0, "")
    words = {line.split()[2] for line in machine.log if line.startswith("systemctl")}
    assert words == {"preset"}
    assert machine.in_use == f"releases/{NEW}"


@pytest.mark.parametrize("name", ["preinst", "postinst", "prerm", "postrm"])
@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is missing")
def test_script_is_sound_shell(name: str, tmp_path: Path) -> None:
    script = tmp_path / name
    script.write_text(filled(name, NEW))
    # 2317: each script has all of the shared functions and needs some.
    words = ["shellcheck", "--shell=sh", "--exclude=SC2317", script]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout == ""
