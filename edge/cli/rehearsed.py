"""What a rehearsal showed, from the pictures that this unit gave of itself meanwhile: how long each
change took, which loads moved, and whether the energy went on. Reads nothing itself.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from msgspec import Struct

from edge.keeper.requests import Answer
from edge.model.status import Status
from edge.model.units import NS_PER_S

_W_S_PER_KWH: Final = 3_600_000.0


class Leg(Struct, frozen=True):
    """One change of the duty. `took_s` from the order, or the kill, to the change of roles; of a
    failover it is at most so long, since this unit was not there to see it. `line_s`: until the
    picture that showed a query of the new one on the meter lines; None where there is no witness.
    """

    old: str
    new: str
    took_s: float
    line_s: float | None = None


class Sight(Struct, frozen=True):
    """One picture, as far as a rehearsal is concerned."""

    mono_ns: int
    power_w: float | None
    energy_kwh: float | None
    elapsed_s: float | None
    shed: tuple[str, ...]
    on_duty: str | None


class Rehearsal(Struct, frozen=True):
    """The report. `why` is empty where all went well."""

    unit: str
    site: str
    kind: str
    begun_utc_ns: int
    took_s: float
    legs: tuple[Leg, ...]
    loads_moved: tuple[str, ...]
    energy_error_kwh: float | None
    energy_kwh: float | None
    before: Sight
    after: Sight
    why: str = ""


def sight_of(answer: Answer, on_duty: str | None) -> Sight | None:
    """None while there is no picture."""
    status = answer.status
    if status is None:
        return None
    demand = next((limit for limit in status.limits if limit.name == "demand"), None)
    return Sight(
        status.mono_ns,
        status.power_w,
        demand.energy_kwh if demand else None,
        demand.elapsed_s if demand else None,
        _shed(status),
        on_duty,
    )


def _shed(status: Status) -> tuple[str, ...]:
    return tuple(load.name for load in status.loads if load.shed)


def loads_moved(sights: list[Sight]) -> tuple[str, ...]:
    """Loads that did not stay as they were, in any picture."""
    first = set(sights[0].shed) if sights else set()
    return tuple(sorted(set().union(*(first ^ set(sight.shed) for sight in sights))))


def energy(sights: list[Sight]) -> tuple[float | None, float | None]:
    """Energy that was booked, and by how much that differs from power times time, in kWh. Steps
    over the end of an interval, or without power, count in neither.
    """
    booked_kwh = drawn_kwh = 0.0
    counted = False
    for old, new in pairwise(sights):
        if old.power_w is None or new.power_w is None:
            continue
        if old.energy_kwh is None or new.energy_kwh is None:
            continue
        if (new.elapsed_s or 0.0) < (old.elapsed_s or 0.0):
            continue
        counted = True
        booked_kwh += new.energy_kwh - old.energy_kwh
        length_s = (new.mono_ns - old.mono_ns) / NS_PER_S
        drawn_kwh += (old.power_w + new.power_w) / 2 * length_s / _W_S_PER_KWH
    return (booked_kwh, booked_kwh - drawn_kwh) if counted else (None, None)


def report_text(report: Rehearsal) -> str:
    """For people, a line a fact."""
    begun = datetime.fromtimestamp(report.begun_utc_ns / NS_PER_S, UTC).astimezone()
    lines = [
        f"{report.unit}, {report.site}: rehearsal of a {report.kind}, {begun:%Y-%m-%d %H:%M:%S}",
        *(_leg_text(leg, report.kind, place) for place, leg in enumerate(report.legs)),
        f"loads that moved: {', '.join(report.loads_moved) or 'none'}",
    ]
    if report.energy_error_kwh is not None and report.energy_kwh is not None:
        lines.append(
            f"energy: {report.energy_kwh:.3f} kWh booked, {report.energy_error_kwh:+.3f} kWh"
            " against power times time"
        )
    lines.append(f"on duty before: {report.before.on_duty}, after: {report.after.on_duty}")
    lines.append(f"whole rehearsal: {report.took_s:.1f} s")
    lines.append(f"FAILED: {report.why}" if report.why else "all went well")
    return "\n".join(lines)


def _leg_text(leg: Leg, kind: str, place: int) -> str:
    bound = "at most " if kind == "failover" and place == 0 else ""
    line = "" if leg.line_s is None else f"; its queries on the line within {leg.line_s:.1f} s"
    return f"{leg.old} to {leg.new}: {bound}{leg.took_s:.2f} s{line}"
