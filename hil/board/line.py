"""One GPIO line: what drives it, the level that results, and who is told when it changes.

It is the electrical side; who may have a line and what a request means is the chip's (chip.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hil.board import uapi
from hil.board.uapi import Flag

_PULLED_UP_OFFSETS = range(9)  # at power-on; BCM2835 ARM Peripherals, table 6-31: others down


class EdgeSink(Protocol):
    """Is told of level changes of an input line that it watches."""

    def sense(self, line: Line, t_ns: int) -> None: ...

    def is_ready(self, line: Line) -> bool:
        """Whether an edge now would be taken as one of its own."""
        ...


class Line:
    """A line of one unit; `on_output(line, t_ns)` is told of changes to, of and from outputs."""

    def __init__(
        self, offset: int, external_pull: int | None, on_output: Callable[[Line, int], None]
    ) -> None:
        self.offset = offset
        self.name = f"GPIO{offset}"
        self.consumer = ""
        self.in_use = False
        self.setting = uapi.LineSetting(flags=0, output=0, debounce_us=0)
        self.sink: EdgeSink | None = None
        self.on_ready: Callable[[Line, int], None] | None = None  # an edge can be taken again
        self.line_seqno = 0
        self.is_live = False  # a guest's kernel senses it, in its own time
        self.debounced_level = 0
        self.debounce_due_ns = 0
        self.is_output = False
        self.contact: int | None = None  # level that something outside forces, None: left open
        self._driven_level = 0
        self._on_output = on_output
        self._external_pull = external_pull
        self._internal_pull: int | None = int(offset in _PULLED_UP_OFFSETS)
        self.level = self._resulting_level()

    @property
    def flags(self) -> int:
        """enum gpio_v2_line_flag, as line info shows them."""
        direction = Flag.OUTPUT if self.is_output else Flag.INPUT
        used = Flag.USED if self.in_use else 0
        return self.setting.flags & ~uapi.DIRECTIONS | direction | used

    @property
    def is_active_low(self) -> bool:
        return bool(self.setting.flags & Flag.ACTIVE_LOW)

    def apply(self, setting: uapi.LineSetting, t_ns: int) -> None:
        """Take over a request's setting: direction (as is without one), value, bias."""
        self.setting = setting
        flags = setting.flags
        if flags & uapi.BIASES:
            self._internal_pull = (
                None if flags & Flag.BIAS_DISABLED else int(bool(flags & Flag.BIAS_PULL_UP))
            )
        is_output = self.is_output
        if flags & Flag.OUTPUT:
            is_output = True
            self._driven_level = setting.output ^ int(self.is_active_low)
        elif flags & Flag.INPUT:
            is_output = False
        self._settle(t_ns, is_output=is_output)

    def set_output(self, logical: int, t_ns: int) -> None:
        self._driven_level = logical ^ int(self.is_active_low)
        self._settle(t_ns, is_output=self.is_output)

    def set_contact(self, level: int | None, t_ns: int) -> None:
        """A contact outside closes to `level`, or opens (None)."""
        self.contact = level
        self._settle(t_ns, is_output=self.is_output)

    def let_go(self, t_ns: int, *, keeps_output: bool) -> None:
        """The owner has released the line or died."""
        self.in_use = False
        self.consumer = ""
        self.sink = None
        self.setting = uapi.LineSetting(flags=0, output=0, debounce_us=0)
        self._settle(t_ns, is_output=self.is_output and keeps_output)
        self.say_ready(t_ns)

    def reset(self, t_ns: int) -> None:
        """The chip's reset: an input with the pull it has at power-on."""
        self._internal_pull = int(self.offset in _PULLED_UP_OFFSETS)
        self.let_go(t_ns, keeps_output=False)

    @property
    def is_ready(self) -> bool:
        """Whether the next edge will be taken, or nobody wants any."""
        return self.is_output or self.sink is None or self.sink.is_ready(self)

    def say_ready(self, t_ns: int) -> None:
        if self.on_ready is not None:
            self.on_ready(self, t_ns)

    def logical(self) -> int:
        """Value as its owner reads it, debounced where the owner asked for that."""
        debounces = self.sink is not None and self.setting.debounce_us > 0
        level = self.debounced_level if debounces else self.level
        return level ^ int(self.is_active_low)

    def _resulting_level(self) -> int:
        driven = self._driven_level
        flags = self.setting.flags
        lets_float = (flags & Flag.OPEN_DRAIN and driven) or (
            flags & Flag.OPEN_SOURCE and not driven
        )
        if self.is_output and not lets_float:
            return driven
        for level in (self.contact, self._external_pull, self._internal_pull):
            if level is not None:
                return level
        return 0  # floating: a real one would be noise, which no scenario should hang on

    def _settle(self, t_ns: int, *, is_output: bool) -> None:
        before = (self.is_output, self.level)
        self.is_output = is_output
        self.level = self._resulting_level()
        if (self.is_output, self.level) == before:
            return
        if self.is_output or before[0]:
            self._on_output(self, t_ns)
        elif self.sink is not None:
            self.sink.sense(self, t_ns)
