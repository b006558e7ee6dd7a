"""From a request at the desk to an order for the controller, or the reason why it is refused."""

from __future__ import annotations

from typing import assert_never

from edge.keeper.requests import (
    AskAcknowledge,
    AskLimit,
    AskOverride,
    AskPlanImport,
    AskStatus,
    Request,
)
from edge.keeper.setup import KeeperSetup
from edge.model.order import Acknowledge, Order, Override, OverrideMode, SetLimit
from edge.model.units import NS_PER_S


def order_of(request: Request, setup: KeeperSetup, who: str) -> Order | str:
    """The order that `request` means, or a line that says why it is refused."""
    match request:
        case AskOverride():
            return _override(request, setup, who)
        case AskAcknowledge():
            return Acknowledge(who)
        case AskLimit():
            if request.end_utc_ns <= request.start_utc_ns:
                return "limit: must end after it starts; nothing was changed"
            if request.limit_w is not None and not 0 < request.limit_w <= setup.power_w_max:
                return (
                    f"limit: got {request.limit_w / 1e3:g} kW, need above 0 and at most "
                    f"{setup.power_w_max / 1e3:g} kW; nothing was changed"
                )
            return SetLimit(request.limit_w, request.start_utc_ns, request.end_utc_ns, who)
        case AskStatus() | AskPlanImport():
            raise AssertionError(request)  # answered before an order is asked for
        case _:
            assert_never(request)


def _override(request: AskOverride, setup: KeeperSetup, who: str) -> Order | str:
    if request.load not in setup.loads:
        known = ", ".join(setup.loads)
        return f"override: no such load: got {request.load}, need one of {known}; nothing changed"
    limit_s = setup.override_s_max
    if request.mode is not OverrideMode.AUTO and not 0 < request.duration_s <= limit_s:
        return (
            f"override {request.load}: duration: got {request.duration_s} s, need 1 to {limit_s} s;"
            " nothing changed"
        )
    return Override(request.load, request.mode, request.duration_s * NS_PER_S, who)
