"""A day of a steel plant in 48 intervals of a minute, with a fault in every third of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pytest

from hil.observer import Dwell, IntervalEnergy
from hil.scenarios.works import CONTRACT_KW, INTERVAL_S, MIN_SHED_S, shedding_works
from hil.suite.ability import Ability
from hil.suite.protocol import Gateway
from hil.suite.scene import Scene
from hil.works import FEEDER, LOADS, PULSE_UWH

pytestmark = [
    pytest.mark.soak,
    pytest.mark.works(shedding_works()),
    pytest.mark.held(),
    pytest.mark.needs(Ability.POWER, Ability.USB, Ability.LINKS),
]

# A row for each quarter of an hour, played in half a minute; see day.md.
_DAY = Path(__file__).with_name("day.csv")
_QUARTER_S = INTERVAL_S / 2
_ROW_H = 0.25
# The plant's other loads make up the rest: the contract is passed in most of the working hours.
_BASE_RATIO = 0.85
_FAULT_EVERY = 3
_FAULT_AFTER_S = 8.0
_DARK_S = 5.0
_POWER_KW_MAX = 900.0
# A gateway that was dead in an interval may call it partial.
_NOT_WHOLE_COUNT_MAX = 8
_NS_PER_S = 1_000_000_000

Fault = Callable[[Scene, Gateway, Gateway], None]


def _kill(_scene: Scene, active: Gateway, _standby: Gateway) -> None:
    active.kill_control()


def _hand_over(_scene: Scene, _active: Gateway, standby: Gateway) -> None:
    assert standby.order("handover", to=standby.unit)["ok"]


def _cut_power(scene: Scene, active: Gateway, _standby: Gateway) -> None:
    active.power_off()
    scene.watch(_DARK_S)
    active.power_on()


def _cut_paths(scene: Scene, _active: Gateway, _standby: Gateway) -> None:
    scene.bench.links.cut()
    scene.watch(_DARK_S)
    scene.bench.links.cut(on=False)


def _pull_adapter(scene: Scene, _active: Gateway, standby: Gateway) -> None:
    standby.usb.pull()
    scene.watch(_DARK_S)
    standby.usb.plug()


def _stop_service(_scene: Scene, active: Gateway, _standby: Gateway) -> None:
    active.stop_service()
    active.start_service()


def _short_line(scene: Scene, _active: Gateway, _standby: Gateway) -> None:
    scene.bench.line.short(on=True)
    scene.watch(_DARK_S)
    scene.bench.line.short(on=False)


def _hang(_scene: Scene, active: Gateway, _standby: Gateway) -> None:
    active.hang()


# Resets by the watchdog are far enough apart for no gateway to become one of last resort.
_FAULTS: tuple[Fault, ...] = (
    _kill, _hand_over, _cut_power, _cut_paths, _pull_adapter, _stop_service, _short_line, _hang,
)  # fmt: skip


@pytest.mark.covers("SOAK")
def test_day_of_a_steel_plant_is_held_with_a_fault_in_every_third_interval(scene: Scene) -> None:
    """A recorded day, half an hour of it in each minute's interval; in every third one a fault: a
    kill, a handover, a power cut, cut paths, a pulled adapter, a stopped service, a shorted line,
    a hang. Expected: each interval ends below the contract by the observer's own count, each
    gateway's account agrees with that, never two drive the line, and no load is shed for less than
    its least time, but one with contacts in series when a gateway has no power.
    """
    scene.begin()
    base_kw = iter(_day_kw())
    scene.bench.plant.run(next(base_kw))
    begin_ns = _last_end_ns(scene, scene.bench.now_ns())
    first_ns = begin_ns
    faults = cycle(_FAULTS)
    troubled: list[tuple[int, int]] = []
    for number, kw in enumerate(base_kw):
        scene.bench.plant.set_base_kw(kw)
        if number % (2 * _FAULT_EVERY) == 0:
            _wait_until(scene, begin_ns + round(_FAULT_AFTER_S * _NS_PER_S))
            active, standby = scene.settled()
            since_ns = scene.bench.now_ns()
            next(faults)(scene, active, standby)
            scene.settled()
            troubled.append((since_ns, scene.bench.now_ns()))
        begin_ns += round(_QUARTER_S * _NS_PER_S)
        _wait_until(scene, begin_ns)
    _last_end_ns(scene, begin_ns - INTERVAL_S * _NS_PER_S // 4)
    _judge(scene, first_ns, troubled)


def _day_kw() -> Iterator[float]:
    _, *rows = _DAY.read_text().splitlines()
    for row in rows:
        _, energy_kwh = row.split(",")
        yield _BASE_RATIO * float(energy_kwh) / _ROW_H


def _wait_until(scene: Scene, until_ns: int) -> None:
    scene.watch(max(0, until_ns - scene.bench.now_ns()) / _NS_PER_S)


def _last_end_ns(scene: Scene, since_ns: int) -> int:
    """The end of an interval that ends from an instant on."""

    def look() -> int | None:
        ends_ns = [each.end_ns for each in _intervals(scene) if each.end_ns >= since_ns]
        return ends_ns[0] if ends_ns else None

    return scene.wait("the end of a whole interval", look, 2 * INTERVAL_S + 10)


def _intervals(scene: Scene) -> list[IntervalEnergy]:
    return [each for each in scene.witness.log.intervals() if each.feeder == FEEDER and each.whole]


def _judge(scene: Scene, first_ns: int, troubled: list[tuple[int, int]]) -> None:
    intervals = [each for each in _intervals(scene) if each.start_ns >= first_ns]
    scene.measure("intervals", len(intervals), "", at_least=47)
    demands_kw = [each.mean_import_w / 1000 for each in intervals]
    scene.measure("highest demand", max(demands_kw), "kW", at_most=CONTRACT_KW)
    assert scene.witness.overlaps(first_ns) == []
    short = [
        dwell
        for dwell in scene.witness.log.chatter(MIN_SHED_S - 0.2)
        if dwell.since_ns >= first_ns and dwell.shed
    ]
    chatter = [dwell for dwell in short if not _is_by_wiring(dwell, troubled)]
    assert chatter == [], f"loads: shed for less than their least time: {chatter}"
    lag_uwh = PULSE_UWH + round(_POWER_KW_MAX * scene.allowed.counted_s / 3600 * 1e9)
    for gateway in scene.bench.gateways.values():
        unit = gateway.unit
        errors = _errors_uwh(scene, gateway, intervals)
        least = len(intervals) - _NOT_WHOLE_COUNT_MAX
        scene.measure(f"{unit}: intervals told", len(errors), "", at_least=least)
        worst_wh = max(abs(each) for each in errors) / 1e6
        scene.measure(f"{unit}: worst of an interval", worst_wh, "Wh", at_most=lag_uwh / 1e6)


def _is_by_wiring(dwell: Dwell, troubled: list[tuple[int, int]]) -> bool:
    """Whether a gateway that was down in a fault may have shed it, and nobody's decision."""
    in_series = LOADS[dwell.load].safe == "shed"
    return in_series and any(begin <= dwell.since_ns <= end for begin, end in troubled)


def _errors_uwh(scene: Scene, gateway: Gateway, intervals: list[IntervalEnergy]) -> list[int]:
    """Of each interval that the gateway has told whole, against the plant's own counter."""
    told = {
        event.facts["start_utc_ns"] + INTERVAL_S * _NS_PER_S: event.facts["energy_uwh"]
        for event in scene.events(gateway)
        if event.kind == "interval_closed" and not event.facts["partial"]
    }
    return [
        told[each.end_utc_ns] - each.import_uwh for each in intervals if each.end_utc_ns in told
    ]
