"""From a request at the desk to an order for the controller, or the reason why it is refused."""

from __future__ import annotations

from typing import Final, assert_never

from edge.keeper.requests import AskAcknowledge, AskLimit, AskOverride, PowerRequest
from edge.model.order import Acknowledge, Order, Override, OverrideMode, SetLimit
from edge.model.spec import ControlSpec
from edge.model.units import NS_PER_S

_OVERRIDE_S_MAX: Final = 24 * 3600


def order_of(request: PowerRequest, spec: ControlSpec, who: str) -> Order | str:
    """The order that `request` means, or a line that says why it is refused."""
    match request:
        case AskOverride():
            return _override(request, spec, who)
        case AskAcknowledge():
            return Acknowledge(who)
        case AskLimit():
            if request.end_utc_ns <= request.start_utc_ns:
                return "limit: must end after it starts; nothing was changed"
            if request.limit_w is not None and not 0 < request.limit_w <= spec.metering.power_w_max:
                return (
                    f"limit: got {request.limit_w / 1e3:g} kW, need above 0 and at most "
                    f"{spec.metering.power_w_max / 1e3:g} kW; nothing was changed"
                )
            return SetLimit(request.limit_w, request.start_utc_ns, request.end_utc_ns, who)
        case _:
            assert_never(request)


def _override(request: AskOverride, spec: ControlSpec, who: str) -> Order | str:
    loads = [load.name for load in spec.shedding.loads]
    if request.load not in loads:
        known = ", ".join(loads)
        return f"override: no such load: got {request.load}, need one of {known}; nothing changed"
    if request.mode is not OverrideMode.AUTO and not 0 < request.duration_s <= _OVERRIDE_S_MAX:
        return (
            f"override {request.load}: duration: got {request.duration_s} s,"
            f" need 1 to {_OVERRIDE_S_MAX} s; nothing changed"
        )
    return Override(request.load, request.mode, request.duration_s * NS_PER_S, who)
