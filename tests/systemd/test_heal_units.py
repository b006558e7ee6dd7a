"""The units of root's healing helper: what starts it, what it may, where the code agrees."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.keeper.heal_files import FOLDER_NAME, REQUEST_NAME
from edge.root import heal
from hil.machine.guest_paths import GUEST
from tests.systemd.test_units import FOLDER, read_unit

SERVICE = FOLDER / "denban-heal.service"
PATH = FOLDER / "denban-heal.path"
_EXPOSURE_MAX = 2.0


def test_request_lies_where_controller_path_unit_and_helper_look() -> None:
    where = Path(GUEST.socket).parent / FOLDER_NAME / REQUEST_NAME
    assert read_unit(PATH)["Path"]["PathExists"] == [str(where)]
    assert Path("/", *heal.FOLDER, heal.REQUEST) == where
    assert Path("/", heal.SITE) == Path(GUEST.site)


def test_service_s_state_folder_is_the_helper_s() -> None:
    service = read_unit(SERVICE)["Service"]
    assert Path("/", heal.MEMORY).parent == Path("/var/lib", service["StateDirectory"][0])
    assert service["StateDirectoryMode"] == ["0700"]


def test_helper_is_told_no_imitation_of_the_root_folder() -> None:
    command = read_unit(SERVICE)["Service"]["ExecStart"][0].split()
    assert command[1:] == ["-I", "-m", "edge.root.heal"]


def test_helper_has_no_capability_and_reads_sysfs_of_the_machine() -> None:
    service = read_unit(SERVICE)["Service"]
    assert service["CapabilityBoundingSet"] == [""]
    # A network name space, or tunables that are protected, would hide or lock what it looks at.
    assert {"PrivateNetwork", "ProtectKernelTunables", "PrivateDevices"}.isdisjoint(service)


def test_service_wants_the_path_unit() -> None:
    assert read_unit(FOLDER / "denban.service.d/heal.conf")["Unit"]["Wants"] == [PATH.name]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
def test_units_are_accepted_by_systemd_and_little_exposed() -> None:
    for unit in (SERVICE, PATH):
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(unit)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = [line for line in done.stderr.splitlines() if "denban-heal" in line]
        assert [line for line in said if "is not executable" not in line] == []
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(SERVICE)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) <= _EXPOSURE_MAX
