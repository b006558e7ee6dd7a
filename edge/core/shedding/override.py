"""Operators' overrides of single loads: taken, expired, ended. They are wishes; the interlock still
rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge.core.shedding.loads import Load
from edge.model.event import Event, EventKind, Severity
from edge.model.order import Override, OverrideMode
from edge.model.status import Stage
from edge.model.units import NS_PER_S


def take(order: Override, loads: Mapping[str, Load], now_mono_ns: int, now_utc_ns: int) -> Event:
    """Put one order into force; an unknown load or a duration that is not above zero is refused."""
    load = loads.get(order.load)
    ends = order.mode is OverrideMode.AUTO
    refused = None
    if load is None:
        refused = "unknown_load"
    elif not ends and order.duration_ns <= 0:
        refused = "duration_not_positive"
    else:
        load.state.override = None if ends else order.mode
        load.state.override_until_mono_ns = None if ends else now_mono_ns + order.duration_ns
    return Event(
        now_mono_ns,
        now_utc_ns,
        EventKind.OVERRIDE,
        order.load,
        Severity.INFO if refused is None else Severity.WARNING,
        {
            "mode": order.mode,
            "duration_s": order.duration_ns / NS_PER_S,
            "who": order.who,
            "refused": refused,
        },
    )


def expire(loads: Sequence[Load], now_mono_ns: int, now_utc_ns: int) -> list[Event]:
    """End overrides whose time is over; loads stay as they are until automation moves them."""
    events = []
    for load in loads:
        state = load.state
        if state.override_until_mono_ns is None or now_mono_ns < state.override_until_mono_ns:
            continue
        facts = {"mode": OverrideMode.AUTO, "expired": state.override, "cleared": True}
        state.override = None
        state.override_until_mono_ns = None
        events.append(
            Event(now_mono_ns, now_utc_ns, EventKind.OVERRIDE, load.name, Severity.INFO, {**facts})
        )
    return events


def alarms(load: Load, stage: Stage) -> bool:
    """Whether a load is kept on by hand while shedding falls short; the operator answers for it."""
    return load.state.override is OverrideMode.RUN and stage >= Stage.LIMIT


def announce(load: Load, alarm: bool, stage: Stage, now_mono_ns: int, now_utc_ns: int) -> Event:
    """The event of that alarm, as it comes or goes."""
    load.state.override_alarm = alarm
    return Event(
        now_mono_ns,
        now_utc_ns,
        EventKind.OVERRIDE,
        load.name,
        Severity.ALARM if alarm else Severity.INFO,
        {"mode": load.state.override, "stage": stage.name.lower(), "cleared": not alarm},
    )
