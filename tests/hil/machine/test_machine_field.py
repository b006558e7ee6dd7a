"""What stands around two machines, up and running, with the tests in place of the machines."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from hil.machine.field import MachineField
from hil.network.network import mac
from hil.works import UNITS, Works

DEADLINE_S = 10.0
_QUERY = bytes.fromhex("01034a52000273c2")  # two registers of the incomer's meter


@pytest.fixture(scope="module")
def field() -> Iterator[MachineField]:
    with MachineField(Works(), seed=1) as field:
        yield field


def test_adapter_of_each_machine_reaches_the_meters(field: MachineField) -> None:
    for unit in UNITS:
        with socket.socket(socket.AF_UNIX) as adapter:
            adapter.settimeout(DEADLINE_S)
            adapter.connect(str(field.connections(unit).line))
            adapter.sendall(_QUERY)
            heard = b""
            while len(heard) < 9:
                heard += adapter.recv(9)
        assert heard[:3] == bytes([1, 3, 4])


def test_cards_of_the_machines_reach_each_other(field: MachineField) -> None:
    kita, minami = (field.connections(unit).cards[1] for unit in UNITS)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as near,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as far,
    ):
        near.bind(str(kita.own))
        far.bind(str(minami.own))
        far.settimeout(DEADLINE_S)
        frame = bytes.fromhex((mac(1, 1) + mac(1, 0)).replace(":", "")) + bytes(50)
        near.sendto(frame, str(kita.switch))
        assert far.recv(100) == frame


def test_board_has_a_device_for_each_machine(field: MachineField) -> None:
    units = field.snapshot()["units"]
    assert {unit: state["kind"] for unit, state in units.items()} == dict.fromkeys(UNITS, "virtio")
    for unit in UNITS:
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(field.connections(unit).gpio))
