"""The same plant without a controller: what its intervals would have taken.

It runs the plant model again with the same seed and the same orders at the same times and no
contact ever open, so it needs no guess of what shedding has saved.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hil.observer import Log
from hil.plant import Plant, PlantSpec

_STEP_NS = 100_000_000


def uncontrolled_uwh(plant: dict[str, Any], seed: int, log: Log, feeder: str) -> dict[int, int]:
    """Energy by the end (`boundary_utc_ns`) of each whole interval in the board's log."""
    twin = Plant(msgspec.convert(plant, PlantSpec), seed)
    ends: dict[int, int] = {}
    at_ns: int | None = None
    before_uwh: int | None = None
    for event in log.events:
        if at_ns is None:
            at_ns = event["t_ns"] if event["event"] == "start" else None
            continue
        if event["event"] not in {"plant_order", "load_trip", "interval"}:
            continue
        _run(twin, event["t_ns"] - at_ns)
        at_ns = max(at_ns, event["t_ns"])
        if event["event"] == "plant_order":
            twin.order(event["name"], event["value_w"])
        elif event["event"] == "load_trip":
            twin.trip(event["load"], on=event["on"])
        else:
            taken_uwh = twin.state().feeders[feeder].import_uwh
            if before_uwh is not None:
                ends[event["boundary_utc_ns"]] = taken_uwh - before_uwh
            before_uwh = taken_uwh
    return ends


def _run(twin: Plant, lasts_ns: int) -> None:
    while lasts_ns > 0:
        step_ns = min(_STEP_NS, lasts_ns)
        twin.step(step_ns / 1e9, set())
        lasts_ns -= step_ns
