"""The adapters with the real gpiod and real ioctl calls, in a process whose hardware is the
bench's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.hil.board_rig import Child, Rig

_IMPORTS = """
import select, time
import msgspec
from edge.adapters.boottime import SystemClock, suspended_ns
from edge.adapters.contacts import input_opener
from edge.adapters.line_request import line_opener
from edge.adapters.gpio_chip import find_chip
from edge.adapters.gpiod_pins import GpiodFactory
from edge.adapters.interval_end import IntervalEnd
from edge.adapters.output_pin import output_opener, OutputPin
from edge.adapters.pulse_lines import PulseLines
from edge.adapters.watchdog import open_watchdog
from edge.config.io import Bias, Edge, PulsePlan
from tests.adapters.fake_edge_line import kept_by_nobody
from edge.model.problem import ProblemsError
clock = SystemClock()
factory = GpiodFactory("/dev/gpiochip0")
plan = PulsePlan("incomer", 18, Edge.FALLING, Bias.PULL_UP, 0)
opener = kept_by_nobody(line_opener("/dev/gpiochip0"), plan)

def chip(*labels):
    try:
        return find_chip(labels)
    except ProblemsError as error:
        return str(error)

def read_until(count):
    "Samples until so many pulses were counted: waits on the line, not on time."
    deadline = time.monotonic() + 30
    sample = lines.read(clock.mono_ns())[0]
    while sample.count < count and time.monotonic() < deadline:
        select.select([lines._counters[0].line.kept.fd], [], [], 1.0)
        sample = lines.read(clock.mono_ns())[0]
    return msgspec.to_builtins(sample)

def output(pin, active_high, keep_driven=False):
    return OutputPin("test", pin, output_opener(factory), active_high=active_high, value=False,
                     keep_driven=keep_driven)

def text(problem):
    return None if problem is None else problem.what + ": " + problem.got
