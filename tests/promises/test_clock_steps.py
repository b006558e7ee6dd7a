"""Promise: a clock that steps by an hour makes no 29- or 31-minute interval and no energy.

The whole decision is fed, scan by scan, with pulses of a plant of constant power.
"""

from __future__ import annotations

import msgspec
import pytest

from edge.core.controller import Controller, new_state
from edge.model.event import Event, EventKind
from edge.model.scan import ClockTrust, PulseSample, ScanInputs
from edge.model.units import NS_PER_HOUR, NS_PER_MIN, NS_PER_S, UWH_PER_KWH
from tests.specs import control_spec

_BEGIN_MONO_NS = 5_000 * NS_PER_S
_BEGIN_UTC_NS = 1_790_001_000 * NS_PER_S  # 2026-09-21T13:50:00Z
_PULSE_UWH = 24_000_000
_LASTS_S = 3 * 3600
_W = 432_000.0  # a pulse each 0.2 s


def _run(trust: ClockTrust, step_ns: int) -> tuple[list[Event], float, float]:
    """Three hours, a scan each two seconds, with the step after 70 minutes: events, the energy of
    the interval that is running at the end, and that of all pulses, in kWh.
    """
    spec = control_spec()
    plain = msgspec.structs.replace(
        spec,
        plan=None,
        metering=msgspec.structs.replace(
            spec.metering, sources=spec.metering.sources[:1], meters=()
        ),
    )
    controller = Controller(plain, new_state(), _BEGIN_MONO_NS)
    events: list[Event] = []
    for second in range(0, _LASTS_S, 2):
        now_ns = _BEGIN_MONO_NS + second * NS_PER_S
        stepped_ns = step_ns if second >= 70 * 60 else 0
        inputs = ScanInputs(
            now_ns,
            _BEGIN_UTC_NS + second * NS_PER_S + stepped_ns,
            trust,
            (PulseSample("incomer", 1, 5 * second, now_ns),),
        )
        events += controller.step(inputs).events
    status = controller.status()
    assert status is not None
    (limit,) = [limit for limit in status.limits if limit.name == "demand"]
    return events, limit.energy_kwh, (_LASTS_S - 2) * 5 * _PULSE_UWH / UWH_PER_KWH


@pytest.mark.parametrize("trust", list(ClockTrust))
@pytest.mark.parametrize("step_ns", [NS_PER_HOUR, -NS_PER_HOUR, 59 * NS_PER_MIN, -61 * NS_PER_MIN])
def test_clock_that_steps_by_an_hour_makes_no_odd_interval_and_no_energy(
    trust: ClockTrust, step_ns: int
) -> None:
    events, running_kwh, pulses_kwh = _run(trust, step_ns)
    closed = [event.facts for event in events if event.kind is EventKind.INTERVAL_CLOSED]
    whole = [facts for facts in closed if not facts["partial"]]
    assert len(whole) >= 3
    assert {facts["length_s"] for facts in whole} == {1800.0}
    # What is whole has the energy of 30 minutes to a pulse each, and the demand of the plant.
    for facts in whole:
        assert facts["energy_kwh"] == pytest.approx(216.0, abs=2 * _PULSE_UWH / UWH_PER_KWH)
        assert facts["demand_kw"] == pytest.approx(_W / 1e3, abs=0.1)
    # A partial one never makes a peak, and all together hold what was counted.
    assert all(facts["demand_kw"] <= _W / 1e3 + 0.1 for facts in closed)
    booked_kwh = sum(facts["energy_kwh"] for facts in closed) + running_kwh
    assert booked_kwh == pytest.approx(pulses_kwh, abs=2 * _PULSE_UWH / UWH_PER_KWH)
    assert any(event.kind is EventKind.CLOCK for event in events)
