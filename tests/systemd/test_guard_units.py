"""The guard's units, and those of rehearsals: where they agree with code and with each other."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from edge.cli.drill import REPORTS
from edge.keeper.guarding import GUARD_NAME
from edge.root.guard import SERVICE, Places
from hil.machine.guest_paths import GUEST
from tests.systemd.test_units import FOLDER, read_unit

_PLACES = Places()
_OURS = [
    "denban-guard.service", "denban-guard.path", "denban-guard.timer", "denban-drill.service",
    "denban-drill.timer", "denban-rolling.service", "denban-rolling.timer",
]  # fmt: skip


def test_word_to_the_guard_lies_where_controller_path_unit_and_guard_look() -> None:
    where = Path(GUEST.socket).parent / GUARD_NAME
    watched = read_unit(FOLDER / "denban-guard.path")["Path"]["PathChanged"]
    assert watched == [str(where)]
    assert _PLACES.told == where


def test_guard_may_write_where_it_writes_and_nowhere_else() -> None:
    service = read_unit(FOLDER / "denban-guard.service")["Service"]
    assert service["ReadWritePaths"] == [str(_PLACES.units)]
    assert _PLACES.kept.parent == Path("/run", service["RuntimeDirectory"][0])
    assert service["RuntimeDirectoryPreserve"] == ["yes"]
    assert service["ExecStart"][0].endswith("python3 -I -m edge.root.guard apply")


def test_controller_stays_when_everything_else_is_stopped() -> None:
    """Without the usual dependencies: these would end it with sysinit.target."""
    unit = read_unit(FOLDER / f"{SERVICE}.d/guard.conf")["Unit"]
    assert unit == {
        "Wants": ["denban-guard.path", "sysinit.target"],
        "After": ["denban-guard.path", "sysinit.target basic.target"],
        "IgnoreOnIsolate": ["yes"],
        "DefaultDependencies": ["no"],
        "Conflicts": ["shutdown.target"],
        "Before": ["shutdown.target"],
    }


@pytest.mark.parametrize("name", ["service", "path", "timer"])
def test_guard_stays_as_long_as_the_controller(name: str) -> None:
    unit = read_unit(FOLDER / f"denban-guard.{name}")["Unit"]
    assert [unit[key] for key in ("IgnoreOnIsolate", "DefaultDependencies", "Conflicts")] == [
        ["yes"], ["no"], ["shutdown.target"],
    ]  # fmt: skip


def test_guard_is_ended_by_no_number_of_changes() -> None:
    assert read_unit(FOLDER / "denban-guard.service")["Unit"]["StartLimitIntervalSec"] == ["0"]


def test_ctrl_alt_del_in_a_burst_is_no_way_around_the_guard() -> None:
    manager = read_unit(FOLDER / "denban-guard.conf")["Manager"]
    assert manager == {"CtrlAltDelBurstAction": ["none"]}


def test_timers_of_rehearsals_are_each_sites_own_choice() -> None:
    assert "disable denban-*.timer" in (FOLDER / "denban.preset").read_text().splitlines()
    for name in ("drill", "rolling"):
        assert read_unit(FOLDER / f"denban-{name}.timer")["Install"]["WantedBy"] == [
            "timers.target"
        ]


def test_rolling_restarts_of_two_machines_fall_apart() -> None:
    timer = read_unit(FOLDER / "denban-rolling.timer")["Timer"]
    assert (timer["RandomizedDelaySec"], timer["FixedRandomDelay"]) == (["40min"], ["yes"])


def test_restart_does_not_end_what_orders_it() -> None:
    unit = read_unit(FOLDER / "denban-rolling.service")["Unit"]
    assert {"Requires", "Requisite", "BindsTo", "PartOf"}.isdisjoint(unit)


def test_rehearsal_may_write_its_reports() -> None:
    service = read_unit(FOLDER / "denban-drill.service")["Service"]
    assert REPORTS.parent == Path("/var/lib", service["StateDirectory"][0])
    assert service["User"] == ["denban"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
@pytest.mark.parametrize("name", _OURS)
def test_units_are_accepted_by_systemd(name: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(FOLDER / name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "denban-" in line]
    assert [line for line in said if "is not executable" not in line] == []
