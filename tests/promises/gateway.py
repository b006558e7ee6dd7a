"""A controller with a real bus worker, turned by the test in real time; the pulses are made up.

What reaches the decisions of the meter is what the worker makes of the line.
"""

from __future__ import annotations

import select
import time
from types import TracebackType
from typing import Final, Self

import msgspec

from edge.bus.clock import boottime_ns
from edge.bus.handle import BusWorker
from edge.core.controller import Controller, new_state
from edge.model.bus import BusPlan
from edge.model.event import Event, EventKind
from edge.model.scan import BusSample, ClockTrust, MeterSample, PulseSample, ScanInputs
from edge.model.spec import ControlSpec
from edge.model.status import Status
from edge.model.units import NS_PER_S
from tests.specs import control_spec

POWER_W: Final = 360_000.0
_PULSE_UWH: Final = 1_000_000  # 1 Wh: 100 pulses a second at this power
_SCAN_S: Final = 0.02
_DEADLINE_S: Final = 60.0


def quick_spec() -> ControlSpec:
    """The mill of tests.specs with fine pulses, and a cross-check each two seconds."""
    spec = control_spec()
    (pulse,) = spec.metering.pulses
    metering = msgspec.structs.replace(
        spec.metering,
        pulses=(msgspec.structs.replace(pulse, uwh_numerator=_PULSE_UWH),),
        cross_check_ns=2 * NS_PER_S,
    )
    return msgspec.structs.replace(spec, plan=None, metering=metering)


class Gateway:
    """Enter it to have the worker up. `events` are all that was decided so far."""

    def __init__(self, plan: BusPlan) -> None:
        self.events: list[Event] = []
        self.samples: list[MeterSample] = []
        self._plan = plan
        self._begin_mono_ns = boottime_ns()
        self._utc_ns = 1_790_000_000 * NS_PER_S - self._begin_mono_ns
        self._controller = Controller(quick_spec(), new_state(), self._begin_mono_ns)

    def __enter__(self) -> Self:
        self._worker = BusWorker(self._plan)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._worker.close()

    @property
    def true_kwh(self) -> float:
        """What the plant has used since the start."""
        return POWER_W / 1e3 * (boottime_ns() - self._begin_mono_ns) / 3600e9

    @property
    def status(self) -> Status:
        status = self._controller.status()
        assert status is not None
        return status

    @property
    def energy_kwh(self) -> float:
        """Of the present interval."""
        return next(limit.energy_kwh for limit in self.status.limits if limit.name == "demand")

    def scan(self) -> list[Event]:
        """Wait a scan's time, or for the worker, and decide."""
        select.select([self._worker._link], [], [], _SCAN_S)
        now_ns = boottime_ns()
        self._worker.renew(now_ns + NS_PER_S)
        self._worker.check(now_ns)
        drained = self._worker.drain()
        meters = tuple(sample for sample in drained if isinstance(sample, MeterSample))
        buses = tuple(sample for sample in drained if isinstance(sample, BusSample))
        count = int(self.true_kwh * 1e9) // _PULSE_UWH
        inputs = ScanInputs(
            now_ns,
            now_ns + self._utc_ns,
            ClockTrust.NTP,
            (PulseSample("incomer", 1, count, now_ns),),
            meters=meters,
            buses=buses,
        )
        outputs = self._controller.step(inputs)
        self.samples += meters
        self.events += outputs.events
        return list(outputs.events)

    def run_scans(self, count: int) -> None:
        for _ in range(count):
            self.scan()

    def run_until(
        self, kind: EventKind, subject: str, *, is_cleared: bool = False, since: int | None = None
    ) -> Event:
        """Scan until there is such an event, or its clearing, among the new ones (or those from
        the index `since` on); that event.
        """
        begin = len(self.events) if since is None else since
        end_s = time.monotonic() + _DEADLINE_S
        while time.monotonic() < end_s:
            for event in self.events[begin:]:
                found = (event.kind, event.subject, event.facts.get("cleared") is True)
                if found == (kind, subject, is_cleared):
                    return event
            self.scan()
        raise AssertionError(f"no event {kind} {subject}, cleared {is_cleared}, in {self.events}")
