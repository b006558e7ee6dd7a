"""Orders of people in a pair: those on power go to the unit on duty, whichever desk took them.

What an order does is not decided here. One that can not be carried ends with an event that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from edge.app.duty import power_orders
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.order import (
    FROM_JOURNAL,
    Acknowledge,
    Handover,
    Identify,
    Maintenance,
    Order,
    TakePlan,
    TwinOrder,
)
from edge.model.units import NS_PER_S
from edge.peer.link import PeerLink

# Far longer than the site is ever without a unit on duty. What was ordered before is history: an
# override for half an hour must not begin the next morning.
_WAITING_NS: Final = 30 * NS_PER_S

_encode_order: Final = msgspec.msgpack.Encoder().encode
_decode_order: Final = msgspec.msgpack.Decoder(Order).decode


class Carried:
    """Between this unit's desk, its peer's, and whichever of the two carries out."""

    def __init__(self, link: PeerLink) -> None:
        self._link = link
        self._twin_orders: list[TwinOrder] = []
        self._posted_mono_ns: int | None = None
        self._events: list[Event] = []

    def route(
        self,
        orders: Sequence[Order | TwinOrder],
        now_mono_ns: int,
        now_utc_ns: int,
        *,
        here: bool,
    ) -> tuple[Order, ...]:
        """What this unit carries out of `orders`, and of those that came over the link. `here`:
        those on power are its business. Once in each scan.
        """
        self._twin_orders += [o for o in orders if isinstance(o, Handover | Maintenance)]
        for order in orders:
            if isinstance(order, Identify):
                self._link.ask_identify(order.duration_ns)
        own = power_orders(orders)
        if here:
            self._posted_mono_ns = None
            # What the peer did not take any more stands before what it sends.
            carried = (*self._link.withdraw_orders(), *self._link.take_orders())
            return (*own, *self._decoded(carried, now_mono_ns, now_utc_ns))
        self._link.refuse_orders()
        for order in own:
            if not _is_remembered(order):
                self._post(order, now_mono_ns, now_utc_ns)
        self._expire(now_mono_ns, now_utc_ns)
        return tuple(
            order for order in own if isinstance(order, Acknowledge) or _is_remembered(order)
        )

    def take_twin_orders(self) -> list[TwinOrder]:
        """Those for the twin of this unit, since the last call."""
        orders, self._twin_orders = self._twin_orders, []
        return orders

    def take_events(self) -> tuple[Event, ...]:
        """What could not be carried, since the last call."""
        events, self._events = self._events, []
        return tuple(events)

    def _post(self, order: Order, now_mono_ns: int, now_utc_ns: int) -> None:
        if self._link.post_order(_encode_order(order)):
            self._posted_mono_ns = now_mono_ns
        else:
            self._refuse("too many wait for the peer, or it is too large", now_mono_ns, now_utc_ns)

    def _expire(self, now_mono_ns: int, now_utc_ns: int) -> None:
        posted_mono_ns = self._posted_mono_ns
        if posted_mono_ns is None or now_mono_ns - posted_mono_ns < _WAITING_NS:
            return
        self._posted_mono_ns = None
        for _ in self._link.withdraw_orders():
            self._refuse("no unit on duty has taken it in time", now_mono_ns, now_utc_ns)

    def _decoded(
        self, carried: Sequence[bytes], now_mono_ns: int, now_utc_ns: int
    ) -> tuple[Order, ...]:
        orders = []
        for each in carried:
            try:
                orders.append(_decode_order(each))
            except msgspec.MsgspecError as error:
                # A newer release may know orders that this one does not.
                self._refuse(
                    f"the peer's order is not known here: {error}", now_mono_ns, now_utc_ns
                )
        return tuple(orders)

    def _refuse(self, why: str, now_mono_ns: int, now_utc_ns: int) -> None:
        facts: dict[str, Fact] = {"refused": True, "why": why}
        self._events.append(
            Event(now_mono_ns, now_utc_ns, EventKind.TWIN, "order", Severity.WARNING, facts)
        )


def _is_remembered(order: Order) -> bool:
    """A plan of an earlier day's import, given again at each start of the keeper."""
    return isinstance(order, TakePlan) and order.who == FROM_JOURNAL


def asks_for(orders: Sequence[TwinOrder], unit: str) -> bool:
    """Whether one of them wants the duty at `unit`."""
    return any(isinstance(order, Handover) and order.to == unit for order in orders)


def wanted_maintenance(orders: Sequence[TwinOrder]) -> bool | None:
    """What the newest order of its kind wants, None without any."""
    asked = [order.begin for order in orders if isinstance(order, Maintenance)]
    return asked[-1] if asked else None
