"""Every kind of event is one clear line, and no fact of it is lost."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge.core.explain import explain
from edge.model.event import Event, EventKind
from edge.model.units import NS_PER_S

TOKYO = ZoneInfo("Asia/Tokyo")
NINE = 1_775_001_600 * NS_PER_S


def _line(kind: EventKind, subject: str, **facts: Any) -> str:
    return explain(Event(0, 0, kind, subject, facts=facts), TOKYO)


_SITUATION = {
    "limit": "demand",
    "projected_kw": 612.34,
    "target_kw": 600.0,
    "adjustable_kw": -48.06,
    "remaining_s": 863.0,
}


@pytest.mark.parametrize(
    ("kind", "subject", "facts", "line"),
    [
        (
            EventKind.RELAY,
            "fan",
            {"shed": True, "reason": "projected_over", "load_kw": 60.0, **_SITUATION},
            (
                "fan shed: projection over the target (60 kW); demand: projected 612.3 kW,"
                " target 600 kW, adjustable -48.1 kW, 14.4 min left"
            ),
        ),
        (
            EventKind.RELAY,
            "fan",
            {"shed": False, "reason": "max_shed", "load_kw": 60.0, "limit": None},
            "fan restored: shed for as long as it may be (60 kW)",
        ),
        (
            EventKind.RELAY,
            "heater",
            {"shed": True, "reason": "under_plan", "projected_kw": 0.0},
            "heater switched on: the plan would not be reached; projected 0 kW",
        ),
        (
            EventKind.RELAY,
            "heater",
            {"shed": False, "reason": "plan_met"},
            "heater switched off: the plan is reached without it",
        ),
        (
            EventKind.RELAY,
            "fan",
            {"shed": False, "reason": "under_plan"},
            "fan restored: the plan would not be reached",
        ),
        (
            EventKind.STAGE,
            "demand",
            {"from": "normal", "to": "shed", "cleared": False, **_SITUATION},
            (
                "stage of demand: normal to shed; projected 612.3 kW, target 600 kW,"
                " adjustable -48.1 kW, 14.4 min left"
            ),
        ),
        (
            EventKind.INTERVAL_CLOSED,
            "demand",
            {
                "start_utc_ns": NINE,
                "end_utc_ns": NINE + 1800 * NS_PER_S,
                "energy_uwh": 250_000_000_000,
                "energy_kwh": 250.0,
                "new_uwh": 250_000_000_000,
                "export_uwh": 0,
                "demand_kw": 500.0,
                "target_kw": 600.0,
                "binding": "contract",
                "length_s": 1800.0,
                "partial": False,
                "estimated": True,
                "synced": False,
                "peak_of_month": True,
                "label_trusted": True,
            },
            (
                "demand interval of 2026-04-01 09:00:00: 500 kW, 250 kWh, target 600 kW by contract"
                " [estimated, peak of month]"
            ),
        ),
        (
            EventKind.SLOT_CLOSED,
            "plan",
            {
                "start_utc_ns": NINE,
                "end_utc_ns": NINE + 1800 * NS_PER_S,
                "metered_kwh": 1030.0,
                "settled_kwh": 1075.2,
                "planned_kwh": 1000.0,
                "deviation_uwh": 75_200_000_000,
                "deviation_kwh": 75.2,
                "direction": "shortage",
                "allowed": False,
                "cost_low": 902.4,
                "cost_high": 22560.0,
                "currency": "JPY",
                "partial": False,
                "estimated": False,
            },
            (
                "plan slot of 2026-04-01 09:00:00: metered 1030 kWh, settled 1075.2 kWh, planned"
                " 1000 kWh, deviation 75.2 kWh (shortage), not allowed, 902.4 to 22560 JPY"
            ),
        ),
        (
            EventKind.SLOT_CLOSED,
            "plan",
            {"start_utc_ns": NINE, "metered_kwh": 3.0, "planned_kwh": None, "partial": True},
            "plan slot of 2026-04-01 09:00:00: metered 3 kWh [partial]",
        ),
        (
            EventKind.SLOT_CLOSED,
            "plan",
            {"metered_kwh": 3.0, "deviation_kwh": 0.0, "allowed": True},
            "plan slot: metered 3 kWh, deviation 0 kWh",
        ),
    ],
)
def test_event_is_one_line_with_its_numbers(
    kind: EventKind, subject: str, facts: dict[str, Any], line: str
) -> None:
    assert _line(kind, subject, **facts) == line


def test_event_of_every_kind_has_a_sentence_and_loses_no_unknown_fact() -> None:
    for kind in EventKind:
        line = _line(kind, "subject", brand_new_kw=1.5)
        assert line.endswith("; brand_new_kw=1.5 kW")
        assert "\n" not in line
