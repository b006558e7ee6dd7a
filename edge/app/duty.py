"""Whether this unit is on duty, and what follows from it for the bus, the relays and the watchdog.

Called by the scan's phases in this order: `begin`, `route`, `decide`, `finish`. A site's only unit
has the duty always; of two, edge.app.pair knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from edge.bus.handle import BusWorker
from edge.core.controller import Controller
from edge.model.order import Handover, Identify, Maintenance, Order, TwinOrder
from edge.model.scan import HealthSample, ScanInputs, ScanOutputs
from edge.model.twin import TwinMemory
from edge.model.twin_status import TwinStatus

# A worker may put bytes on the wire for this long after the scan that renewed its lease.
BUS_LEASE_NS: Final = 250_000_000


class Duty(Protocol):
    """Owns the controller of the decisions, which a pair may replace by its peer's state."""

    @property
    def controller(self) -> Controller: ...

    @property
    def decided(self) -> ScanOutputs | None:
        """What the decisions said in the last scan, whatever became of it."""

    @property
    def may_feed(self) -> bool:
        """Whether the watchdog may be fed by a healthy scan."""

    @property
    def releases(self) -> bool:
        """At an end of this process: the peer's contacts decide alone, ours shed nothing."""

    @property
    def conditions(self) -> Sequence[HealthSample]: ...

    @property
    def memory(self) -> TwinMemory: ...

    @property
    def adopted(self) -> bytes | None:
        """The encoded state that replaced this unit's in this scan, before its decision."""

    def status(self) -> TwinStatus | None: ...

    def begin(self, now_mono_ns: int, now_utc_ns: int) -> None:
        """Before all else of a scan: who is on duty, and may the workers write?"""

    def route(self, orders: Sequence[Order | TwinOrder]) -> tuple[Order, ...]:
        """Of the orders that came in here, and at the peer, those to be carried out here."""

    def decide(self, inputs: ScanInputs) -> ScanOutputs:
        """What to write, and what has happened."""

    def finish(self, now_mono_ns: int) -> None:
        """The scan is complete: what the peer must know goes out."""

    def note_reset(self, now_utc_ns: int) -> None:
        """This start of the machine was a reset by its watchdog."""

    def may_end(self, stopping: bool) -> bool:
        """Told to stop, or not: whether the scan may end now."""

    def close(self, *, crashed: bool) -> None:
        """The workers have ended. `crashed`: the peer is told that this process has gone."""


class SingleDuty:
    """The only unit of its site."""

    def __init__(self, controller: Controller, workers: Sequence[BusWorker]) -> None:
        self.controller = controller
        self.decided: ScanOutputs | None = None
        self.may_feed = True
        self.releases = False
        self.conditions: Sequence[HealthSample] = ()
        self.memory = TwinMemory()
        self.adopted: bytes | None = None
        self._workers = workers

    def status(self) -> TwinStatus | None:
        return None

    def begin(self, now_mono_ns: int, now_utc_ns: int) -> None:  # noqa: ARG002 -- a pair's label
        for worker in self._workers:
            worker.renew(now_mono_ns + BUS_LEASE_NS)

    def route(self, orders: Sequence[Order | TwinOrder]) -> tuple[Order, ...]:
        return power_orders(orders)

    def decide(self, inputs: ScanInputs) -> ScanOutputs:
        self.decided = self.controller.step(inputs)
        return self.decided

    def finish(self, now_mono_ns: int) -> None:
        """Nobody is to be told."""

    def note_reset(self, now_utc_ns: int) -> None:
        """Nobody else is there to be preferred."""

    def may_end(self, stopping: bool) -> bool:
        return stopping

    def close(self, *, crashed: bool) -> None:
        """Nothing was opened."""


def power_orders(orders: Sequence[Order | TwinOrder]) -> tuple[Order, ...]:
    """Without those about the pair."""
    about_pair = Handover | Maintenance | Identify
    return tuple(order for order in orders if not isinstance(order, about_pair))
