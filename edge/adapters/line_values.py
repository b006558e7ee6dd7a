"""Reads and drives a requested GPIO line by its descriptor alone, as a later run holds it.

The kernel's GPIO v2 calls, one line a request: gpiod makes its request objects itself and takes
over no descriptor.
"""

from __future__ import annotations

import fcntl
import os
import struct
from typing import Final

from gpiod.line import Value

# linux/gpio.h: _IOWR(0xB4, 0x0E or 0x0F, struct gpio_v2_line_values), of x86 and Arm.
_GET_VALUES: Final = 0xC010B40E
_SET_VALUES: Final = 0xC010B40F
_VALUES: Final = struct.Struct("=QQ")  # bits, mask; both by the line's place in the request
_FIRST: Final = 1


class HeldLine:
    """A request of one output by an earlier run: the part of gpiod.LineRequest that a pin needs.

    Each call raises OSError where the kernel refuses.
    """

    def __init__(self, fd: int) -> None:
        """`fd` is this object's from now on."""
        self.fd = fd

    def get_value(self, _offset: int) -> Value:
        answer = fcntl.ioctl(self.fd, _GET_VALUES, _VALUES.pack(0, _FIRST))
        return Value(_VALUES.unpack(answer)[0] & _FIRST)

    def set_value(self, _offset: int, value: Value) -> None:
        fcntl.ioctl(self.fd, _SET_VALUES, _VALUES.pack(int(value is Value.ACTIVE), _FIRST))

    def release(self) -> None:
        """Close this process's copy; other copies go on holding the line."""
        os.close(self.fd)
