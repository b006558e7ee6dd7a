"""What a bench may be unable to do, and which of the three kinds it is."""

from __future__ import annotations

import enum


class BenchClass(enum.StrEnum):
    """How near to the field a bench is; a verdict is always told with it."""

    PROCESS = "process"
    MACHINE = "machine"
    RIG = "rig"

    @property
    def is_virtual(self) -> bool:
        return self is not BenchClass.RIG


class Ability(enum.StrEnum):
    """A step that not every bench can do; the value says it as a reason to skip reads."""

    OWN_KERNEL = "a kernel of its own that can crash"
    SERVICES = "systemd, with the units of systemd/"
    POWER = "power of one gateway that can be cut"
    POWER_KEY = "a power key"
    USB = "a USB adapter that can be pulled"
    USB_POWER = "a USB port whose power can be cycled"
    USB_SWITCHED = "a USB adapter that shows when its machine switches it off and on"
    LINKS = "network paths that can be cut each way"
    IMPAIRED_LINKS = "network paths that lose, delay and double"
    NOISE = "noise on the meter line"
    DISK = "a disk that can be full"
    CLOCK = "a wall clock that can be set"
    PULSES_1KHZ = "a pulse input that takes 1 kHz"
    ENABLE_LINES = "one-shots on enable lines"
    BARE = "machines that come without the product, and its package (make image-bare)"