"""


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(unit_changes={"a": {"watchdog": {"kill": False}}}) as board:
        yield board


def start(rig: Rig, unit: str = "a") -> Child:
    child = rig.child(unit)
    child.run(_IMPORTS)
    return child


def sample(child: Child, count: int) -> list[Any]:
    answer = child.ask(f"read_until({count})")
    assert isinstance(answer, list)
    return answer


def test_chip_is_found_by_the_first_label_that_is_there(rig: Rig) -> None:
    child = start(rig)
    assert child.ask("chip('pinctrl-rp1', 'pinctrl-bcm2711')") == "/dev/gpiochip0"
    assert child.ask("chip('/dev/gpiochip0')") == "/dev/gpiochip0"


def test_chip_that_is_not_there_is_refused_with_the_labels_present(rig: Rig) -> None:
    assert start(rig).ask("chip('pinctrl-rp1', '/dev/gpiochip9')") == (
        "gpio: the header's chip was not found: got /dev/gpiochip0 pinctrl-bcm2711, need "
        "pinctrl-rp1 or /dev/gpiochip9; not started; set board.model or board.gpio_chip in the "
        "site file; check that this user is in the group gpio"
    )


def test_pulses_at_1_khz_are_counted_exactly(rig: Rig) -> None:
    child = start(rig)
    child.run("lines = PulseLines((plan,), opener, suspended_ns)")
    assert sample(child, 0)[2:3] == [0]
    rig.order("pulses", line="contact", count=500, rate_hz=1000)
    name, _, count, _, fault = sample(child, 500)
    assert (name, count, fault) == ("incomer", 500, False)


def test_pulses_beyond_the_kernels_buffer_are_counted_exactly(rig: Rig) -> None:
    child = start(rig)
    child.run("lines = PulseLines((plan,), opener, suspended_ns)")
    sample(child, 0)
    rig.order("pulses", line="contact", count=5000, rate_hz=0)
    assert sample(child, 5000)[2] == 5000


def test_pulses_have_the_time_of_their_edge_in_boot_time(rig: Rig) -> None:
    child = start(rig)
    child.run("lines = PulseLines((plan,), opener, suspended_ns)")
    sample(child, 0)
    before_ns = child.ask("clock.mono_ns()")
    rig.order("pulses", line="contact", count=1, rate_hz=0)
    edge_ns = sample(child, 1)[3]
    assert before_ns <= edge_ns <= child.ask("clock.mono_ns()")


def test_pulses_of_a_line_that_is_taken_are_a_fault_until_it_is_free(rig: Rig) -> None:
    owner, child = start(rig), start(rig)
    owner.run("r = line_opener('/dev/gpiochip0')(plan)")
    child.run("lines = PulseLines((plan,), opener, suspended_ns)")
    assert child.ask("msgspec.to_builtins(lines.read(0)[0])") == ["incomer", 0, 0, 0, True]
    assert child.ask("text(lines.problems[0])") == (
        "the line cannot be read: Device or resource busy"
    )
    owner.run("r.release()")
    back_ns = 1_000_000_000
    assert child.ask(f"msgspec.to_builtins(lines.read({back_ns})[0])") == [
        "incomer",
        back_ns,
        0,
        back_ns,
        False,
    ]


def test_interval_end_gives_each_pulse_its_time(rig: Rig) -> None:
    child = start(rig)
    child.run("end = IntervalEnd(plan, opener, suspended_ns, None)")
    assert child.ask("end.read(0)") == []
    stamps = [child.ask("clock.mono_ns()")]
    for _ in range(2):
        rig.order("pulses", line="contact", count=1, rate_hz=0)
        child.run("select.select([end._line.kept.fd], [], [], 30)")
        stamps += child.ask("end.read(1)")
    stamps.append(child.ask("clock.mono_ns()"))
    assert len(stamps) == 4
    assert stamps == sorted(stamps)


@pytest.mark.parametrize(("active_high", "level"), [(True, 0), (False, 1)])
def test_output_is_claimed_with_its_value_and_without_a_glitch(
    rig: Rig, active_high: bool, level: int
) -> None:
    child = start(rig)
    child.run(f"o = output(5, {active_high})")
    assert rig.levels("a", 5) == [("out", level)]
    child.run("o.write(True, 0); o.verify(0)")
    assert rig.levels("a", 5) == [("out", level), ("out", 1 - level)]
    assert child.ask("text(o.problem)") is None


def test_output_device_that_is_closed_or_forgotten_keeps_its_line(rig: Rig) -> None:
    child = start(rig, "b")
    child.run("import gc; o = output(5, True); o.write(True, 0); o._device.close(); gc.collect()")
    assert rig.levels("b", 5) == [("out", 0), ("out", 1)]


def test_output_that_is_taken_is_a_problem_and_comes_when_it_is_free(rig: Rig) -> None:
    owner, child = start(rig), start(rig)
    owner.run("r = gpiod.request_lines('/dev/gpiochip0', {5: None})")
    child.run("o = output(5, True)")
    assert child.ask("text(o.problem)") == "the line cannot be had: Device or resource busy"
    owner.run("r.release()")
    child.run("o.write(True, 1_000_000_000)")
    assert child.ask("text(o.problem)") is None
    assert rig.levels("a", 5) == [("out", 1)]


def test_gpiozero_asked_for_an_output_as_it_is_keeps_its_level(rig: Rig) -> None:
    first = start(rig)
    first.run("o = output(5, True); o.write(True, 0)")
    first.kill()
    second = start(rig)
    second.run("from gpiozero import OutputDevice, InputDevice; from gpiozero.exc import *")
    second.run("d = OutputDevice(5, initial_value=None, pin_factory=factory)")
    assert second.ask("[d.value, d.pin.function, str(d.pin)]") == [1, "output", "GPIO5"]
    assert rig.levels("a", 5) == [("out", 0), ("out", 1)]


def test_gpiozero_pins_refuse_what_they_cannot_do(rig: Rig) -> None:
    child = start(rig)
    child.run(
        "from gpiozero import OutputDevice, InputDevice\n"
        "def name(call):\n"
        "    try:\n"
        "        call()\n"
        "    except Exception as error:\n"
        "        return type(error).__name__\n"
        "def put(pin, attribute, value):\n"
        "    return lambda: setattr(pin, attribute, value)\n"
        "d = OutputDevice('GPIO5', pin_factory=factory)\n"
        "i = InputDevice(6, pull_up=True, pin_factory=factory)\n"
    )
    assert child.ask(
        "[name(lambda: OutputDevice(5, pin_factory=factory)),"
        " name(lambda: OutputDevice('J8:3', pin_factory=factory)),"
        " name(put(i.pin, 'state', True)), name(put(i.pin, 'pull', 'sideways')),"
        " name(put(i.pin, 'function', 'serial')), name(lambda: factory.pin(7).state)]"
    ) == [
        "GPIOPinInUse",
        "PinInvalidPin",
        "PinSetInput",
        "PinInvalidPull",
        "PinInvalidFunction",
        "OSError",
    ]


def test_input_follows_its_bias_and_is_free_after_close(rig: Rig) -> None:
    child = start(rig)
    child.run("u = input_opener(factory)(20, Bias.PULL_UP)")
    child.run("d = input_opener(factory)(21, Bias.PULL_DOWN)")
    child.run("n = input_opener(factory)(22, Bias.NONE)")
    assert child.ask("[u.level(), d.level()]") == [True, False]
    child.run("u.close(); u = input_opener(factory)(20, Bias.PULL_DOWN)")
    assert child.ask("u.level()") is False


def test_watchdog_is_armed_with_its_time_and_stopped_in_order(rig: Rig) -> None:
    child = start(rig)
    child.run("w, problems = open_watchdog('/dev/watchdog', 10)")
    assert child.ask("[w.identity, w.granted_s, w.was_reset, list(problems)]") == [
        "Broadcom BCM2835 Watchdog timer",
        10,
        False,
        [],
    ]
    child.run("w.feed()")
    assert child.ask("[text(w.problem), text(w.disarm())]") == [None, None]
    assert rig.log().events[-1]["event"] == "watchdog_stopped"


def test_watchdog_beyond_15_s_is_refused_and_stopped(rig: Rig) -> None:
    child = start(rig)
    child.run("w, problems = open_watchdog('/dev/watchdog', 16)")
    assert child.ask("[w, text(problems[0]), len(problems)]") == [
        None,
        "cannot be used: 16 s is beyond the BCM2835's 15 s",
        1,
    ]
    assert rig.log().events[-1]["event"] == "watchdog_stopped"


def test_watchdog_that_somebody_holds_names_systemd(rig: Rig) -> None:
    first, second = start(rig), start(rig)
    first.run("w, problems = open_watchdog('/dev/watchdog', 10)")
    second.run("w, problems = open_watchdog('/dev/watchdog', 10)")
    assert second.ask("[w, str(problems[0])]") == [
        None,
        (
            "watchdog /dev/watchdog: cannot be used: got Device or resource busy; a hung machine "
            "is not reset; systemd has it: set RuntimeWatchdogSec=off in /etc/systemd/system.conf"
        ),
    ]


def test_watchdog_let_go_without_disarming_stays_armed(rig: Rig) -> None:
    child = start(rig)
    child.run("w, problems = open_watchdog('/dev/watchdog', 10); w.let_go(); w.let_go()")
    rig.order("pins")
    assert "watchdog_stopped" not in [event["event"] for event in rig.log().events]
