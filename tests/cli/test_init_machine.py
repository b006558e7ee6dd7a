"""What the machine proposes: its serial, its zone, its board."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.adapters.hardware import HardwareIdentity
from edge.cli.init.machine import Machine, look_around
from edge.config.sections.plant import BoardModel

_ROUTES = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 192.168.10.0
        /24 link UNICAST
     |-- 192.168.10.11
        /32 host LOCAL
     |-- 192.168.10.255
        /32 link BROADCAST
     |-- 10.0.0.11
        /32 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
Local:
     |-- 192.168.10.11
        /32 host LOCAL
"""


@pytest.mark.parametrize(
    ("model", "board"),
    [
        ("Raspberry Pi 4 Model B Rev 1.4\0", BoardModel.PI_4),
        ("Raspberry Pi 5 Model B Rev 1.0\0", BoardModel.PI_5),
        ("Raspberry Pi Compute Module 4 Rev 1.1\0", BoardModel.CM4),
        ("Some other board\0", BoardModel.GENERIC),
    ],
)
def test_machine_proposes_what_it_is(tmp_path: Path, model: str, board: BoardModel) -> None:
    tree = tmp_path / "proc/device-tree"
    tree.mkdir(parents=True)
    (tree / "model").write_text(model)
    (tree / "serial-number").write_text("10000000A1B2C3D4\0")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").symlink_to("/usr/share/zoneinfo/Asia/Tokyo")
    (tmp_path / "proc/net").mkdir()
    (tmp_path / "proc/net/fib_trie").write_text(_ROUTES)
    assert look_around(tmp_path) == Machine(
        HardwareIdentity("10000000a1b2c3d4", "device tree"),
        "Asia/Tokyo",
        board,
        (),
        ("192.168.10.11", "10.0.0.11"),
    )


def test_machine_that_tells_nothing_proposes_utc_and_a_generic_board(tmp_path: Path) -> None:
    assert look_around(tmp_path) == Machine(None, "UTC", BoardModel.GENERIC, ())
