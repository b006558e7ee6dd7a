"""Answers become a site file that says what they said, and loads without a fault."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.config.answers import (
    Answers,
    LineAnswer,
    LoadAnswer,
    MeterAnswer,
    PulseAnswer,
    UnitAnswer,
    read_answers,
)
from edge.config.draft import draft_text, twice
from edge.config.load import site_of
from edge.config.sections.loads import Contact
from edge.config.sections.metering import MeterRole
from edge.config.sections.plant import BoardModel
from edge.model.bus import Parity
from edge.model.problem import ProblemsError

_PATH = Path("/etc/denban/site.toml")
_UNITS = (
    UnitAnswer(name="EG-KITA", hardware_serial="1a", addresses=("10.0.0.1", "10.1.0.1")),
    UnitAnswer(name="EG-MINAMI", hardware_serial="1b", addresses=("10.0.0.2", "10.1.0.2")),
)
PAIR = Answers(
    site="Rolling mill",
    timezone="Asia/Seoul",
    contract_kw=600,
    unit=_UNITS,
    line=(LineAnswer(name="main", port="/dev/serial/by-path/usb-port0"),),
    meter=(
        MeterAnswer(
            name="incomer", line="main", unit_id=1, profile="janitza-umg", role=MeterRole.SITE
        ),
    ),
    pulse=PulseAnswer(pin=17, pulse_constant_per_kwh=50000, ct_ratio=20, vt_ratio=60),
    load=(LoadAnswer(name="chiller", pin=5, rated_kw=120, priority=1),),
)

# Printable text of any script, and what TOML must escape.
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
_KW = st.floats(1, 1e6, allow_nan=False)
_RATIO = st.floats(1, 1000, allow_nan=False)


@st.composite
def _loads(draw: Any, pins: list[int], contract_kw: float) -> tuple[LoadAnswer, ...]:
    made = []
    for index, pin in enumerate(pins):
        least_s = draw(st.integers(0, 600))
        made.append(
            LoadAnswer(
                name=f"負荷-{index}",
                pin=pin,
                rated_kw=draw(st.floats(0.1, contract_kw)),
                priority=draw(st.integers(1, 99)),
                min_shed_s=float(least_s),
                max_shed_s=float(least_s + draw(st.integers(1, 3600))),
                contact=draw(st.sampled_from(Contact)),
            )
        )
    return tuple(made)


@st.composite
def _answers(draw: Any) -> Answers:
    """Sound answers of one gateway or two, with meters, pulses or both."""
    contract_kw = draw(_KW)
    pins = draw(st.lists(st.integers(2, 27), unique=True, min_size=1, max_size=8))
    has_ratio = draw(st.booleans())
    meter = MeterAnswer(
        name="incomer",
        line="main",
        unit_id=draw(st.integers(1, 247)),
        profile="eastron-sdm630",
        role=MeterRole.SITE,
        ct_ratio=draw(_RATIO) if has_ratio else None,
        vt_ratio=draw(_RATIO) if has_ratio else None,
    )
    has_pulse = draw(st.booleans())
    has_meter = draw(st.booleans()) or not has_pulse
    pulse = PulseAnswer(pin=pins[0], pulse_constant_per_kwh=draw(st.floats(1e-3, 0.1)))
    line = LineAnswer(
        name="main",
        port=draw(_TEXT),
        baudrate=draw(st.integers(300, 460800)),
        parity=draw(st.sampled_from(Parity)),
    )
    return Answers(
        site=draw(_TEXT),
        timezone=draw(st.sampled_from(["Asia/Tokyo", "Europe/Berlin", "UTC"])),
        contract_kw=contract_kw,
        interval_s=draw(st.sampled_from([900, 1800, 3600])),
        unit=_UNITS[: draw(st.integers(1, 2))],
        board=draw(st.sampled_from([BoardModel.PI_4, BoardModel.PI_5, BoardModel.CM4])),
        line=(line,) if has_meter else (),
        meter=(meter,) if has_meter else (),
        pulse=pulse if has_pulse else None,
        load=draw(_loads(pins[1:], contract_kw)),
    )


def _meant(answers: Answers) -> dict[str, Any]:
    """The answers as the tables of the file should hold them."""
    return {
        "site": {"name": answers.site, "timezone": answers.timezone},
        "contract_kw": answers.contract_kw,
        "unit": {u.name: (u.hardware_serial, u.addresses) for u in answers.unit},
        "line": {one.name: (one.port, one.baudrate, one.parity) for one in answers.line},
        "meter": {m.name: (m.unit_id, m.ct_ratio, m.vt_ratio) for m in answers.meter},
        "pulse": answers.pulse and (answers.pulse.pin, answers.pulse.pulse_constant_per_kwh),
        "load": {
            one.name: (one.pin, one.rated_kw, one.min_shed_s, one.max_shed_s, one.contact)
            for one in answers.load
        },
    }


def _found(answers: Answers) -> dict[str, Any]:
    site = site_of(draft_text(answers).encode(), _PATH).site
    pulse = site.pulse.get("incomer")
    return {
        "site": {"name": site.site.name, "timezone": site.site.timezone},
        "contract_kw": site.demand.contract_kw,
        "unit": {name: (u.hardware_serial, u.addresses) for name, u in site.unit.items()},
        "line": {name: (b.port, b.baudrate, b.parity) for name, b in site.bus.items()},  # type: ignore[union-attr]
        "meter": {name: (m.unit_id, m.ct_ratio, m.vt_ratio) for name, m in site.meter.items()},
        "pulse": pulse and (pulse.pin, pulse.pulse_constant_per_kwh),
        "load": {
            name: (one.pin, one.rated_kw, one.min_shed_s, one.max_shed_s, one.contact)
            for name, one in site.load.items()
        },
    }


@given(_answers())
def test_draft_of_sound_answers_loads_and_says_the_same(answers: Answers) -> None:
    assert _found(answers) == _meant(answers)


def test_draft_of_a_load_that_falls_is_safe_when_shed() -> None:
    """Contact and safe value agree, so there is no warning of it."""
    load = replace(PAIR.load[0], contact=Contact.DE_ENERGISE_TO_SHED)
    loaded = site_of(draft_text(replace(PAIR, load=(load,))).encode(), _PATH)
    assert [w.what for w in loaded.warnings if "load" in w.where] == []


def test_draft_has_a_word_on_each_part_and_no_part_without_answers() -> None:
    text = draft_text(PAIR)
    assert [line for line in text.splitlines() if len(line) > 100] == []
    assert "# What the contract measures, and what is never to be passed.\n[demand]" in text
    bare = draft_text(replace(PAIR, pulse=None, load=(), unit=_UNITS[:1]))
    assert [word for word in ("[pulse", "[load", "[twin]") if f"\n{word}" in bare] == []


def test_twice_names_what_toml_could_not_hold() -> None:
    load = PAIR.load[0]
    found = twice(replace(PAIR, load=(load, replace(load, pin=6))))
    assert [str(problem) for problem in found] == [
        "load.chiller: name is used twice: got chiller, need a name of its own; not written"
    ]
    assert twice(PAIR) == ()


def test_answers_of_a_file_are_those_of_the_example() -> None:
    data = (Path(__file__).parents[2] / "docs" / "init-answers.example.toml").read_bytes()
    answers = read_answers(data, "answers.toml")
    assert [unit.name for unit in answers.unit] == ["EG-KITA", "EG-MINAMI"]
    assert site_of(draft_text(answers).encode(), _PATH).spec.site == "Rolling mill"
    assert set(tomllib.loads(data.decode())) <= set(Answers.__struct_fields__)


def test_answers_with_a_misspelt_key_are_refused_with_the_nearest() -> None:
    with pytest.raises(ProblemsError) as caught:
        read_answers(b'site = "Mill"\ntimezone = "UTC"\ncontract_kW = 600\nunit = []\n', "a.toml")
    assert [str(problem) for problem in caught.value.problems][-1] == (
        "a.toml:3 contract_kW: unknown key: got contract_kW, need contract_kw (the nearest known"
        " key); not written; see docs/init-answers.example.toml"
    )
