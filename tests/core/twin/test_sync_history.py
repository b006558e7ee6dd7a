"""Demands that reach further back than the running interval, and the estimate of present power."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.model.spec import ControlSpec, DemandMethod
from tests.core.twin.sync_plant import MS, Gateway, S, pulses_only

_SPEC = pulses_only()


def _demand(method: DemandMethod) -> ControlSpec:
    spec = pulses_only()
    return replace(
        spec, plan=None, demand=replace(spec.demand, method=method, subinterval_ns=60 * S)
    )


@pytest.mark.parametrize("method", [DemandMethod.SLIDING, DemandMethod.THERMAL])
def test_history_of_other_demands_comes_with_the_energy(method: DemandMethod) -> None:
    spec = _demand(method)
    edges = [at * 300 * MS for at in range(1, 1600)]
    duty, standby = Gateway(spec, edges, 0, 0), Gateway(spec, edges, 500 * S, 390 * S)
    for step in range(1, 4000):
        duty.scan(step * 100 * MS)
        if step > 3900:
            standby.scan(step * 100 * MS + 37 * MS)
    assert standby.adopt(duty.tell(), 500 * S, 399_950 * MS)
    theirs = duty.scan(400 * S)
    ours = standby.scan(400 * S)
    assert ours.relays == theirs.relays
    assert standby.running_uwh == duty.running_uwh
    ours_now, theirs_now = standby.controller.state.demand, duty.controller.state.demand
    assert ours_now.sliding == theirs_now.sliding
    assert ours_now.response.demand_w == pytest.approx(theirs_now.response.demand_w, rel=1e-3)
    # A unit that has just begun estimates the power as its peer does.
    assert len(ours_now.history.times_mono_ns) == len(theirs_now.history.times_mono_ns)
    assert ours_now.history.totals_uwh[-1] == theirs_now.history.totals_uwh[-1]


def test_history_of_its_own_is_kept_where_it_is_as_long() -> None:
    edges = [at * 300 * MS for at in range(1, 1600)]
    duty, standby = Gateway(_SPEC, edges, 0, 50 * S), Gateway(_SPEC, edges, 500 * S, 0)
    for step in range(1, 1000):
        standby.scan(step * 100 * MS)
        if step > 500:
            duty.scan(step * 100 * MS)
    own = standby.controller.state.demand.history
    assert standby.adopt(duty.tell(), 500 * S, 99_950 * MS)
    assert standby.controller.state.demand.history is own
