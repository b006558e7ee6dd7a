"""Contacts that are read in each scan: the loads' auxiliary contacts and the acknowledge button.

A contact that cannot be read gives no sample: unknown is not open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from gpiozero import InputDevice

from edge.adapters.gpiod_pins import GpiodFactory
from edge.adapters.reasons import reason
from edge.config.io import AlarmPlan, Bias, FeedbackPlan
from edge.model.problem import Problem
from edge.model.scan import FeedbackSample
from edge.model.units import NS_PER_S

_RETRY_NS: Final = NS_PER_S
_PULL_UP: Final = {Bias.PULL_UP: True, Bias.PULL_DOWN: False, Bias.NONE: None}


class Input(Protocol):
    """An open input: `level()` raises OSError."""

    def level(self) -> bool: ...

    def close(self) -> None: ...


class OpenInput(Protocol):
    """Claims an input; raises OSError."""

    def __call__(self, pin: int, bias: Bias) -> Input: ...


class _Level:
    """The line's level behind gpiozero's InputDevice, whose own value is turned over by a
    pull-up.
    """

    def __init__(self, pin: int, bias: Bias, factory: GpiodFactory) -> None:
        pull_up = _PULL_UP[bias]
        self._device = InputDevice(
            pin,
            pull_up=pull_up,
            active_state=True if pull_up is None else None,
            pin_factory=factory,
        )

    def level(self) -> bool:
        return bool(self._device.pin.state)

    def close(self) -> None:
        self._device.close()


def input_opener(factory: GpiodFactory) -> OpenInput:
    """Inputs of gpiozero on the pins of `factory`."""

    def open_input(pin: int, bias: Bias) -> Input:
        return _Level(pin, bias, factory)

    return open_input


class Feedbacks:
    """The auxiliary contacts of the loads that have one."""

    def __init__(self, plans: Sequence[FeedbackPlan], open_input: OpenInput) -> None:
        self._plans = tuple(plans)
        self._contacts = tuple(
            Contact(f"feedback {plan.load}", plan.pin, plan.bias, open_input) for plan in plans
        )

    def read(self, now_mono_ns: int) -> tuple[FeedbackSample, ...]:
        """Samples of the contacts that can be read, in the order of the plans."""
        samples = []
        for plan, contact in zip(self._plans, self._contacts, strict=True):
            level = contact.level(now_mono_ns)
            if level is not None:
                samples.append(FeedbackSample(plan.load, level is plan.closed_level))
        return tuple(samples)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """One for each contact that cannot be read."""
        return tuple(c.problem for c in self._contacts if c.problem is not None)


class AcknowledgeButton:
    """Reports a press once. Two scans must agree, so a bounce or a spike is no press."""

    def __init__(self, plan: AlarmPlan, open_input: OpenInput) -> None:
        assert plan.acknowledge_pin is not None
        self._contact = Contact(
            "acknowledge", plan.acknowledge_pin, plan.acknowledge_bias, open_input
        )
        self._active_level = plan.acknowledge_active_level
        self._scans_down_count = 0

    def pressed(self, now_mono_ns: int) -> bool:
        """True in the one scan in which a press is accepted."""
        down = self._contact.level(now_mono_ns) is self._active_level
        self._scans_down_count = min(self._scans_down_count + 1, 3) if down else 0
        return self._scans_down_count == 2

    @property
    def problem(self) -> Problem | None:
        """Why the button cannot be read now."""
        return self._contact.problem


class Contact:
    """One input, claimed again when it is lost. `what` and `effect` say what its loss means."""

    def __init__(
        self,
        name: str,
        pin: int,
        bias: Bias,
        open_input: OpenInput,
        what: str = "the contact cannot be read",
        effect: str = "its state is unknown; it is tried again by itself",
    ) -> None:
        self.problem: Problem | None = None
        self._name = name
        self._what = what
        self._effect = effect
        self._pin = pin
        self._bias = bias
        self._open_input = open_input
        self._input: Input | None = None
        self._retry_mono_ns = 0

    def level(self, now_mono_ns: int) -> bool | None:
        """None while the line cannot be read; it is claimed again each second."""
        try:
            if self._input is None:
                if now_mono_ns < self._retry_mono_ns:
                    return None
                self._input = self._open_input(self._pin, self._bias)
                self.problem = None
            return self._input.level()
        except (OSError, ValueError) as error:  # ValueError: the chip has no such line
            self._lose(now_mono_ns, error)
            return None

    def _lose(self, now_mono_ns: int, error: Exception) -> None:
        if self._input is not None:
            self._input.close()
            self._input = None
        self._retry_mono_ns = now_mono_ns + _RETRY_NS
        self.problem = Problem(
            where=f"{self._name} GPIO{self._pin}",
            what=self._what,
            got=reason(error),
            need="a level",
            effect=self._effect,
            next_step="find who else uses the line: gpioinfo",
        )
