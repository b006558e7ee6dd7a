"""The board's configuration is read strictly: a scenario must not run on a misspelt one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hil.board.config import BoardConfig, PulseConfig, UnitConfig, read_config

_LEAST: dict[str, Any] = {
    "orders": "/tmp/o",
    "log": "/tmp/l",
    "values": "/tmp/v",
    "units": {"a": {"socket": "/tmp/a", "pulls": {"5": "up"}}},
}


def read(tmp_path: Path, **changes: Any) -> BoardConfig:
    path = tmp_path / "board.json"
    path.write_text(json.dumps({**_LEAST, **changes}))
    return read_config(path)


def test_config_with_the_least_keys_takes_the_declared_defaults(tmp_path: Path) -> None:
    assert read(tmp_path) == BoardConfig(
        orders=Path("/tmp/o"),
        log=Path("/tmp/l"),
        values=Path("/tmp/v"),
        units={"a": UnitConfig(socket=Path("/tmp/a"), dead_owner="persist", pulls={5: "up"})},
    )


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"seeds": 2}, "unknown field `seeds`"),
        ({"units": {"a": {"socket": "/tmp/a", "dead_owner": "keep"}}}, "Invalid enum value 'keep'"),
        ({"loads": {"fan": {"pin": 5}}}, r"got \['fan'\] in one, need both"),
        ({"pulses": {"p": {"pin": 4, "feeder": "x"}}}, r"got 'x', need one of \['incomer'\]"),
        ({"pulses": {"p": {"pin": 58}}}, "p.pin: got 58, need 0 to 57"),
        ({"pulses": {"p": {"pin": 4}}, "lamps": {"q": {"pin": 4}}}, "need one q has not taken"),
    ],
)
def test_config_that_is_wrong_is_refused(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises((ValueError, msgspec.ValidationError), match=complaint):
        read(tmp_path, **changes)


def test_config_pulse_has_the_width_that_the_standard_asks_for(tmp_path: Path) -> None:
    """IEC 62053-31: 30 ms at least."""
    pulses = read(tmp_path, pulses={"p": {"pin": 4}}).pulses
    assert pulses == {"p": PulseConfig(pin=4, width_s=0.03)}


@pytest.mark.parametrize(
    ("unit", "changes", "complaint"),
    [
        ({"lines": 28}, {}, "a.lines: got 28, need 58, or fewer on a virtio unit"),
        ({"kind": "virtio", "lines": 0}, {}, "a.lines: got 0"),
        (
            {"kind": "virtio", "lines": 28},
            {"pulses": {"p": {"pin": 28}}},
            "p.pin: got 28, need 0 to 27",
        ),
        (
            {"kind": "virtio", "watchdog": {"nowayout": True}},
            {},
            "a.watchdog: got one, need none",
        ),
    ],
)
def test_config_of_a_virtio_unit_that_is_wrong_is_refused(
    tmp_path: Path, unit: dict[str, Any], changes: dict[str, Any], complaint: str
) -> None:
    units = {"a": {"socket": "/tmp/a", **unit}}
    with pytest.raises(ValueError, match=complaint):
        read(tmp_path, units=units, **changes)
