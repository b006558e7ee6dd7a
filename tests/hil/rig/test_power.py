"""The relays of the bench: frames of a USB board, GPIO of a bench that is a Raspberry Pi."""

from __future__ import annotations

import os

from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from hil.rig.config import GpioRelays, SerialRelays
from hil.rig.power import open_relays
from tests.hil.rig.table import Terminal


def test_usb_board_gets_its_frames_and_is_left_at_rest():
    terminal = Terminal()
    relays = open_relays(SerialRelays(terminal.path))
    relays.energise(1, on=True)
    relays.energise(3, on=True)
    relays.energise(1, on=False)
    relays.close()
    frames = ["a00101a2", "a00301a4", "a00100a1", "a00300a3"]
    assert os.read(terminal.fd, 64).hex() == "".join(frames)
    terminal.close()


def test_relays_at_gpio_follow_and_are_left_at_rest(monkeypatch):
    factory = MockFactory()
    monkeypatch.setattr(Device, "pin_factory", factory)
    relays = open_relays(GpioRelays([5, 6], active_high=False))
    relays.energise(2, on=True)
    assert [factory.pin(pin).state for pin in (5, 6)] == [1, 0]
    relays.energise(2, on=False)
    assert [factory.pin(pin).state for pin in (5, 6)] == [1, 1]
    relays.close()
    factory.reset()
