"""The documents under docs/ are what the types say, and the example is a site that runs."""

from __future__ import annotations

import datetime as dt
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import tomli

from edge.config.load import load_site
from edge.config.reference import all_sections, description, reference
from edge.config.schema import site_schema
from edge.config.shape import keys_of
from edge.model.bus import LineKind
from edge.model.registers import Quantity
from edge.model.spec import (
    CalendarTarget,
    DailyWindow,
    Direction,
    LoadKind,
    LoadSpec,
    PulseSpec,
    SourceKind,
    SourceSpec,
)
from edge.model.units import NS_PER_S

_DOCS = Path(__file__).parents[2] / "docs"
_EXAMPLE = _DOCS / "site.example.toml"


def test_example_loads_without_a_warning() -> None:
    assert load_site(_EXAMPLE).warnings == ()


def test_example_pulse_weighs_24_wh_exactly() -> None:
    """VT 60 x CT 20 at 50,000 pulse/kWh is 0.024 kWh a pulse."""
    (pulse,) = load_site(_EXAMPLE).spec.metering.pulses
    assert pulse == PulseSpec("incomer", 24_000_000, 1, Direction.IMPORT)
    assert Fraction(pulse.uwh_numerator, pulse.uwh_denominator) / 10**9 == Fraction(24, 1000)


def test_example_compiles_to_the_spec_that_it_describes() -> None:
    spec = load_site(_EXAMPLE).spec
    assert spec.metering.sources == (
        SourceSpec(SourceKind.PULSE, "incomer"),
        SourceSpec(SourceKind.ENERGY, "incomer"),
        SourceSpec(SourceKind.POWER, "incomer"),
    )
    assert spec.demand.calendar == (
        CalendarTarget(
            520_000.0,
            frozenset({7, 8, 9}),
            frozenset(range(5)),
            frozenset(),
            dt.time(13),
            dt.time(16),
        ),
        CalendarTarget(
            500_000.0,
            frozenset(),
            frozenset(),
            frozenset({dt.date(2026, 8, 13), dt.date(2026, 8, 14)}),
            dt.time(0),
            dt.time(0),
        ),
    )
    assert (spec.demand.contract_w, spec.demand.eoi_window_ns) == (600_000.0, 30 * NS_PER_S)
    shedding = spec.shedding
    assert (shedding.mask_ns, shedding.no_restore_ns) == (600 * NS_PER_S, 180 * NS_PER_S)
    assert shedding.loads[2] == LoadSpec(
        name="canteen",
        kind=LoadKind.SHED,
        rated_w=160_000.0,
        priority=2,
        group="",
        min_shed_ns=60 * NS_PER_S,
        max_shed_ns=900 * NS_PER_S,
        min_run_ns=0,
        rest_ns=0,
        lead_ns=0,
        essential=(DailyWindow(dt.time(11, 30), dt.time(13), frozenset(range(5))),),
        safe_shed=True,
        has_feedback=False,
    )
    assert [load.has_feedback for load in shedding.loads] == [True, True, False, False]


def test_example_compiles_to_the_lines_that_it_describes() -> None:
    io = load_site(_EXAMPLE).io
    main, office = io.buses
    assert (main.kind, main.baudrate, office.kind, office.host, office.tcp_port) == (
        LineKind.RTU,
        19200,
        LineKind.TCP,
        "192.168.10.40",
        502,
    )
    assert [(meter.name, meter.unit_id, meter.map.name) for meter in main.meters] == [
        ("incomer", 1, "janitza-umg"),
        ("furnace", 2, "carlo-gavazzi-em24"),
    ]
    (meter,) = office.meters
    assert (meter.ratio_numerator, meter.ratio_denominator) == (40, 1)
    (register,) = meter.map.registers
    assert register.quantity is Quantity.POWER
    assert Fraction(register.scale_numerator, register.scale_denominator) == 1  # 1000 to a kW
    assert io.plan_directory == str(_DOCS / "plans")


def test_schema_document_is_the_schema_of_the_types() -> None:
    assert (_DOCS / "site.schema.json").read_text(encoding="utf-8") == site_schema()


def test_schema_knows_every_key_of_the_example() -> None:
    schema = json.loads(site_schema())
    unknown: list[str] = []
    _compare(tomli.loads(_EXAMPLE.read_text(encoding="utf-8")), schema, schema, "", unknown)
    assert unknown == []


def _compare(value: Any, node: Any, schema: Any, path: str, unknown: list[str]) -> None:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    kinds = [kind for kind in node.get("anyOf", []) if "$ref" in kind]
    if kinds and isinstance(value, dict):
        kind = value.get("kind", "rtu")
        named = [schema["$defs"][kind["$ref"].rpartition("/")[2]] for kind in kinds]
        node = next((n for n in named if n["properties"].get("kind") == {"enum": [kind]}), named[0])
    if isinstance(value, list):
        for inner in value:
            _compare(inner, node["items"] or {}, schema, f"{path}[]", unknown)
    if not isinstance(value, dict):
        return
    properties = node.get("properties", {})
    for key, inner in value.items():
        known = properties.get(key) or node.get("additionalProperties")
        if known:
            _compare(inner, known, schema, f"{path}.{key}", unknown)
        else:
            unknown.append(f"{path}.{key}")


def test_reference_document_ends_in_the_reference_of_the_types() -> None:
    text = (_DOCS / "configuration.md").read_text(encoding="utf-8")
    assert text.endswith(f"`python -m edge.config.reference`.\n\n{reference()}")


def test_reference_every_key_has_a_description() -> None:
    bare = [
        f"{section.__name__}.{key}"
        for section in all_sections()
        for key, field in keys_of(section).items()
        if not description(field.type)
    ]
    assert bare == []
