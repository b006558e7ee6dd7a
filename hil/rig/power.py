"""The relays that cut a gateway's power or a cable: a USB relay board, or GPIO of a bench that is
itself a Raspberry Pi. Their normally closed contacts are used: at rest everything is connected.
"""

from __future__ import annotations

from typing import Protocol

import serial

from hil.rig.config import GpioRelays, SerialRelays

_BAUDRATE = 9600
_START = 0xA0


class Relays(Protocol):
    """Channels count from 1."""

    def energise(self, channel: int, *, on: bool) -> None: ...

    def close(self) -> None:
        """All at rest."""
        ...


class LcusRelays:
    """The board takes frames of four bytes: start, channel, on, their sum. It answers nothing."""

    def __init__(self, port: str) -> None:
        self._serial = serial.Serial(port, _BAUDRATE, write_timeout=1, exclusive=True)
        self._energised: set[int] = set()

    def energise(self, channel: int, *, on: bool) -> None:
        frame = [_START, channel, int(on)]
        self._serial.write(bytes([*frame, sum(frame) & 0xFF]))
        self._serial.flush()
        (self._energised.add if on else self._energised.discard)(channel)

    def close(self) -> None:
        for channel in sorted(self._energised):
            self.energise(channel, on=False)
        self._serial.close()


class PiRelays:
    """`pins` by channel, in their order."""

    def __init__(self, config: GpioRelays) -> None:
        from gpiozero import OutputDevice

        self._devices = [OutputDevice(pin, active_high=config.active_high) for pin in config.pins]

    def energise(self, channel: int, *, on: bool) -> None:
        device = self._devices[channel - 1]
        (device.on if on else device.off)()

    def close(self) -> None:
        for device in self._devices:
            device.close()


def open_relays(config: SerialRelays | GpioRelays) -> Relays:
    if isinstance(config, GpioRelays):
        return PiRelays(config)
    return LcusRelays(config.port)
