"""A person at `denban init`: what is typed, question by question, on a machine of the test."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.adapters.hardware import HardwareIdentity
from edge.adapters.serial_ports import SerialPort
from edge.cli.init import command
from edge.cli.init.machine import Machine
from edge.cli.main import main
from edge.config.sections.plant import BoardModel

SERIAL = "10000000a1b2c3d4"
PORT = "/dev/serial/by-path/usb-port0"
EXAMPLE = Path(__file__).parents[2] / "docs" / "init-answers.example.toml"

SITE = ["Rolling mill", "Asia/Seoul"]
UNITS = ["EG-KITA", "EG-MINAMI", "", "10000000d4c3b2a1"]
ADDRESSES = ["192.168.10.11, 10.0.0.11", "192.168.10.12 10.0.0.12"]
DEMAND = ["600", "30"]
BOARD = [""]
LINE = ["y", "1", "", ""]  # the first port, 19200, E
METER = ["n", "incomer", "1", "janitza-umg", "y", "y", ""]  # no search; by hand; no more
NO_MORE_LINES = ["n"]
PULSE = ["y", "17", "50000", "20", "60"]
LOAD = ["chiller", "5", "120", "1", "300", "1800", "n"]
END = ["", "y"]  # no more loads; write
WHOLE = [
    *SITE, *UNITS, *ADDRESSES, *DEMAND, *BOARD, *LINE, *METER, *NO_MORE_LINES, *PULSE, *LOAD, *END
]  # fmt: skip


def set_machine(monkeypatch: pytest.MonkeyPatch, port: str, serial: str = SERIAL) -> None:
    machine = Machine(
        HardwareIdentity(serial, "device tree"),
        "Asia/Tokyo",
        BoardModel.PI_4,
        (SerialPort(port, "ttyUSB0", "usb-FTDI"),),
    )
    monkeypatch.setattr(command, "look_around", lambda **_listed: machine)


def talk(file: Path, lines: list[str]) -> Result:
    return CliRunner().invoke(main, ["init", str(file)], input="\n".join([*lines, ""]))
