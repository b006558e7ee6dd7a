"""Pins for gpiozero on the kernel's character device, by gpiod: an output is claimed once, with
its value.

gpiozero's own factories take an output as input first, then as low output, and only then give it
its value, and they float it at close and after an exception. Here only an explicit write changes an
output, and closing a device leaves its line held until the process ends.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, Final

import gpiod
from gpiod.line import Bias, Direction, Value
from gpiozero import Factory, Pin, PinInfo
from gpiozero.exc import (
    GPIOPinInUse,
    PinInvalidFunction,
    PinInvalidPin,
    PinInvalidPull,
    PinSetInput,
)

from edge.adapters.line_values import HeldLine

_CONSUMER: Final = "denban"
_PULLS: Final = {"up": Bias.PULL_UP, "down": Bias.PULL_DOWN, "floating": Bias.DISABLED}


class GpiodFactory(Factory):  # type: ignore[misc]  # gpiozero is not typed
    """Pins of the chip at `chip_path`, named by their number on it or as ``GPIO17``.

    Pass it to each device; it never becomes gpiozero's default, so gpiozero's exit handler does not
    touch it.
    """

    def __init__(self, chip_path: str) -> None:
        super().__init__()
        self.chip_path = chip_path
        self._pins: dict[int, GpiodPin] = {}
        self._owners: dict[int, Any] = {}

    def pin(self, name: int | str) -> GpiodPin:
        """The one object of a pin; makes no request. Raises PinInvalidPin."""
        offset = _offset(name)
        if offset not in self._pins:
            self._pins[offset] = GpiodPin(self.chip_path, offset)
        return self._pins[offset]

    def reserve_pins(self, requester: Any, *names: int | str) -> None:
        """Raises GPIOPinInUse if another device has one of the pins."""
        for offset in map(_offset, names):
            if self._owners.get(offset, requester) is not requester:
                raise GPIOPinInUse(f"GPIO{offset} is already in use by {self._owners[offset]!r}")
            self._owners[offset] = requester

    def release_pins(self, reserver: Any, *names: int | str) -> None:
        """Forget that `reserver` has the pins."""
        for offset in map(_offset, names):
            if self._owners.get(offset) is reserver:
                del self._owners[offset]

    def release_all(self, reserver: Any) -> None:
        """Forget every pin of `reserver`."""
        self.release_pins(reserver, *[o for o, owner in self._owners.items() if owner is reserver])

    def close(self) -> None:
        """Give every line back to the kernel, outputs too: what their levels become is its
        choice.
        """
        for pin in self._pins.values():
            pin.release()

    def ticks(self) -> float:
        """Seconds of a clock without origin."""
        return time.monotonic()

    def ticks_diff(self, later: float, earlier: float) -> float:
        """Seconds between two `ticks`."""
        return later - earlier


class GpiodPin(Pin):  # type: ignore[misc]  # gpiozero is not typed
    """One line. Raises OSError where the kernel refuses (EBUSY: somebody else holds the line)."""

    def __init__(self, chip_path: str, offset: int) -> None:
        super().__init__()
        self._chip_path = chip_path
        self._offset = offset
        self._request: gpiod.LineRequest | HeldLine | None = None
        self._settings = gpiod.LineSettings()
        self._info = PinInfo(
            number=offset,
            name=f"GPIO{offset}",
            names=frozenset({offset, str(offset), f"GPIO{offset}"}),
            pull="",
            row=0,
            col=0,
            interfaces=frozenset({"gpio"}),
        )

    def __repr__(self) -> str:
        return f"GPIO{self._offset}"

    def claim_output(self, *, state: bool, keep_driven: bool) -> None:
        """Claim as output with `state`, in one step; or, with `keep_driven`, with the level that an
        earlier owner left on a line that is still driven. Drops an earlier claim of ours first.
        """
        self.release()
        settings = gpiod.LineSettings(direction=Direction.OUTPUT, output_value=Value(int(state)))
        if not keep_driven:
            self._claim(settings)
            return
        # Only after the request does the kernel ask the hardware for the direction.
        request = self._claim(gpiod.LineSettings(direction=Direction.AS_IS))
        with gpiod.Chip(self._chip_path) as chip:
            driven = chip.get_line_info(self._offset).direction is Direction.OUTPUT
        if driven:
            settings.output_value = request.get_value(self._offset)
        self._reconfigure(settings)

    def adopt_output(self, held: HeldLine) -> None:
        """Take over an earlier run's claim, its level as it is. Drops an earlier claim of ours."""
        self.release()
        self._request = held
        self._settings = gpiod.LineSettings(direction=Direction.OUTPUT)

    @property
    def fd(self) -> int:
        """Descriptor of the claim. Raises OSError without one."""
        return int(self._held().fd)

    def release(self) -> None:
        """Give the line back to the kernel."""
        if self._request is not None:
            self._request.release()
            self._request = None

    def close(self) -> None:
        """An input is given back. An output stays held: letting go of it would change its level."""
        if self._settings.direction is not Direction.OUTPUT:
            self.release()

    def output_with_state(self, state: bool) -> None:
        """gpiozero's way to claim an output with its first value."""
        self.claim_output(state=bool(state), keep_driven=False)

    def _claim(self, settings: gpiod.LineSettings) -> gpiod.LineRequest:
        request = gpiod.request_lines(self._chip_path, {self._offset: settings}, consumer=_CONSUMER)
        self._request = request
        self._settings = settings
        return request

    def _reconfigure(self, settings: gpiod.LineSettings) -> None:
        request = self._held()
        assert isinstance(request, gpiod.LineRequest)  # an adopted one stays the output it is
        request.reconfigure_lines({self._offset: settings})
        self._settings = settings

    def _held(self) -> gpiod.LineRequest | HeldLine:
        if self._request is None:
            raise OSError(None, f"GPIO{self._offset} is not claimed")
        return self._request

    def _get_info(self) -> PinInfo:
        return self._info

    def _get_function(self) -> str:
        return "output" if self._settings.direction is Direction.OUTPUT else "input"

    def _set_function(self, value: str) -> None:
        if value not in {"input", "output"}:
            raise PinInvalidFunction(f"invalid function {value!r} for pin {self!r}")
        if self._request is not None and value == self._get_function():
            return
        if value == "output":
            self.claim_output(state=False, keep_driven=True)
        else:
            self.release()
            self._claim(gpiod.LineSettings(direction=Direction.INPUT))

    def _get_state(self) -> bool:
        return bool(self._held().get_value(self._offset))

    def _set_state(self, value: bool) -> None:
        if self._settings.direction is not Direction.OUTPUT:
            raise PinSetInput(f"cannot set the state of input {self!r}")
        self._held().set_value(self._offset, Value(int(bool(value))))

    def _get_pull(self) -> str:
        for name, bias in _PULLS.items():
            if bias is self._settings.bias:
                return name
        return ""  # as found: differs from whatever a device asks for

    def _set_pull(self, value: str) -> None:
        if value not in _PULLS:
            raise PinInvalidPull(f"invalid pull {value!r} for pin {self!r}")
        self._set_input(_PULLS[value], self._settings.debounce_period)

    def _get_bounce(self) -> float | None:
        return self._settings.debounce_period.total_seconds() or None

    def _set_bounce(self, value: float | None) -> None:
        self._set_input(self._settings.bias, timedelta(seconds=value or 0.0))

    def _set_input(self, bias: Bias, debounce_period: timedelta) -> None:
        self._reconfigure(
            gpiod.LineSettings(
                direction=Direction.INPUT, bias=bias, debounce_period=debounce_period
            )
        )


def _offset(name: int | str) -> int:
    digits = str(name).removeprefix("GPIO")
    if not digits.isdecimal():
        raise PinInvalidPin(f"{name!r} is not a line: need its number on the chip, or GPIO<number>")
    return int(digits)
