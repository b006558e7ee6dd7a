"""A status answer laid out for people. State is said in words and shape; colour only repeats it."""

from __future__ import annotations

from typing import Final

from rich.console import RenderableType
from rich.text import Text

from edge.cli.screen import table
from edge.cli.terms import NOTHING, clock_time, duration, kw, number
from edge.cli.twin_view import twin_view
from edge.keeper.link import ScanHealth
from edge.keeper.requests import Answer, Identity
from edge.model.healing import HealingStatus
from edge.model.role_mark import role_mark
from edge.model.status import LimitStatus, LoadStatus, SourceStatus, Stage, Status

# The control process gives a picture twice a second.
STALE_S: Final = 3.0
_STAGE_STYLES: Final = {
    Stage.NORMAL: "",
    Stage.CAUTION: "yellow",
    Stage.SHED: "yellow",
    Stage.LIMIT: "bold red",
    Stage.OVER: "bold red",
}


def status_view(answer: Answer) -> list[RenderableType]:
    """The parts of the page, top to bottom. `answer` is an ok one, so it carries everything."""
    status, identity = answer.status, answer.identity
    assert status is not None
    assert identity is not None
    parts: list[RenderableType] = [_head(identity, status)]
    age_s = answer.age_s or 0.0
    if age_s > STALE_S:
        parts.append(
            Text(
                f"! this picture is {duration(age_s)} old: the control process gives no newer one",
                "bold red",
            )
        )
    if answer.twin is not None:
        parts += [*twin_view(answer.twin), Text()]
    parts += [_healing(healing) for healing in answer.healing]
    parts += picture_view(status)
    if answer.health is not None:
        parts.append(_scan(answer.health))
    return parts


def picture_view(status: Status) -> list[RenderableType]:
    """What the controller knows and does, without who it is."""
    parts: list[RenderableType] = [_stage(status), _power(status), Text(), _limits(status)]
    parts += [Text(), _sources(status)]
    if status.loads:
        parts += [Text(), _loads(status)]
    return [*parts, Text(), _alarms(status)]


def _head(identity: Identity, status: Status) -> Text:
    return Text(
        f"{identity.unit}, {identity.site}  {role_mark(identity.role)}  "
        f"{clock_time(status.utc_ns)} (clock: {status.clock_trust})",
        "bold",
    )


def _healing(healing: HealingStatus) -> Text:
    return Text(
        f"! {healing.line}: healing, rung {healing.rung} of {healing.of}: {healing.text}", "yellow"
    )


def _stage(status: Status) -> Text:
    why = status.why.replace("_", " ").replace(":", ", ")
    return Text.assemble(
        "stage ", (status.stage.name, _STAGE_STYLES[status.stage]), f", controller is: {why}"
    )


def _power(status: Status) -> Text:
    lost = status.metering != "ok"
    return Text.assemble(
        f"power {kw(status.power_w)}, metering ", (status.metering, "bold red" if lost else "")
    )


def _limits(status: Status) -> RenderableType:
    columns = (
        "limit",
        "energy>",
        "mean so far>",
        "projected>",
        "low to high>",
        "target>",
        "set by",
        "adjustable>",
        "time left>",
    )
    return table(columns, [_limit_row(limit) for limit in status.limits])


def _limit_row(limit: LimitStatus) -> tuple[str | Text, ...]:
    over = limit.projected_w > limit.target_w
    return (
        limit.name,
        f"{number(limit.energy_kwh)} kWh",
        kw(limit.demand_w),
        Text(f"{kw(limit.projected_w)}{' over' if over else ''}", "bold red" if over else ""),
        f"{number(limit.projected_w_low / 1e3)} to {kw(limit.projected_w_high)}",
        kw(limit.target_w),
        limit.binding,
        kw(limit.adjustable_w),
        duration(limit.remaining_s),
    )


def _sources(status: Status) -> RenderableType:
    return table(
        ("source of energy", "state", "last heard>"),
        [(source.name, _source_state(source), _age(source.age_s)) for source in status.sources],
    )


def _source_state(source: SourceStatus) -> Text:
    if not source.ok:
        return Text("× not believed", "red")
    return Text("● in use" if source.in_use else "○ ready")


def _age(age_s: float | None) -> str:
    if age_s is None:
        return "never"
    return f"{age_s:.1f} s ago" if age_s < 10 else f"{duration(age_s)} ago"


def _loads(status: Status) -> RenderableType:
    columns = (
        "load",
        "state",
        "contact",
        "counted with>",
        "since>",
        "because",
        "may move in>",
        "by hand",
        "fault",
    )
    return table(columns, [_load_row(load) for load in status.loads])


def _load_row(load: LoadStatus) -> tuple[str | Text, ...]:
    contact = {True: "closed", False: "open", None: NOTHING}[load.on]
    return (
        load.name,
        "▼ shed" if load.shed else "▲ running",
        contact,
        kw(load.learned_w),
        duration(load.since_s),
        load.reason.replace("_", " "),
        duration(load.wait_s) if load.wait_s > 0 else "now",
        load.override or NOTHING,
        Text(load.fault.replace("_", " "), "red") if load.fault else NOTHING,
    )


def _alarms(status: Status) -> Text:
    if not status.alarms:
        return Text("alarms: none")
    return Text("alarms: " + ", ".join(status.alarms), "red")


def _scan(health: ScanHealth) -> Text:
    missing = [
        name
        for name, there in (("real time", health.realtime), ("locked memory", health.memory_locked))
        if not there
    ]
    without = f", without {' and '.join(missing)}" if missing else ""
    return Text(
        f"scan: {health.scans} done, {health.overruns} overruns, late p50 "
        f"{health.late_us_p50:.0f} µs, p99 {health.late_us_p99:.0f} µs, p99.9 "
        f"{health.late_us_p999:.0f} µs, max {health.late_us_max:.0f} µs, "
        f"watchdog {health.watchdog}{without}"
    )
