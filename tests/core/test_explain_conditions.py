"""Events of sources, meters, loads, orders and the gateway itself as lines for people."""

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


@pytest.mark.parametrize(
    ("kind", "subject", "facts", "line"),
    [
        (
            EventKind.SOURCE,
            "pulse.incomer",
            {
                "to": "meter.incomer.energy",
                "age_s": 0.25,
                "from": "pulse.incomer",
                "from_age_s": 11.0,
                "reason": "stale",
            },
            (
                "energy now from meter.incomer.energy (0.2 s old), before from pulse.incomer"
                " (11 s old): no news from it"
            ),
        ),
        (
            EventKind.SOURCE,
            "site",
            {"reason": "all_lost", "pulse.incomer": "stale", "meter.incomer.power": None},
            "energy of the site: no source of energy is believable; pulse.incomer=stale",
        ),
        (
            EventKind.SOURCE,
            "lost_policy",
            {"policy": "shed", "lost_s": 300.0, "cleared": False},
            "policy for lost meters in force: shed, lost for 5.0 min",
        ),
        (
            EventKind.SOURCE,
            "lost_policy",
            {"policy": "shed", "lost_s": None, "cleared": True},
            "policy for lost meters ended: shed",
        ),
        (
            EventKind.METER,
            "incomer",
            {"fault": "no_reply", "age_s": 3.0},
            "meter incomer: no reply, last good reading 3 s ago",
        ),
        (
            EventKind.METER,
            "incomer",
            {"fault": "no_reply", "cleared": True},
            "meter incomer answers again, was no reply",
        ),
        (
            EventKind.BUS,
            "main",
            {"condition": "ok", "was": "port_lost", "cleared": True},
            "bus main: ok, was port lost",
        ),
        (
            EventKind.CROSS_CHECK,
            "meter.incomer.energy",
            {"reference": "pulse.incomer", "difference_kwh": -1.25, "window_s": 1800.0},
            (
                "cross-check of meter.incomer.energy; reference=pulse.incomer,"
                " difference_kwh=-1.25 kWh, window_s=30.0 min"
            ),
        ),
        (
            EventKind.COUNTER,
            "pulse.incomer",
            {"reason": "impossible_rate", "cleared": True},
            "counter of pulse.incomer: over: more pulses than the connection can cause",
        ),
        (
            EventKind.LOAD,
            "fan",
            {"fault": "contact_stuck", "cleared": False, "commanded_on": False, "load_kw": 60.0},
            "load fan: contact stuck, counted with 60 kW",
        ),
        (
            EventKind.LOAD,
            "fan",
            {"fault": "relay", "cleared": True, "load_kw": 60.0},
            "load fan: over: relay, counted with 60 kW",
        ),
        (
            EventKind.OVERRIDE,
            "fan",
            {"mode": "shed", "duration_s": 1800.0, "who": "kim", "refused": None},
            "override of fan: shed, for 30.0 min, by kim",
        ),
        (
            EventKind.OVERRIDE,
            "fan",
            {"mode": "auto", "duration_s": 0.0, "who": "kim", "refused": "unknown_load"},
            "override of fan: auto, by kim, refused: unknown load",
        ),
        (
            EventKind.OVERRIDE,
            "fan",
            {"mode": "auto", "expired": "shed", "cleared": True},
            "override of fan: auto, time of shed is over",
        ),
        (
            EventKind.OVERRIDE,
            "fan",
            {"mode": "run", "stage": "limit", "cleared": False},
            "override of fan: run, shedding falls short, stage limit",
        ),
        (
            EventKind.LIMIT,
            "demand_response",
            {"limit_kw": 400.0, "start_utc_ns": NINE, "end_utc_ns": NINE + NS_PER_S, "who": "kim"},
            "demand-response limit 400 kW from 2026-04-01 09:00:00 to 2026-04-01 09:00:01 by kim",
        ),
        (
            EventKind.LIMIT,
            "demand_response",
            {
                "limit_kw": None,
                "start_utc_ns": NINE,
                "end_utc_ns": NINE,
                "who": "kim",
                "cleared": True,
            },
            "demand-response limit ended by kim",
        ),
        (
            EventKind.PLAN,
            "2026-04-01",
            {"version": 2, "digest": "d", "slots": 48, "planned_kwh": 9600.5, "who": "kim"},
            "plan of 2026-04-01: version 2, 48 slots, 9600.5 kWh, by kim",
        ),
        (
            EventKind.PLAN,
            "2026-04-01",
            {"version": 1, "reason": "missing", "cleared": True},
            "plan of 2026-04-01: version 1",
        ),
        (
            EventKind.PLAN,
            "2026-04-01.csv",
            {"refused": "line 4: gap\nline 6: gap", "by": "plan folder"},
            "plan of 2026-04-01.csv: by plan folder, refused: line 4: gap / line 6: gap",
        ),
        (EventKind.PLAN, "2026-04-01", {"reason": "missing"}, "plan of 2026-04-01: missing"),
        (
            EventKind.CLOCK,
            "site",
            {"reason": "step_ignored", "difference_s": 3.5, "trust": "ntp"},
            (
                "clock of the site: wall clock stepped and is not followed; difference_s=3.5 s,"
                " trust=ntp"
            ),
        ),
        (
            EventKind.SYNC,
            "demand",
            {"reason": "a_new_reason", "boundary_utc_ns": NINE},
            "end-of-interval pulse of demand: a_new_reason; boundary_utc_ns=2026-04-01 09:00:00",
        ),
        (
            EventKind.AUDIT,
            "override",
            {"user": "kim", "uid": 1000, "pid": 71, "done": True, "answer": "", "load": "fan"},
            "override asked by kim, uid 1000, pid 71: done; load=fan",
        ),
        (
            EventKind.AUDIT,
            "reboot",
            {
                "user": "root",
                "uid": 0,
                "login": "kim",
                "origin": "10.0.0.9",
                "done": True,
                "chain": "c0ffee",
                "chain_before": "00",
            },
            "reboot asked by root, uid 0, logged in as kim, from 10.0.0.9: done",
        ),
        (
            EventKind.AUDIT,
            "limit",
            {"user": "kim", "done": False, "answer": "too high"},
            "limit asked by kim: refused, too high",
        ),
        (EventKind.HEALTH, "disk", {"text": "full"}, "gateway, disk: full"),
        (EventKind.HEALTH, "disk", {"cleared": True}, "gateway, disk: over"),
        (
            EventKind.STARTED,
            "EG-KITA",
            {"checkpoint": "continued", "warm": True},
            "controller started on EG-KITA; checkpoint=continued, warm=yes",
        ),
        (EventKind.STOPPED, "EG-KITA", {"warm": False}, "controller stopped on EG-KITA; warm=no"),
        (
            EventKind.RELAY,
            "fan",
            {"reason": "restored", "load_kw": -0.01},
            "fan restored: there is room for it again (0 kW)",
        ),
        (EventKind.ACKNOWLEDGED, "all", {"count": 3}, "alarms acknowledged, all; count=3"),
        (EventKind.OUTPUT, "fault", {}, "output fault"),
        (
            EventKind.HEAL,
            "main",
            {"outcome": "began", "text": "silent"},
            "healing of bus main: began: silent",
        ),
        (
            EventKind.HEAL,
            "main",
            {"outcome": "no_reply", "rung": 3, "duration_s": 21.4},
            "healing of bus main: rung 3, no reply after 21.4 s",
        ),
    ],
)
def test_condition_or_order_is_one_line_with_its_facts(
    kind: EventKind, subject: str, facts: dict[str, Any], line: str
) -> None:
    assert _line(kind, subject, **facts) == line
