"""With the real controllers: energy and relays of the survivor, after each kind of single fault."""

from __future__ import annotations

from unittest import mock

import pytest

from edge.app.following import Following
from tests.sim.run import run
from tests.sim.scenario import Fault, Scenario, Site

PLANT = Site(has_plant=True)
BACK = Fault(140.0, "handover", unit=0)
FAULTS = (
    Fault(67.3, "crash", for_s=1.0),
    Fault(67.3, "crash_silent", for_s=0.5),
    Fault(67.3, "crash", unit=1, for_s=1.0),
    Fault(67.3, "handover", unit=1, level=1.0),
    Fault(67.3, "hang", for_s=0.6),
    Fault(67.3, "hang", for_s=30.0),
    Fault(67.3, "power", for_s=5.0),
    Fault(67.3, "stop_control", for_s=1.0),
    Fault(67.3, "all_paths", for_s=5.0),
    Fault(67.3, "stop", for_s=3.0),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.for_s:g}s")
def test_survivor_has_every_pulse_once_and_moves_no_relay(fault: Fault) -> None:
    assert run(Scenario(1, 200.0, PLANT, (fault, BACK))).violations == ()


def test_survivor_that_did_not_take_over_the_state_is_seen() -> None:
    late = Site(has_plant=True, starts_s=(0.5, 30.0))
    with mock.patch.object(Following, "adopt", return_value=None):
        result = run(Scenario(1, 200.0, late, (FAULTS[3],)))
    assert [violation.checker for violation in result.violations] == ["EnergyExact"]


def test_state_that_is_taken_over_twice_is_seen() -> None:
    """The peer's energy on top of the own bookings of the same time."""
    whole = Following.adopt

    def doubled(self, told, peer, now_mono_ns):
        encoded = whole(self, told, peer, now_mono_ns)
        running = self.controller.state.demand.intervals.running
        if encoded is not None and running is not None:
            running.import_uwh += 24_000_000
        return encoded

    with mock.patch.object(Following, "adopt", doubled):
        result = run(Scenario(1, 100.0, PLANT, (FAULTS[3],)))
    assert [violation.checker for violation in result.violations] == ["EnergyExact"]
