"""Checks of the GPIO chip: found by its label, ours to open, its lines free."""

from __future__ import annotations

from pathlib import Path

import gpiod

from edge.adapters.gpio_chip import find_chip
from edge.cli.doctor.result import CheckResult, fail, ok
from edge.config.io import IoPlan
from edge.model.problem import ProblemsError

_OWN_CONSUMER = "denban"


def check_gpio(io: IoPlan, devices: Path = Path("/dev")) -> list[CheckResult]:
    """The chip, then its lines; without a pin in the site file nothing is needed."""
    pins = used_pins(io)
    if not pins:
        return [ok("GPIO", "no pin is used")]
    try:
        path = find_chip(io.gpio_chips, devices)
    except ProblemsError as error:
        problem = error.problems[0]
        return [fail("GPIO chip", problem.got, problem.next_step)]
    except OSError as error:
        return [fail("GPIO chip", str(error), "add this user to the group gpio")]
    return [ok("GPIO chip", f"{path} {io.gpio_chips[0]}"), check_lines(path, pins)]


def used_pins(io: IoPlan) -> dict[int, str]:
    """Every line that the controller will claim, with its use."""
    alarm = io.alarm
    single = {
        alarm.caution_pin: "alarm caution",
        alarm.shed_pin: "alarm shed",
        alarm.fault_pin: "alarm fault",
        alarm.buzzer_pin: "alarm buzzer",
        alarm.acknowledge_pin: "acknowledge button",
        None if io.eoi is None else io.eoi.pin: "end-of-interval pulse",
    }
    if io.twin is not None:
        single[io.twin.enable_pin] = "enable line"
        single[io.twin.peer_enable_pin] = "enable line of the other unit"
    used = {pin: use for pin, use in single.items() if pin is not None}
    used |= {pulse.pin: f"pulse {pulse.name}" for pulse in io.pulses}
    used |= {relay.pin: f"relay {relay.load}" for relay in io.relays}
    used |= {feedback.pin: f"feedback {feedback.load}" for feedback in io.feedbacks}
    return dict(sorted(used.items()))


def check_lines(path: str, pins: dict[int, str]) -> CheckResult:
    """Whether each line exists and nobody else holds it."""
    name = "GPIO lines"
    taken = []
    with gpiod.Chip(path) as chip:
        count = chip.get_info().num_lines
        beyond = [pin for pin in pins if pin >= count]
        if beyond:
            text = ", ".join(map(str, beyond))
            return fail(name, f"{path} has {count} lines", f"correct the pins {text}")
        for pin, use in pins.items():
            info = chip.get_line_info(pin)
            if info.used and not info.consumer.startswith(_OWN_CONSUMER):
                taken.append(f"{pin} ({use}) by {info.consumer or 'the kernel'}")
            elif info.used:
                return ok(name, "held by the controller that runs")
    if taken:
        return fail(name, "; ".join(taken), "end that program, or its overlay in config.txt")
    return ok(name, f"{len(pins)} lines, all free")
