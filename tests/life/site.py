"""A site in virtual time for days or years: decisions, journal and recorder as they are used, and
once a day a look at what they hold.

Scans are further apart than a gateway's, so that a year takes minutes; every part of the state is
used each day: plans, orders, an outage of the meter, a night without a clock.
"""

from __future__ import annotations

import gc
import math
import sys
from array import array
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from edge.core.controller import Controller, new_state
from edge.core.demand.localtime import local_datetime
from edge.core.demand.plan import read_plan
from edge.core.demand.planday import PlanDay
from edge.core.twin.sync_energy import EnergyTrail
from edge.keeper.flight import FlightRecorder, Header
from edge.keeper.journal import Journal
from edge.keeper.link import EventRecord, ScanRecord, StateRecord
from edge.model.checkpoint import Checkpoint
from edge.model.event import Event, Severity
from edge.model.order import Acknowledge, Order, Override, OverrideMode, SetLimit, TakePlan
from edge.model.plan import Plan
from edge.model.scan import ClockTrust, MeterSample, PulseSample, ScanInputs, ScanOutputs
from edge.model.spec import ControlSpec
from edge.model.units import NS_PER_S, UWH_PER_WH
from tests.specs import control_spec

DAY_S: Final = 86_400
ZONE: Final = ZoneInfo("Europe/Berlin")
FILE_BYTES_MAX: Final = 1_000_000  # of the journal, and of the recorder's incidents
_BOOT_NS: Final = 1_000 * NS_PER_S
_PULSE_UWH: Final = 24 * UWH_PER_WH
_STATE_S: Final = 600  # a checkpoint to the recorder
_COMMIT_S: Final = 6 * 3600
_OUTAGE_S: Final = range(2 * 3600, 2 * 3600 + 900)  # of each day, without meter and pulses
_NO_CLOCK_S: Final = range(3 * 3600, 4 * 3600)
_encode: Final = msgspec.msgpack.Encoder().encode


class Held(Struct, frozen=True):
    """At the end of each day: blocks of memory that Python holds, bytes of a checkpoint, of the
    journal with its log, of kept incidents, files in the ring.
    """

    blocks: list[int]
    state_bytes: list[int]
    journal_bytes: list[int]
    incident_bytes: list[int]
    ring_files: list[int]


