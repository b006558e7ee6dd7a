"""One output: claimed with its value, written when it changes, read back, claimed again if lost.

Knows active and inactive, not loads. A fault is a value here, never an exception: the other outputs
must still be written.
"""

from __future__ import annotations

import errno
from typing import Final, Protocol

from gpiozero import OutputDevice

from edge.adapters.gpiod_pins import GpiodFactory
from edge.adapters.reasons import reason
from edge.model.problem import Problem
from edge.model.units import NS_PER_S

_RETRY_NS: Final = NS_PER_S
_GONE: Final = frozenset({errno.ENODEV, errno.ENXIO, errno.EBADF})


class Device(Protocol):
    """The part of gpiozero's OutputDevice that is used: `value` is 1 while active."""

    value: int

    def close(self) -> None: ...


class OpenOutput(Protocol):
    """Claims an output; raises OSError. `active_high`: the level that means active."""

    def __call__(
        self, pin: int, *, active_high: bool, value: bool, keep_driven: bool
    ) -> Device: ...


def output_opener(factory: GpiodFactory) -> OpenOutput:
    """Outputs of gpiozero on the pins of `factory`, claimed without a glitch."""

    def open_output(pin: int, *, active_high: bool, value: bool, keep_driven: bool) -> Device:
        level = value is active_high
        factory.pin(pin).claim_output(state=level, keep_driven=keep_driven)
        return output_device(factory, pin, active_high=active_high)

    return open_output


def output_device(factory: GpiodFactory, pin: int, *, active_high: bool) -> Device:
    """gpiozero's device on a pin that is claimed as output already; its level stays."""
    device: Device = OutputDevice(
        pin, active_high=active_high, initial_value=None, pin_factory=factory
    )
    return device


class OutputPin:
    """An output that begins with `value`, or, with `keep_driven`, as an earlier owner left it."""

    def __init__(
        self,
        name: str,
        pin: int,
        open_output: OpenOutput,
        *,
        active_high: bool,
        value: bool,
        keep_driven: bool,
    ) -> None:
        self.name = name
        self.problem: Problem | None = None
        self._pin = pin
        self._open_output = open_output
        self._active_high = active_high
        self._device: Device | None = None
        self._value = value
        self._retry_mono_ns = 0
        self._open(0, keep_driven=keep_driven)

    def write(self, value: bool, now_mono_ns: int) -> None:
        """Make the output `value`. Costs a system call only when that is a change."""
        if self._device is None:
            self._value = value
            if now_mono_ns >= self._retry_mono_ns:
                self._open(now_mono_ns, keep_driven=False)
        elif value != self._value:
            self._value = value
            try:
                self._device.value = int(value)
            except OSError as error:
                self._fail(now_mono_ns, error)

    def verify(self, now_mono_ns: int) -> None:
        """Read the line back; write again what differs. A line that differs still is a fault."""
        if self._device is None:
            return
        try:
            if self._reads_back(self._device):
                return
            self._device.value = int(self._value)
            if not self._reads_back(self._device):
                self._complain("the line does not follow its output", "the other level")
        except OSError as error:
            self._fail(now_mono_ns, error)

    def _reads_back(self, device: Device) -> bool:
        if bool(device.value) is not self._value:
            return False
        self.problem = None
        return True

    def _open(self, now_mono_ns: int, *, keep_driven: bool) -> None:
        try:
            self._device = self._open_output(
                self._pin, active_high=self._active_high, value=self._value, keep_driven=keep_driven
            )
            self._value = bool(self._device.value)
            self.problem = None
        except (OSError, ValueError) as error:  # ValueError: the chip has no such line
            self._retry_mono_ns = now_mono_ns + _RETRY_NS
            self._complain("the line cannot be had", reason(error))

    def _fail(self, now_mono_ns: int, error: OSError) -> None:
        """A failed write is repeated by `verify`; a line that is gone is claimed again."""
        self._complain("the line cannot be written", reason(error))
        if error.errno in _GONE and self._device is not None:
            self._device.close()
            self._device = None
            self._retry_mono_ns = now_mono_ns + _RETRY_NS

    def _complain(self, what: str, got: str) -> None:
        self.problem = Problem(
            where=f"output {self.name} GPIO{self._pin}",
            what=what,
            got=got,
            need="active" if self._value else "inactive",
            effect="the output may not do what is wanted; it is tried again by itself",
            next_step="check the wiring, and who else uses the line: gpioinfo",
        )
