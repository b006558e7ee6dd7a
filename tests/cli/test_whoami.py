"""`denban whoami`: the line for the site file, the lines of a login, what differs in the pair."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from edge.adapters.hardware import HardwareIdentity
from edge.cli import whoami as whoami_module
from edge.model.twin_status import TwinStatus
from tests.cli.conftest import FakeKeeper, Invoke
from tests.cli.pairs import answer_of
from tests.cli.plant import write_site
from tests.keeper.pair import ACTIVE, seen

PORT = HardwareIdentity("mac:dc:a6:32:01:02:03", "Ethernet port")
DISK = HardwareIdentity("0011223344556677", "machine-id", is_copied_with_disk=True)


def _machine(monkeypatch: pytest.MonkeyPatch, hardware: HardwareIdentity | None) -> None:
    monkeypatch.setattr(whoami_module, "read_hardware_identity", lambda **_: hardware)
    monkeypatch.setattr(socket, "gethostname", lambda: "raspberrypi")


@pytest.mark.parametrize(
    ("hardware", "note"),
    [
        (PORT, "# by Ethernet port\n"),
        (DISK, "# by machine-id; a copy of this disk has it too: never start both\n"),
    ],
)
def test_whoami_serial_is_the_line_for_the_site_file(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, hardware: HardwareIdentity, note: str
) -> None:
    _machine(monkeypatch, hardware)
    result = invoke("whoami", "--serial")
    assert (result.stdout, result.stderr) == (f'hardware_serial = "{hardware.serial}"\n', note)


def test_whoami_serial_of_a_machine_without_any_number_fails(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    _machine(monkeypatch, None)
    result = invoke("whoami", "--serial")
    assert result.exit_code == 1
    assert "hardware serial: none found" in result.stderr


def test_whoami_banner_of_a_pair_names_the_other_unit_and_the_duty(
    keeper: FakeKeeper, invoke: Invoke
) -> None:
    keeper.answer = lambda _request: answer_of(ACTIVE)
    assert invoke("whoami", "--banner", "--socket", keeper.path).stdout == (
        "EG-KITA  ■ ACTIVE  Rolling mill\n"
        "The other unit is EG-MINAMI, □ STANDBY; EG-KITA, this one, is on duty.\n"
    )


@pytest.mark.parametrize(
    ("serial", "name"), [("10000000a1b2c3d4", "EG-KITA"), ("77", "raspberrypi")]
)
def test_whoami_banner_without_a_controller_knows_no_role(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, serial: str, name: str
) -> None:
    _machine(monkeypatch, HardwareIdentity(serial, "cpuinfo"))
    assert invoke("whoami", "--banner", "--site", write_site(tmp_path)).stdout == (
        f"{name}  ? UNKNOWN  Rolling mill\n"
        "The controller does not run. The other unit's role is not known here.\n"
    )


@pytest.mark.parametrize(
    ("twin", "last"),
    [
        (ACTIVE, "like EG-MINAMI in site file, plan and version"),
        (
            seen(ACTIVE, peer_same_site_file=False, peer_same_plan=False, peer_version="0.9.0"),
            "differs from EG-MINAMI: site file; plan; version (denban 0.9.0 there)",
        ),
        (
            seen(ACTIVE, diverges="decision: here SHED; at the peer NORMAL"),
            "differs from EG-MINAMI: decision: here SHED; at the peer NORMAL",
        ),
    ],
)
def test_whoami_says_what_the_two_have_not_alike(
    keeper: FakeKeeper, invoke: Invoke, twin: TwinStatus, last: str
) -> None:
    keeper.answer = lambda _request: answer_of(twin)
    assert invoke("whoami", "--socket", keeper.path).stdout.splitlines()[4] == last


def test_whoami_says_no_difference_from_a_peer_that_is_not_heard(
    keeper: FakeKeeper, invoke: Invoke
) -> None:
    keeper.answer = lambda _request: answer_of(seen(ACTIVE, peer_heard=False))
    assert len(invoke("whoami", "--socket", keeper.path).stdout.splitlines()) == 4
