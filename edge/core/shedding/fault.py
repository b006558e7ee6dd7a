"""Faults of a load: its output, its contact, its response. Announces each change once; moves
nothing.
"""

from __future__ import annotations

from typing import Final

from edge.core.shedding.loads import Load
from edge.core.shedding.reason import LoadFault
from edge.model.event import Event, EventKind, Severity
from edge.model.units import NS_PER_S, W_PER_KW

# A contactor and its auxiliary contact need some time after the lead time to open.
CONTACT_NS: Final = 5 * NS_PER_S

SEVERITY: Final = {
    LoadFault.RELAY: Severity.ALARM,
    LoadFault.CONTACT_STUCK: Severity.ALARM,
    LoadFault.NO_RESPONSE: Severity.WARNING,
}


def present_fault(load: Load, now_mono_ns: int) -> LoadFault | None:
    """The worst fault that the load has now. An open contact of a load that may run is none."""
    state = load.state
    if load.relay_fault:
        return LoadFault.RELAY
    assert state.since_mono_ns is not None
    off_ns = 0 if state.on else now_mono_ns - state.since_mono_ns
    if state.closed and off_ns > load.spec.lead_ns + CONTACT_NS:
        return LoadFault.CONTACT_STUCK
    return LoadFault.NO_RESPONSE if state.no_response else None


def announce(load: Load, fault: LoadFault | None, now_mono_ns: int, now_utc_ns: int) -> Event:
    """The event of a fault that came, changed or went (None) since the last scan."""
    before = load.state.fault
    load.state.fault = fault
    return Event(
        now_mono_ns,
        now_utc_ns,
        EventKind.LOAD,
        load.name,
        SEVERITY[fault] if fault else Severity.INFO,
        {
            "fault": fault or before,
            "cleared": fault is None,
            "commanded_on": load.state.on,
            "load_kw": load.state.learned_w / W_PER_KW,
        },
    )
