"""A status answer as the keeper gives it, with every kind of line in it."""

from __future__ import annotations

from edge.keeper.link import ScanHealth
from edge.keeper.requests import Answer, Identity
from edge.model.status import LimitStatus, LoadStatus, SourceStatus, Stage, Status
from tests.cli.plant import START_UTC_NS

IDENTITY = Identity("EG-KITA", "Rolling mill", "single", "eg-kita", "10000000a1b2c3d4", "0.1.0", 71)
STATUS = Status(
    mono_ns=1,
    utc_ns=START_UTC_NS,
    clock_trust="ntp",
    site="Rolling mill",
    stage=Stage.SHED,
    power_w=512_345.0,
    metering="ok",
    limits=(
        LimitStatus(
            "demand", 5e5, "contract", 35.75, 477e3, 512.7e3, 455.6e3, 533.3e3, -7600.0, 270, 630
        ),
        LimitStatus("plan", 6e5, "plan", 35.75, 477e3, 494e3, 455e3, 533e3, None, 1800.0, 0.0),
    ),
    sources=(
        SourceStatus("pulse.incomer", True, True, 0.04),
        SourceStatus("meter.incomer.energy", False, True, 12.0),
        SourceStatus("meter.incomer.power", False, False, None),
    ),
    loads=(
        LoadStatus(
            "chiller", True, False, 119e3, "projected_over", 42.0, 18.0, None, "no_response"
        ),
        LoadStatus("fan", False, None, 36.3e3, "restored", 3700.0, 0.0, "run", None),
    ),
    alarms=("plan 2026-04-01", "load chiller"),
    why="shedding:demand",
)
HEALTH = ScanHealth(1000, 2, 76.4, 235.1, 330.2, 1203.0, True, False, "10 s")
ANSWER = Answer(ok=True, identity=IDENTITY, status=STATUS, health=HEALTH, age_s=0.4)
