"""The whole decision: same inputs, same outputs, also across a checkpoint; and its picture."""

from __future__ import annotations

import re

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.controller import Controller, ControllerState, new_state
from edge.model.event import EventKind, Severity
from edge.model.order import Acknowledge, Order, Override, OverrideMode, SetLimit
from edge.model.scan import (
    AlarmOutputs,
    BusCondition,
    BusSample,
    ClockTrust,
    HealthSample,
    MeterFault,
    MeterSample,
    PulseSample,
    RelayCommand,
    ScanInputs,
    ScanOutputs,
)
from edge.model.status import SourceStatus, Stage
from edge.model.twin import RelayState
from tests.specs import control_spec

_S = 1_000_000_000
_START_NS = 5_000 * _S
_UTC_NS = 1_790_000_000 * _S  # 2026-09-21T13:33:20Z: 200 s into a half-hour
_PULSE_UWH = 24_000_000


class _Mill:
    """Feeds a controller one scan a second with a power that the test sets."""

    def __init__(self, state: ControllerState | None = None) -> None:
        self.controller = Controller(control_spec(), state or new_state(), _START_NS)
        self.energy_uwh = 0
        self.second = 0

    def scan(self, power_w: float, **more: object) -> ScanOutputs:
        self.second += 1
        self.energy_uwh += round(power_w * 1e6 / 3600)
        now_ns = _START_NS + self.second * _S
        pulses = (PulseSample("incomer", 1, self.energy_uwh // _PULSE_UWH, now_ns),)
        meters = (MeterSample("incomer", now_ns, power_w, self.energy_uwh, 0),)
        inputs = ScanInputs(
            now_ns, _UTC_NS + self.second * _S, ClockTrust.NTP, pulses, meters=meters
        )
        return self.controller.step(msgspec.structs.replace(inputs, **more))


def test_picture_before_the_first_scan_is_none() -> None:
    assert _Mill().controller.status() is None


def test_decision_before_the_first_scan_has_no_words_and_no_instant() -> None:
    controller = _Mill().controller
    assert (controller.now_mono_ns, controller.bookings) == (0, ())
    assert (controller.verdict, controller.reason()) == ((Stage.NORMAL, ""), "")
    assert controller.relay_states(_START_NS) == (RelayState(False, 0),) * 3


def test_reason_of_a_decision_has_its_numbers() -> None:
    mill = _Mill()
    mill.scan(360_000.0, pulses=(), meters=())
    assert mill.controller.reason() == "lost_hold"
    for _ in range(150):
        mill.scan(360_000.0)
    assert mill.controller.verdict == (Stage.NORMAL, "normal")
    assert re.fullmatch(r"normal, demand 3\d\d\.\d of 600\.0 kW", mill.controller.reason())
    assert [booking.to_mono_ns for booking in mill.controller.bookings] == [
        mill.controller.now_mono_ns
    ]


def test_commands_have_the_age_of_their_move() -> None:
    mill = _Mill()
    for _ in range(700):
        mill.scan(700_000.0)
    now_ns = mill.controller.now_mono_ns
    since_ns = {
        name: load.since_mono_ns for name, load in mill.controller.state.shedding.loads.items()
    }
    first = mill.controller.relay_states(now_ns + _S)[0]
    assert first.shed
    assert since_ns["chiller-1"] == now_ns + _S - first.age_ns
    assert first.age_ns < 700 * _S


def test_controller_continued_from_a_state_keeps_its_picture_and_its_patience() -> None:
    """A source that has stopped goes stale however often the state is replaced."""
    mill = _Mill()
    for _ in range(30):
        mill.scan(360_000.0)
    before = mill.controller.status()
    mill.controller = mill.controller.continued(mill.controller.state)
    assert mill.controller.status() == before
    for _ in range(30):
        mill.scan(360_000.0, pulses=(), meters=())
        mill.controller = mill.controller.continued(mill.controller.state)
    status = mill.controller.status()
    assert status is not None
    assert status.metering.startswith("lost for ")


def test_picture_shows_the_last_scan() -> None:
    mill = _Mill()
    for _ in range(150):
        mill.scan(360_000.0)
    status = mill.controller.status()
    assert status is not None
    assert (status.site, status.stage, status.metering) == ("Rolling mill", Stage.NORMAL, "ok")
    assert status.power_w is not None
    assert abs(status.power_w - 360_000) < 2_000
    (demand,) = status.limits
    assert (demand.name, demand.binding, demand.target_w) == ("demand", "contract", 600_000.0)
    assert demand.projected_w_low <= demand.projected_w <= demand.projected_w_high
    assert demand.elapsed_s + demand.remaining_s == 1800
    assert status.sources == (
        SourceStatus("pulse.incomer", in_use=True, ok=True, age_s=0.0),
        SourceStatus("meter.incomer.energy", in_use=False, ok=True, age_s=0.0),
        SourceStatus("meter.incomer.power", in_use=False, ok=True, age_s=0.0),
    )
    assert [load.name for load in status.loads] == ["chiller-1", "compressor-1", "fan-1"]


def test_picture_without_meters_says_since_when_they_are_lost() -> None:
    mill = _Mill()
    mill.scan(360_000.0)
    for _ in range(40):
        mill.scan(360_000.0, pulses=(), meters=())
    status = mill.controller.status()
    assert status is not None
    assert status.metering.startswith("lost for ")
    assert status.power_w is None


def test_picture_at_the_very_end_of_an_interval_has_no_endless_number() -> None:
    mill = _Mill()
    for _ in range(1600):
        mill.scan(360_000.0)
        status = mill.controller.status()
        assert status is not None
        msgspec.json.decode(msgspec.json.encode(status), type=type(status))


def test_power_above_the_target_sheds_and_lights_the_lamps() -> None:
    mill = _Mill()
    outputs = mill.scan(700_000.0)
    assert outputs.relays == tuple(
        RelayCommand(name, shed=False) for name in ("chiller-1", "compressor-1", "fan-1")
    )
    for _ in range(700):
        outputs = mill.scan(700_000.0)
    assert outputs.alarms.caution
    assert outputs.alarms.shed
    assert RelayCommand("chiller-1", shed=True) in outputs.relays


def test_condition_of_the_gateway_is_an_event_and_stands_on_the_board() -> None:
    mill = _Mill()
    disk = HealthSample("disk", severe=True, text="full")
    clock = HealthSample("clock", severe=False, text="not set")
    outputs = mill.scan(1e5, health=(disk, clock))
    health = [event for event in outputs.events if event.kind is EventKind.HEALTH]
    assert [(e.subject, e.severity, e.facts) for e in health] == [
        ("disk", Severity.ALARM, {"text": "full"}),
        ("clock", Severity.WARNING, {"text": "not set"}),
    ]
    assert outputs.alarms == AlarmOutputs(fault=True, buzzer=True)
    gone = HealthSample("disk", severe=True, text="")
    outputs = mill.scan(1e5, health=(gone,))
    assert [(e.severity, e.facts) for e in outputs.events] == [(Severity.INFO, {"cleared": True})]
    assert outputs.alarms == AlarmOutputs()


_ORDERS: st.SearchStrategy[Order] = st.one_of(
    st.just(Acknowledge("a")),
    st.builds(
        Override,
        st.sampled_from(["chiller-1", "fan-1"]),
        st.sampled_from(OverrideMode),
        st.integers(1, 600).map(lambda s: s * _S),
        st.just("a"),
    ),
    st.builds(
        SetLimit,
        st.one_of(st.none(), st.just(300_000.0)),
        st.just(_UTC_NS),
        st.just(_UTC_NS + 900 * _S),
        st.just("a"),
    ),
)


@st.composite
def _days(draw: st.DrawFn) -> list[ScanInputs]:
    """Some hundred scans at uneven distances, with everything that may go wrong on the way."""
    inputs = []
    now_ns, energy_uwh, epoch = _START_NS, 0, 1
    for _ in range(draw(st.integers(2, 120))):
        step_ns = draw(st.sampled_from([_S // 10, _S, 7 * _S, 65 * _S]))
        power_w = draw(st.sampled_from([0.0, 250e3, 590e3, 900e3]))
        now_ns += step_ns
        energy_uwh += int(power_w * step_ns / 3_600_000)
        epoch += draw(st.integers(0, 20)) == 20
        trust = draw(st.sampled_from(ClockTrust))
        clock_ns = draw(st.sampled_from([0, 0, 0, 3600 * _S]))
        fault = draw(st.sampled_from([None, None, None, MeterFault.NO_REPLY]))
        meter = MeterSample("incomer", now_ns, fault=fault)
        if fault is None:
            meter = MeterSample("incomer", now_ns, power_w, energy_uwh, 0)
        inputs.append(
            ScanInputs(
                now_ns,
                _UTC_NS + now_ns - _START_NS + clock_ns,
                trust,
                (PulseSample("incomer", epoch, energy_uwh // _PULSE_UWH, now_ns),),
                meters=(meter,) if draw(st.booleans()) else (),
                buses=draw(st.sampled_from([(), (BusSample("main", BusCondition.OK),)])),
                orders=tuple(draw(st.lists(_ORDERS, max_size=1))),
                relay_faults=draw(st.sampled_from([(), (), ("fan-1",)])),
            )
        )
    return inputs


@settings(max_examples=60)
@given(inputs=_days(), cut=st.floats(0, 1))
def test_run_continued_from_a_checkpoint_gives_the_same_outputs_to_the_bit(
    inputs: list[ScanInputs], cut: float
) -> None:
    """What a replay, a restart and the twin all rest on."""
    encode = msgspec.msgpack.encode
    whole = Controller(control_spec(), new_state(), _START_NS)
    begun = Controller(control_spec(), new_state(), _START_NS)
    split = int(len(inputs) * cut)
    expected = [encode(whole.step(one)) for one in inputs]
    got = [encode(begun.step(one)) for one in inputs[:split]]
    state = msgspec.msgpack.decode(encode(begun.state), type=ControllerState)
    continued = Controller(control_spec(), state, _START_NS)
    got += [encode(continued.step(one)) for one in inputs[split:]]
    assert got == expected
    assert encode(continued.state) == encode(whole.state)
