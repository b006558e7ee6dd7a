"""Promise: a meter that answers garbage, late, for another, with another ratio or with no number is
noticed, its words are not believed, and what the plant uses is counted on.

A real meter server on the paced line, a real bus worker, the whole decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from edge.config.load import load_profiles
from edge.model.bus import PolledMeter
from edge.model.event import EventKind, Severity
from edge.model.scan import MeterFault
from hil.launch import BenchProcess
from hil.values import Values
from tests.bus.line import plan_for
from tests.hil.line_bench import LineBench
from tests.promises.gateway import POWER_W, Gateway

_BAUDRATE = 115200
_BEGIN_KWH = 100.0
_RESPONSE_MS_MAX = 60


class _Meter:
    """An SDM630 of the plant, and the gateway that reads it."""

    def __init__(self, folder: Path, ends: ExitStack) -> None:
        self.line = LineBench(folder, baudrate=_BAUDRATE, bits_per_char=10)
        ends.callback(self.line.close)
        path = folder / "values"
        self.values = ends.enter_context(
            Values.create(path, ["power_w", "import_kwh", "export_kwh"])
        )
        cells = {name: name for name in ("power_w", "import_kwh", "export_kwh")}
        config = {
            "values": str(path),
            "orders": str(folder / "meters.sock"),
            "line": {
                "kind": "serial",
                "port": str(self.line.paths["m"]),
                "baudrate": _BAUDRATE,
                "bits_per_char": 10,
            },
            "units": [{"unit_id": 1, "model": "eastron-sdm630", "cells": cells}],
        }
        self.server = BenchProcess("hil.meters.pymodbus_server", folder / "meters.json", config)
        ends.callback(self.server.close)
        profile = load_profiles(folder / "site.toml")["eastron-sdm630"]
        polled = PolledMeter("incomer", 1, profile.map, response_ms_max=_RESPONSE_MS_MAX)
        plan = plan_for(self.line.paths["a"], meters=(polled,), timeout_ms=100, poll_ms_min=20)
        self.gateway = ends.enter_context(_Following(plan, self.values))

    def order(self, verb: str, **words: Any) -> None:
        self.server.order(verb, unit=1, **words)


class _Following(Gateway):
    """The meter counts what the plant uses."""

    def __init__(self, plan: Any, values: Values) -> None:
        super().__init__(plan)
        self._values = values

    def scan(self) -> Any:
        self._values["power_w"] = POWER_W
        self._values["import_kwh"] = _BEGIN_KWH + self.true_kwh
        return super().scan()


@pytest.fixture
def meter(tmp_path: Path) -> Iterator[_Meter]:
    with ExitStack() as ends:
        yield _Meter(tmp_path, ends)


def _begin(meter: _Meter) -> Gateway:
    """Until the meter is believed."""
    gateway = meter.gateway
    good = 0
    for _ in range(2000):
        gateway.scan()
        good = sum(1 for sample in gateway.samples if sample.fault is None)
        if good >= 10:
            return gateway
    raise AssertionError(f"{good} good samples of {len(gateway.samples)}: {gateway.samples[-3:]}")


def _is_counted_exactly(gateway: Gateway) -> None:
    gateway.scan()
    assert gateway.energy_kwh == pytest.approx(gateway.true_kwh, abs=0.03)


LIES: dict[str, tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]], set[MeterFault]]] = {
    "garbage": (
        ("garbage", {"on": True}),
        ("garbage", {"on": False}),
        {MeterFault.BAD_REPLY, MeterFault.NO_REPLY},
    ),
    "late": (("delay", {"ms": 250}), ("delay", {"ms": 0}), {MeterFault.NO_REPLY, MeterFault.BUS}),
    "for-another": (
        ("wrong_unit", {"other": 9}),
        ("wrong_unit", {"other": 0}),
        {MeterFault.BAD_REPLY, MeterFault.NO_REPLY},
    ),
    "nan": (("nan", {"on": True}), ("nan", {"on": False}), {MeterFault.NOT_A_NUMBER}),
    "exception": (("exception", {"code": 2}), ("exception", {"code": 0}), {MeterFault.EXCEPTION}),
}


@pytest.mark.parametrize("lie", list(LIES))
def test_meter_that_lies_is_noticed_not_believed_and_the_plant_is_counted_on(
    meter: _Meter, lie: str
) -> None:
    (on, on_words), (off, off_words), expected = LIES[lie]
    gateway = _begin(meter)
    meter.order(on, **on_words)
    event = gateway.run_until(EventKind.METER, "incomer")
    assert event.severity is Severity.WARNING
    assert "meter incomer" in gateway.status.alarms
    heard = len(gateway.samples)
    gateway.run_scans(60)
    lied = gateway.samples[heard:]
    assert {sample.fault for sample in lied} <= expected, lied
    assert all(sample.power_w is None and sample.import_uwh is None for sample in lied)
    _is_counted_exactly(gateway)
    meter.order(off, **off_words)
    gateway.run_until(EventKind.METER, "incomer", is_cleared=True)
    assert "meter incomer" not in gateway.status.alarms
    good = [sample.power_w for sample in gateway.samples if sample.fault is None]
    assert set(good) == {POWER_W}
    _is_counted_exactly(gateway)


def test_meter_whose_ct_ratio_is_changed_is_told_by_the_cross_check(meter: _Meter) -> None:
    gateway = _begin(meter)
    before = len(gateway.events)
    meter.order("scale", factor=2.0)
    for subject in ("meter.incomer.power", "meter.incomer.energy"):
        event = gateway.run_until(EventKind.CROSS_CHECK, subject, since=before)
        assert event.severity is Severity.ALARM
        assert event.facts["reference"] == "pulse.incomer"
        assert event.facts["energy_kwh"] == pytest.approx(2 * event.facts["reference_kwh"], rel=0.1)
    assert "cross_check meter.incomer.energy" in gateway.status.alarms
    _is_counted_exactly(gateway)  # nothing of the jump was booked
    meter.order("scale", factor=1.0)
    gateway.run_until(EventKind.CROSS_CHECK, "meter.incomer.energy", is_cleared=True)
    _is_counted_exactly(gateway)
