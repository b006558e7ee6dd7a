"""A small site, and a run of it with faults and orders that is recorded as the gateway would."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge.config.codec import encode_spec
from edge.config.load import LoadedSite, load_site
from edge.core.controller import Controller, new_state
from edge.core.replay import encode, outputs_crc
from edge.keeper.flight import FlightRecorder, Header
from edge.keeper.link import ScanRecord, StateRecord
from edge.model.checkpoint import Checkpoint
from edge.model.event import Event
from edge.model.order import Acknowledge, Order, Override, OverrideMode, SetLimit
from edge.model.scan import (
    BusCondition,
    BusSample,
    ClockTrust,
    FeedbackSample,
    MeterFault,
    MeterSample,
    PulseSample,
    ScanInputs,
)
from edge.model.units import NS_PER_S, UWH_PER_WH

# 2026-04-01T09:00 in Tokyo.
START_UTC_NS = 1_775_001_600 * NS_PER_S
BOOT_NS = 500 * NS_PER_S

SITE = """
[site]
name = "Rolling mill"
timezone = "Asia/Tokyo"
[unit.EG-KITA]
hardware_serial = "10000000a1b2c3d4"
[demand]
interval_s = 900
contract_kw = 500
[plan]
directory = "plans"
loss_ratio = 0.042
slot_s = 1800
[bus.main]
kind = "rtu"
port = "/dev/serial/by-path/usb-port0"
[meter.incomer]
bus = "main"
unit_id = 1
profile = "janitza-umg"
role = "site"
[pulse.incomer]
pin = 17
wh_per_pulse = 100
[metering]
cross_check_s = 300
[load.chiller]
pin = 5
rated_kw = 120
priority = 1
min_shed_s = 60
max_shed_s = 300
feedback_pin = 6
[load.fan]
pin = 12
rated_kw = 60
priority = 2
min_shed_s = 30
max_shed_s = 600
[watchdog]
device = ""
[store]
directory = "{folder}/store"
[control]
socket = "{folder}/control.sock"
"""


def write_site(folder: Path, text: str = SITE) -> Path:
    """The site file, with its own socket and store in `folder`."""
    path = folder / "site.toml"
    path.write_text(text.replace("{folder}", str(folder)))
    return path


def loaded_site(folder: Path) -> LoadedSite:
    return load_site(write_site(folder))


class RecordedRun:
    """A run of `steps` seconds: 480 kW, then 620 kW from the 200th second, with faults between."""

    def __init__(self, loaded: LoadedSite, folder: Path, seconds: int) -> None:
        self._controller = Controller(loaded.spec, new_state(), BOOT_NS)
        header = Header("0.1.0", "EG-KITA", loaded.spec.site, encode_spec(loaded.spec))
        self._recorder = FlightRecorder(header, folder / "flight", folder / "kept", 1 << 30)
        self._uwh = 0
        self._shed = {load.name: False for load in loaded.spec.shedding.loads}
        self.events: list[Event] = []
        self._state(0, BOOT_NS)
        for second in range(1, seconds + 1):
            self._scan(second)
        self._recorder.close()

    def _scan(self, second: int) -> None:
        now_ns = BOOT_NS + second * NS_PER_S
        inputs = self._inputs(second, now_ns)
        outputs = self._controller.step(inputs)
        self._shed = {relay.load: relay.shed for relay in outputs.relays}
        self.events += outputs.events
        self._recorder.record(ScanRecord(second, encode(inputs), outputs_crc(outputs)))
        if second % 7 == 0:
            self._state(second, now_ns)

    def _state(self, number: int, now_ns: int) -> None:
        state = msgspec.Raw(encode(self._controller.state))
        utc_ns = START_UTC_NS + now_ns - BOOT_NS
        checkpoint = Checkpoint("boot", now_ns, utc_ns, ClockTrust.NTP, "site", number, state)
        self._recorder.state(StateRecord(checkpoint))

    def _inputs(self, second: int, now_ns: int) -> ScanInputs:
        power_w = 480e3 if second < 200 else 620e3
        power_w -= 120e3 * self._shed["chiller"] + 60e3 * self._shed["fan"]
        self._uwh += round(power_w / 3600 * UWH_PER_WH)
        pulses = self._uwh // (100 * UWH_PER_WH)
        dead = 330 <= second < 360
        meter = MeterSample("incomer", now_ns - 40_000_000, power_w, self._uwh, 0, 1000)
        if 290 <= second < 370:
            meter = MeterSample("incomer", now_ns, fault=MeterFault.NO_REPLY)
        return ScanInputs(
            now_ns,
            START_UTC_NS + second * NS_PER_S,
            ClockTrust.NTP,
            () if dead else (PulseSample("incomer", 1, pulses, now_ns - 10_000_000),),
            (),
            (meter,),
            _bus(second),
            (FeedbackSample("chiller", not self._shed["chiller"]),),
            _orders(second),
            ("fan",) if 420 <= second < 440 else (),
        )


def _bus(second: int) -> tuple[BusSample, ...]:
    conditions = {1: BusCondition.OK, 300: BusCondition.NO_METER_ANSWERS, 370: BusCondition.OK}
    return (BusSample("main", conditions[second]),) if second in conditions else ()


def _orders(second: int) -> tuple[Order, ...]:
    start_utc_ns = START_UTC_NS + second * NS_PER_S
    orders: dict[int, Order] = {
        100: Override("fan", OverrideMode.SHED, 60 * NS_PER_S, "kim"),
        480: SetLimit(400e3, start_utc_ns, start_utc_ns + 300 * NS_PER_S, "kim"),
        500: Acknowledge("kim"),
    }
    return (orders[second],) if second in orders else ()
