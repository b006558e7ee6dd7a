"""Lines, the event queue and pulse contacts in single steps, where time is an argument."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator

import pytest

from hil.board import uapi
from hil.board.chip import Chip, LinesDevice
from hil.board.clock import Agenda
from hil.board.config import PulseConfig
from hil.board.feed import Pipe, RecordQueue
from hil.board.line import Line
from hil.board.pulses import PulseSource
from hil.board.uapi import Flag

_MS = 1_000_000
_EVENT = struct.Struct("=QIIII24x")  # struct gpio_v2_line_event


class Bench:
    """A chip of four lines; line 1 has a resistor that pulls it up."""

    def __init__(self) -> None:
        self.agenda = Agenda()
        self.outputs: list[tuple[int, int, bool, int]] = []
        self.lines = [Line(k, 1 if k == 1 else None, self._on_output) for k in range(4)]
        self.chip = Chip(self.lines, self.agenda, keeps_outputs=True)
        self._devices: list[LinesDevice] = []

    def _on_output(self, line: Line, t_ns: int) -> None:
        self.outputs.append((t_ns, line.offset, line.is_output, line.level))

    def request(
        self, offset: int, flags: int, debounce_us: int = 0, output: int = 0
    ) -> LinesDevice:
        setting = uapi.LineSetting(flags=int(flags), output=output, debounce_us=debounce_us)
        wanted = uapi.LineRequest(
            offsets=[offset], consumer="", settings=[setting], event_buffer_count=16
        )
        device = LinesDevice(self.chip, wanted, 0)
        os.set_blocking(device.pipe.theirs, False)
        self._devices.append(device)
        return device

    def close(self) -> None:
        for device in self._devices:
            device.pipe.hand_over()
            device.closed(0)


@pytest.fixture
def bench() -> Iterator[Bench]:
    chip = Bench()
    yield chip
    chip.close()


def read_events(device: LinesDevice) -> list[tuple[int, int]]:
    """`(event id, line_seqno)` of what waits in the pipe."""
    try:
        raw = os.read(device.pipe.theirs, 1 << 16)
    except BlockingIOError:
        return []
    return [(kind, line_seqno) for _, kind, _, _, line_seqno in _EVENT.iter_unpack(raw)]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (Flag.EDGE_RISING, [(1, 1)]),
        (Flag.EDGE_FALLING, [(2, 1)]),
        (Flag.EDGE_RISING | Flag.EDGE_FALLING, [(2, 1), (1, 2)]),
        (Flag.EDGE_RISING | Flag.ACTIVE_LOW, [(1, 1)]),
    ],
)
def test_line_edges_are_those_asked_for_in_logical_terms(
    bench: Bench, flags: Flag, expected: list[tuple[int, int]]
) -> None:
    device = bench.request(1, Flag.INPUT | flags)
    bench.lines[1].set_contact(0, _MS)
    bench.lines[1].set_contact(None, 2 * _MS)
    assert read_events(device) == expected


def test_line_debounce_passes_what_is_still_for_the_period_and_nothing_else(bench: Bench) -> None:
    device = bench.request(1, Flag.INPUT | Flag.EDGE_FALLING | Flag.EDGE_RISING, debounce_us=5000)
    line = bench.lines[1]
    for t_ms, level in [(0, 0), (1, None), (2, 0), (3, None), (4, 0)]:
        line.set_contact(level, t_ms * _MS)
    bench.agenda.run_due(8 * _MS)
    assert read_events(device) == []
    assert line.logical() == 1  # the value that the owner reads is debounced as well
    bench.agenda.run_due(9 * _MS)
    assert read_events(device) == [(2, 1)]
    assert line.logical() == 0
    line.set_contact(None, 10 * _MS)
    line.set_contact(0, 12 * _MS)
    bench.agenda.run_due(100 * _MS)
    assert read_events(device) == []


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        (Flag.BIAS_PULL_UP, 1),
        (Flag.BIAS_PULL_DOWN, 0),
        (Flag.BIAS_DISABLED, 0),
        (Flag(0), 1),  # as at power-on: GPIO 0 to 8 are pulled up
    ],
)
def test_line_open_input_has_the_level_of_its_bias(bench: Bench, flags: Flag, level: int) -> None:
    bench.request(2, Flag.INPUT | flags)
    assert bench.lines[2].level == level


def test_line_resistor_on_the_board_is_stronger_than_the_chips_bias(bench: Bench) -> None:
    bench.request(1, Flag.INPUT | Flag.BIAS_PULL_DOWN)
    assert bench.lines[1].level == 1


def test_line_request_as_is_leaves_a_persistent_output_driven(bench: Bench) -> None:
    device = bench.request(3, Flag.OUTPUT, output=0)
    device.closed(_MS)
    device.pipe.hand_over()
    bench._devices.clear()
    bench.request(3, 0)
    assert bench.outputs == [(0, 3, True, 0)]


def test_line_open_drain_that_lets_go_follows_its_pull(bench: Bench) -> None:
    bench.request(1, Flag.OUTPUT | Flag.OPEN_DRAIN, output=0)
    assert bench.lines[1].level == 0
    bench.lines[1].set_output(1, _MS)
    assert bench.lines[1].level == 1
    bench.lines[1].set_contact(0, 2 * _MS)
    assert bench.lines[1].level == 0


@pytest.mark.parametrize(
    "flags",
    [
        Flag.INPUT | Flag.OUTPUT,
        Flag.OUTPUT | Flag.EDGE_RISING,
        Flag.EDGE_RISING,
        Flag.INPUT | Flag.OPEN_DRAIN,
        Flag.OUTPUT | Flag.OPEN_DRAIN | Flag.OPEN_SOURCE,
        Flag.BIAS_PULL_UP,
        Flag.INPUT | Flag.BIAS_PULL_UP | Flag.BIAS_PULL_DOWN,
        1 << 40,
    ],
)
def test_line_request_with_contradicting_flags_is_invalid(bench: Bench, flags: int) -> None:
    with pytest.raises(OSError, match="Invalid") as caught:
        bench.request(0, flags)
    assert caught.value.errno == errno.EINVAL
    assert not bench.lines[0].in_use


def test_line_reconfigured_to_another_bias_makes_no_edge(bench: Bench) -> None:
    edges = Flag.EDGE_RISING | Flag.EDGE_FALLING
    device = bench.request(2, Flag.INPUT | Flag.BIAS_PULL_UP | edges)
    pulled_down = int(Flag.INPUT | Flag.BIAS_PULL_DOWN | edges)
    device.ioctl(uapi.SET_CONFIG, struct.pack("=QI260x", pulled_down, 0), _MS)
    assert bench.lines[2].level == 0
    assert read_events(device) == []
    bench.lines[2].set_contact(1, 2 * _MS)
    assert read_events(device) == [(1, 1)]


def test_line_value_of_an_input_can_not_be_set(bench: Bench) -> None:
    device = bench.request(0, Flag.INPUT)
    with pytest.raises(OSError, match="permitted") as caught:
        device.ioctl(uapi.SET_VALUES, uapi.encode_values(1, 1), 0)
    assert caught.value.errno == errno.EPERM


@pytest.mark.parametrize(("asked_count", "kept_count"), [(16, 16), (17, 32), (1024, 1024)])
def test_queue_keeps_the_newest_of_a_power_of_two_records(
    asked_count: int, kept_count: int
) -> None:
    pipe = Pipe(gateway_reads=True)
    queue = RecordQueue(pipe, 4, asked_count)
    for n in range(3000):
        queue.put(struct.pack("=I", n))
    got = [n for (n,) in struct.iter_unpack("=I", os.read(pipe.theirs, 1 << 16))]
    assert got == list(range(3000 - kept_count, 3000))
    assert queue.overflow_count == 3000 - kept_count
    pipe.hand_over()
    assert pipe.has_gone()
    queue.put(b"....")  # nobody is there: no error
    pipe.close()


def play(config: PulseConfig, *, until_ms: int, follow: list[tuple[int, int]]) -> list[int]:
    """Times in ms at which the contact closes, fed with `(t_ms, import_uwh)`."""
    agenda = Agenda()
    closed_ms: list[int] = []
    line = Line(1, 1, lambda *_: None)

    class Sink:
        def sense(self, sensed: Line, t_ns: int) -> None:
            if sensed.level == 0:
                closed_ms.append(t_ns // _MS)

    line.sink = Sink()
    source = PulseSource(config, [line], agenda)
    for t_ms, import_uwh in follow:
        agenda.run_due(t_ms * _MS)
        source.follow(import_uwh, t_ms * _MS)
    agenda.run_due(until_ms * _MS)
    assert len(closed_ms) == source.pulses_count
    return closed_ms


def test_pulse_weight_is_that_of_the_meter_with_its_transformers() -> None:
    """VT 60 × CT 20 at 50,000 pulse/kWh is 0.024 kWh a pulse; 500 kW is 5.8 pulses/s."""
    config = PulseConfig(pin=1, constant_per_kwh=50_000, ct_ratio=20, vt_ratio=60, width_s=0.03)
    seconds = 60
    uwh_per_20_ms = 500_000 * 1_000_000 * 20 // 3_600_000
    follow = [(20 * k, uwh_per_20_ms * k) for k in range(1, 50 * seconds + 1)]
    closed_ms = play(config, until_ms=61_000, follow=follow)
    assert len(closed_ms) == uwh_per_20_ms * 50 * seconds // 24_000_000 == 347


def test_pulses_of_one_step_are_made_one_after_the_other() -> None:
    config = PulseConfig(pin=1, constant_per_kwh=1000, width_s=0.03)
    assert play(config, until_ms=1000, follow=[(10, 3_000_000)]) == [10, 70, 130]


def test_pulse_bounce_adds_edges_and_no_pulse_beyond_the_debounce(bench: Bench) -> None:
    plain = bench.request(1, Flag.INPUT | Flag.EDGE_FALLING)
    source = PulseSource(PulseConfig(pin=1), [bench.lines[1]], bench.agenda)
    source.set_bounce(4, 0.004)
    source.order(2, 10.0, 0)
    bench.agenda.run_due(1000 * _MS)
    assert read_events(plain)[-1] == (2, 10)  # 2 pulses × (close + 2 + 2 re-closings)
    plain.closed(0)
    plain.pipe.hand_over()
    bench._devices.clear()
    debounced = bench.request(1, Flag.INPUT | Flag.EDGE_FALLING, debounce_us=10_000)
    source.order(2, 10.0, 2000 * _MS)
    bench.agenda.run_due(3000 * _MS)
    assert read_events(debounced) == [(2, 1), (2, 2)]
    assert source.pulses_count == 4
