"""The rig file is read strictly, and the example is one that can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.rig.config import RigConfig, SerialRelays
from hil.works import UNITS

EXAMPLE = Path(__file__).parents[3] / "hil" / "rig.example.toml"


def _read(tmp_path, old="", new=""):
    text = EXAMPLE.read_text()
    assert old in text
    path = tmp_path / "rig.toml"
    path.write_text(text.replace(old, new, 1))
    return RigConfig.read(path)


def test_example_is_a_whole_table(tmp_path):
    config = _read(tmp_path)
    assert list(config.gateway) == list(UNITS)
    assert isinstance(config.relays, SerialRelays)
    pins = [pin for gateway in config.gateway.values() for pin in gateway.observed.pins()]
    assert len(pins) == len(set(pins)) == 14
    assert list(config.links) == ["net0", "net1"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("alive =", "alife =", "Object contains unknown field `alife` - at `\\$.gateway"),
        (
            "EG-MINAMI = ",
            "EG-OTHER = ",
            "links.net0: got EG-KITA, EG-OTHER, need EG-KITA, EG-MINAMI",
        ),
        ("chiller-2 = 1", "chiller-3 = 1", "observed.relays: got .*chiller-3"),
        ("alive = 10", "alive = 0", "got pin 0 \\(also gateway.EG-KITA\\)"),
        ("alive = 10", "alive = 22", "got pin 22 \\(no such input\\)"),
        ('kind = "lcus"', 'kind = "magic"', "Invalid value 'magic'"),
        ("name =", "name ", "not started; see hil/rig.example.toml"),
    ],
)
def test_rig_file_that_is_wrong_is_refused_with_the_place(tmp_path, old, new, why):
    with pytest.raises(ValueError, match=why):
        _read(tmp_path, old, new)
