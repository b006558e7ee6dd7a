"""A GPIO chip as Linux's character device shows it: owners, values, edges, line info.

Modelled on drivers/gpio/gpiolib-cdev.c of Linux 6.1, version 2 of the interface only. It knows
nothing of what is wired to the lines.
"""

from __future__ import annotations

import errno
import os
from typing import Protocol

from hil.board import uapi
from hil.board.clock import Agenda, to_kernel_event_ns
from hil.board.feed import Pipe, RecordQueue
from hil.board.line import Line
from hil.board.uapi import Changed, EventId, Flag

LABEL = "pinctrl-bcm2711"
LINES_COUNT = 58


def refuse(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class Device(Protocol):
    """An open descriptor of the process under test, with the board's end of it."""

    pipe: Pipe

    def ioctl(self, request: int, raw: bytes, t_ns: int) -> tuple[bytes, Device | None]:
        """The bytes that go back and a new descriptor, if any. Raises OSError with the errno."""
        ...

    def closed(self, t_ns: int) -> None:
        """The last copy of the descriptor has been closed, or its holder has died."""
        ...


class Chip:
    """The lines of one unit; `keeps_outputs` says what a dead owner's outputs do (persist)."""

    def __init__(self, lines: list[Line], agenda: Agenda, *, keeps_outputs: bool) -> None:
        self.lines = lines
        self.agenda = agenda
        self.keeps_outputs = keeps_outputs
        self.watchers: list[ChipDevice] = []

    def open(self) -> ChipDevice:
        device = ChipDevice(self)
        self.watchers.append(device)
        return device

    def line(self, offset: int) -> Line:
        if offset >= len(self.lines):
            raise refuse(errno.EINVAL)
        return self.lines[offset]

    def announce(self, line: Line, kind: Changed, t_ns: int) -> None:
        for watcher in self.watchers:
            watcher.announce(line, kind, t_ns)

    def reset(self, t_ns: int) -> None:
        """What a hardware reset does, whatever `keeps_outputs` says."""
        for line in self.lines:
            line.reset(t_ns)


class ChipDevice:
    """An open /dev/gpiochip0."""

    def __init__(self, chip: Chip) -> None:
        self.pipe = Pipe(gateway_reads=True)
        self._chip = chip
        self._queue = RecordQueue(self.pipe, uapi.LINE_INFO_CHANGED_BYTES, 32)
        self._watched: set[int] = set()

    def ioctl(self, request: int, raw: bytes, t_ns: int) -> tuple[bytes, Device | None]:
        if request == uapi.GET_CHIPINFO:
            return uapi.encode_chip_info("gpiochip0", LABEL, len(self._chip.lines)), None
        if request in {uapi.GET_LINEINFO, uapi.GET_LINEINFO_WATCH}:
            return self._line_info(raw, watch=request == uapi.GET_LINEINFO_WATCH), None
        if request == uapi.GET_LINEINFO_UNWATCH:
            self._unwatch(int.from_bytes(raw, "little"))
            return raw, None
        if request == uapi.GET_LINE:
            try:
                wanted = uapi.decode_request(raw)
            except ValueError:
                raise refuse(errno.EINVAL) from None
            return raw, LinesDevice(self._chip, wanted, t_ns)
        raise refuse(errno.EINVAL)

    def _line_info(self, raw: bytes, *, watch: bool) -> bytes:
        line = self._chip.line(uapi.decode_line_info_offset(raw))
        if watch:
            if line.offset in self._watched:
                raise refuse(errno.EBUSY)
            self._watched.add(line.offset)
        return _encode_info(line)

    def _unwatch(self, offset: int) -> None:
        if offset not in self._watched:
            raise refuse(errno.EBUSY)  # as Linux answers it
        self._watched.remove(offset)

    def announce(self, line: Line, kind: Changed, t_ns: int) -> None:
        if line.offset in self._watched:
            stamp_ns = to_kernel_event_ns(t_ns, realtime=False)
            self._queue.put(uapi.encode_line_info_changed(_encode_info(line), stamp_ns, kind))

    def closed(self, t_ns: int) -> None:  # noqa: ARG002 - nothing of the chip's own ends with it
        self._chip.watchers.remove(self)
        self.pipe.close()


def _encode_info(line: Line) -> bytes:
    return uapi.encode_line_info(
        line.offset, line.name, line.consumer, line.flags, line.setting.debounce_us
    )


def check_flags(setting: uapi.LineSetting) -> None:
    """gpio_v2_line_flags_validate() and the debounce rule. Raises OSError EINVAL."""
    flags = setting.flags
    is_input, is_output = bool(flags & Flag.INPUT), bool(flags & Flag.OUTPUT)
    wrong = (
        flags & ~uapi.VALID
        or (is_input and is_output)
        or (flags & uapi.EDGES and not is_input)
        or flags & uapi.DRIVES == uapi.DRIVES
        or (flags & uapi.DRIVES and not is_output)
        or (flags & uapi.BIASES and not (is_input or is_output))
        or (flags & uapi.BIASES).bit_count() > 1
        or (setting.debounce_us and not is_input)
    )
    if wrong:
        raise refuse(errno.EINVAL)


class LinesDevice:
    """A granted line request: the descriptor that GPIO_V2_GET_LINE_IOCTL gave."""

    def __init__(self, chip: Chip, wanted: uapi.LineRequest, t_ns: int) -> None:
        for setting in wanted.settings:
            check_flags(setting)
        self.lines = [chip.line(offset) for offset in wanted.offsets]
        if any(line.in_use for line in self.lines) or len(set(wanted.offsets)) < len(self.lines):
            raise refuse(errno.EBUSY)
        self._chip = chip
        self.seqno = 0
        self.pipe = Pipe(gateway_reads=True)
        self.queue = RecordQueue(self.pipe, uapi.EVENT_BYTES, wanted.event_buffer_count)
        for line, setting in zip(self.lines, wanted.settings, strict=True):
            line.in_use = True
            line.consumer = wanted.consumer or "?"  # Linux's label for a request without one
            line.line_seqno = 0
            self._configure(line, setting, t_ns)
            chip.announce(line, Changed.REQUESTED, t_ns)

    def _configure(self, line: Line, setting: uapi.LineSetting, t_ns: int) -> None:
        line.sink = None  # the change of direction or bias is no edge
        line.apply(setting, t_ns)
        if setting.flags & uapi.EDGES or setting.debounce_us:
            line.debounced_level = line.level
            line.debounce_due_ns = 0
            line.sink = self

    def ioctl(self, request: int, raw: bytes, t_ns: int) -> tuple[bytes, Device | None]:
        if request == uapi.SET_VALUES:
            self._set_values(*uapi.decode_values(raw), t_ns)
            return raw, None
        if request == uapi.GET_VALUES:
            return self._get_values(uapi.decode_values(raw)[1]), None
        if request == uapi.SET_CONFIG:
            self._set_config(raw, t_ns)
            return raw, None
        raise refuse(errno.EINVAL)

    def _masked(self, mask: int) -> list[tuple[int, Line]]:
        chosen = [(i, line) for i, line in enumerate(self.lines) if mask >> i & 1]
        if not chosen:
            raise refuse(errno.EINVAL)
        return chosen

    def _set_values(self, bits: int, mask: int, t_ns: int) -> None:
        chosen = self._masked(mask)
        if not all(line.is_output for _, line in chosen):
            raise refuse(errno.EPERM)
        for i, line in chosen:
            line.set_output(bits >> i & 1, t_ns)

    def _get_values(self, mask: int) -> bytes:
        bits = sum(line.logical() << i for i, line in self._masked(mask))
        return uapi.encode_values(bits, mask)

    def _set_config(self, raw: bytes, t_ns: int) -> None:
        try:
            settings = uapi.decode_config(raw, len(self.lines))
        except ValueError:
            raise refuse(errno.EINVAL) from None
        for setting in settings:
            check_flags(setting)
        for line, setting in zip(self.lines, settings, strict=True):
            if setting.flags & uapi.DIRECTIONS:
                self._configure(line, setting, t_ns)
            self._chip.announce(line, Changed.CONFIG, t_ns)

    def is_ready(self, line: Line) -> bool:  # noqa: ARG002
        """Always: a full queue lets the oldest go."""
        return True

    def sense(self, line: Line, t_ns: int) -> None:
        """A level change of an input line, at `t_ns`."""
        if not line.setting.debounce_us:
            self._emit(line, line.level, t_ns)
            return
        line.debounce_due_ns = due_ns = t_ns + line.setting.debounce_us * 1000
        self._chip.agenda.at(due_ns, lambda at_ns: self._debounce(line, due_ns, at_ns))

    def _debounce(self, line: Line, due_ns: int, t_ns: int) -> None:
        """Linux's software debouncer: the level has been still for the period."""
        if line.sink is not self or line.debounce_due_ns != due_ns:
            return  # released, or another edge has come since
        if line.level != line.debounced_level:
            line.debounced_level = line.level
            self._emit(line, line.level, t_ns)

    def _emit(self, line: Line, level: int, t_ns: int) -> None:
        flags = line.setting.flags
        rising = bool(level ^ int(line.is_active_low))
        if not flags & (Flag.EDGE_RISING if rising else Flag.EDGE_FALLING):
            return
        line.line_seqno += 1
        self.seqno += 1
        stamp_ns = to_kernel_event_ns(t_ns, realtime=bool(flags & Flag.EVENT_CLOCK_REALTIME))
        kind = EventId.RISING_EDGE if rising else EventId.FALLING_EDGE
        self.queue.put(uapi.encode_event(stamp_ns, kind, line.offset, self.seqno, line.line_seqno))

    def closed(self, t_ns: int) -> None:
        for line in self.lines:
            line.let_go(t_ns, keeps_output=self._chip.keeps_outputs)
            self._chip.announce(line, Changed.RELEASED, t_ns)
        self.pipe.close()
