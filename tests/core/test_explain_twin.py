"""Events between two gateways as lines for people."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge.core.explain import explain
from edge.model.event import Event, EventKind


@pytest.mark.parametrize(
    ("subject", "facts", "line"),
    [
        (
            "role",
            {
                "from": "suspect",
                "to": "claim",
                "why": "no heartbeat, and the bus is silent",
                "epoch": 8,
                "grade": "last_resort",
                "silence_s": 2.41,
                "heard_s": 2.5,
                "peer_role": "active",
                "peer_grade": "fit",
                "peer_epoch": 7,
            },
            (
                "role: suspect to claim: no heartbeat, and the bus is silent; epoch 8, last resort,"
                " no query of the peer for 2.4 s, peer heard 2.5 s ago (active, fit, epoch 7)"
            ),
        ),
        (
            "role",
            {"from": "boot", "to": "listen", "why": "first scan", "epoch": 0, "heard_s": None},
            "role: boot to listen: first scan; epoch 0",
        ),
        ("role", {"from": "boot", "to": "listen"}, "role: boot to listen"),
        (
            "handover",
            {"refused": True, "why": "nobody is ready to take over"},
            "twin, handover: refused: nobody is ready to take over",
        ),
        (
            "maintenance",
            {"refused": True, "why": "is listen, and the peer is not on duty", "n": 1},
            "twin, maintenance: refused: is listen, and the peer is not on duty; n=1",
        ),
        ("stranger", {"cleared": True, "why": "bus quiet"}, "twin, stranger: over: bus quiet"),
    ],
)
def test_twin_event_is_one_line_with_its_reason_and_numbers(
    subject: str, facts: dict[str, Any], line: str
) -> None:
    event = Event(0, 0, EventKind.TWIN, subject, facts=facts)
    assert explain(event, ZoneInfo("Asia/Tokyo")) == line