class Disk:
    """What the keeper writes of a site, into `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._journal = Journal(folder / "journal.db", FILE_BYTES_MAX)
        header = Header("life", "EG-KITA", "", b"")
        self._recorder = FlightRecorder(
            header, folder / "ring", folder / "incidents", FILE_BYTES_MAX
        )
        self._pending: list[Event] = []
        self._written = 0

    def take(self, number: int, inputs: ScanInputs, outputs: ScanOutputs) -> None:
        if any(event.severity is Severity.ALARM for event in outputs.events):
            self._recorder.mark()
        self._recorder.record(ScanRecord(number, _encode(inputs), 0))
        self._pending += outputs.events

    def state(self, number: int, inputs: ScanInputs, state: bytes) -> None:
        now = inputs.now_mono_ns, inputs.now_utc_ns, inputs.clock_trust
        point = Checkpoint("boot", *now, "site", number, msgspec.Raw(state))
        self._recorder.state(StateRecord(point))

    def commit(self) -> None:
        self._journal.append([EventRecord(1, self._written, tuple(self._pending))])
        self._written += len(self._pending)
        self._pending.clear()

    def held(self) -> tuple[int, int, int]:
        return (
            _bytes_in(self._folder, "journal.db*"),
            _bytes_in(self._folder / "incidents", "*"),
            sum(1 for _ in (self._folder / "ring").iterdir()),
        )

    def close(self) -> None:
        self._recorder.close()
        self._journal.close()


class Site:
    """`leak` is called with each scan's outputs: a test's own fault."""

    def __init__(
        self,
        first: date,
        step_s: int,
        disk: Disk | None = None,
        leak: Callable[[ScanOutputs], object] = lambda _outputs: None,
    ) -> None:
        self._spec = _spec(step_s)
        self._step_s = step_s
        self._disk = disk
        self._leak = leak
        self._start_utc_s = PlanDay(first, ZONE, 1800 * NS_PER_S).starts_utc_ns[0] // NS_PER_S
        self._controller = Controller(self._spec, new_state(), _BOOT_NS)
        self._trail = EnergyTrail()
        self._scans = 0
        self._energy_uwh = 0

    def live(self, days: int, tell: Callable[[int], None] = lambda _day: None) -> Held:
        """`days` days of 24 h, one after the other; `tell` hears of each that is over."""
        held = {name: array("q", [0] * days) for name in Held.__struct_fields__}
        for day in range(days):
            for second in range(0, DAY_S, self._step_s):
                self._scan(day, second)
            self._look(held, day)
            tell(day)
        return Held(*(list(values) for values in held.values()))

    def _look(self, held: dict[str, array[int]], day: int) -> None:
        gc.collect()
        held["blocks"][day] = sys.getallocatedblocks()
        held["state_bytes"][day] = len(_encode(self._controller.state))
        if self._disk is not None:
            of_disk = self._disk.held()
            held["journal_bytes"][day], held["incident_bytes"][day] = of_disk[:2]
            held["ring_files"][day] = of_disk[2]

    def _scan(self, day: int, second: int) -> None:
        inputs = self._inputs(day, second)
        outputs = self._controller.step(inputs)
        self._leak(outputs)
        self._trail.note(self._controller.state.metering.ledger, self._controller.bookings)
        self._scans += 1
        if self._disk is None:
            return
        self._disk.take(self._scans, inputs, outputs)
        if second % _STATE_S == 0:
            self._disk.state(self._scans, inputs, _encode(self._controller.state))
        if second % _COMMIT_S == 0:
            self._disk.commit()

    def _inputs(self, day: int, second: int) -> ScanInputs:
        elapsed_s = day * DAY_S + second + self._step_s
        now_ns = _BOOT_NS + elapsed_s * NS_PER_S
        now_utc_ns = (self._start_utc_s + elapsed_s) * NS_PER_S
        # A working day that passes the contract of 600 kW until loads are shed.
        shed_w = sum(
            load.rated_w
            for load, relay in zip(self._spec.shedding.loads, self._controller.relays, strict=True)
            if relay.shed
        )
        wave = math.sin(math.tau * second / DAY_S - math.pi / 2) + 0.2 * math.sin(second / 700)
        power_w = max(0.0, 450_000.0 + 250_000.0 * wave - shed_w)
        self._energy_uwh += round(power_w * self._step_s * UWH_PER_WH / 3600)
        is_out = second in _OUTAGE_S
        count = self._energy_uwh // _PULSE_UWH
        return ScanInputs(
            now_ns,
            now_utc_ns,
            ClockTrust.UNTRUSTED if second in _NO_CLOCK_S else ClockTrust.NTP,
            () if is_out else (PulseSample("incomer", 1, count, now_ns),),
            meters=()
            if is_out
            else (MeterSample("incomer", now_ns, power_w, self._energy_uwh, 0),),
            orders=self._orders(second, now_utc_ns),
        )

    def _orders(self, second: int, now_utc_ns: int) -> tuple[Order, ...]:
        if second == 12 * 3600:
            return (TakePlan(self._plan(now_utc_ns), "life"), Acknowledge("life"))
        if second == 13 * 3600:
            limit = SetLimit(500_000.0, now_utc_ns, now_utc_ns + 3600 * NS_PER_S, "life")
            return (limit, Override("fan-1", OverrideMode.SHED, 600 * NS_PER_S, "life"))
        return ()

    def _plan(self, now_utc_ns: int) -> Plan:
        """Of tomorrow, as a file with the times of a day with 46, 48 or 50 slots."""
        assert self._spec.plan is not None
        tomorrow = local_datetime(now_utc_ns, ZONE).date() + timedelta(days=1)
        day = PlanDay(tomorrow, ZONE, self._spec.plan.slot_ns)
        rows = [f"{day.written(start_utc_ns)},250" for start_utc_ns in day.starts_utc_ns]
        file = "\n".join(["slot_start,planned_kwh", *rows, ""]).encode()
        return read_plan(
            file,
            day=tomorrow,
            timezone=ZONE,
            spec=self._spec.plan,
            now_utc_ns=now_utc_ns,
            previous=None,
            contract_w=self._spec.demand.contract_w,
        )


def _spec(step_s: int) -> ControlSpec:
    """The mill, with patience for scans that are so far apart."""
    spec = control_spec()
    stale_ns = 3 * step_s * NS_PER_S + NS_PER_S
    (meter,) = spec.metering.meters
    meters = (replace(meter, stale_ns=stale_ns),)
    return replace(
        spec,
        timezone=ZONE,
        metering=replace(spec.metering, meters=meters, stale_ns=stale_ns),
    )


def _bytes_in(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern))
