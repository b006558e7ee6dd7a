"""The virtio-gpio device: what a guest's driver asks of a unit's lines, and its interrupts.

Modelled on the Virtual I/O Device specification 1.2, chapter 5.18. The lines are those that the
preload library's units have, so whatever is wired to them can't tell the difference.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from hil.board import uapi
from hil.board.line import Line
from hil.board.uapi import Flag
from hil.board.vhost_memory import VhostError
from hil.board.vhost_ring import Chain

REQUESTS, EVENTS = 0, 1  # the queues
_F_IRQ = 1 << 0
_CONFIG = struct.Struct("<HxxI")  # lines, bytes of their names
_REQUEST = struct.Struct("<HHI")  # kind, line, value
_EVENT_REQUEST = struct.Struct("<H")  # line
_GET_NAMES = 1
_OK, _ERROR = 0, 1
_INVALID, _VALID = b"\0", b"\1"  # of an event
_NONE, _OUT, _IN = 0, 1, 2  # directions
_RISING, _FALLING, _HIGH, _LOW = 1, 2, 4, 8
_IRQ_KINDS = {0, _RISING, _FALLING, _RISING | _FALLING, _HIGH, _LOW}

GiveBack = Callable[[int, Chain, bytes], None]  # queue, chain, answer


class _Interrupt:
    """Of one line. The guest lends one buffer; an edge without it is latched, the next one lost."""

    def __init__(self) -> None:
        self.kind = 0
        self.buffer: Chain | None = None
        self.is_latched = False
        self.lost_count = 0


class VirtioGpio:
    """Lines of one unit; `keeps_outputs` says what a dead owner's outputs do (persist).

    Linux tells of a line that nobody holds any more by the direction none.
    """

    features = _F_IRQ
    queues_count = 2

    def __init__(
        self,
        lines: list[Line],
        give_back: GiveBack,
        on_life: Callable[[int, str | None], None],
        *,
        keeps_outputs: bool,
    ) -> None:
        self._lines = lines
        self._give_back = give_back
        self._on_life = on_life
        self._keeps_outputs = keeps_outputs
        self._interrupts = [_Interrupt() for _ in lines]
        self._output_levels = [0] * len(lines)  # of SET_VALUE, which Linux sends before the turn
        self._names = b"".join(line.name.encode() + b"\0" for line in lines)
        self._verbs: dict[int, Callable[[Line, int, int], int | None]] = {
            2: self._get_direction,
            3: self._set_direction,
            4: self._get_value,
            5: self._set_value,
            6: self._set_interrupt,
        }

    def lost_count(self, line: Line) -> int:
        """Edges that no buffer was there for, since the board began."""
        return self._interrupts[line.offset].lost_count

    # The device, as its transport knows it.

    def config(self) -> bytes:
        return _CONFIG.pack(len(self._lines), len(self._names))

    def started(self, t_ns: int) -> None:
        self._on_life(t_ns, None)

    def stopped(self, t_ns: int, why: str) -> None:
        """The lines are as after a hardware reset, whatever `keeps_outputs` says."""
        self._on_life(t_ns, why)
        for interrupt in self._interrupts:
            interrupt.kind = 0
            interrupt.buffer = None
            interrupt.is_latched = False
        for line in self._lines:
            line.reset(t_ns)

    def receive(self, queue: int, chain: Chain, t_ns: int) -> None:
        if queue == EVENTS:
            self._take_buffer(chain, t_ns)
        else:
            self._give_back(REQUESTS, chain, self._answer(chain, t_ns))

    # Requests.

    def _answer(self, chain: Chain, t_ns: int) -> bytes:
        if len(chain.request) < _REQUEST.size or chain.room < 2:
            raise VhostError(
                f"gpio request: got {len(chain.request)} bytes with room for {chain.room},"
                f" need >= {_REQUEST.size} with room for 2"
            )
        kind, offset, value = _REQUEST.unpack_from(chain.request)
        if kind == _GET_NAMES and chain.room > len(self._names):
            return bytes([_OK]) + self._names
        verb = self._verbs.get(kind)
        if verb is None or offset >= len(self._lines):
            return bytes([_ERROR, 0])
        answer = verb(self._lines[offset], value, t_ns)
        return bytes([_ERROR, 0]) if answer is None else bytes([_OK, answer])

    def _get_direction(self, line: Line, value: int, t_ns: int) -> int:  # noqa: ARG002
        return _OUT if line.is_output else _IN  # Linux refuses a line that says none

    def _set_direction(self, line: Line, value: int, t_ns: int) -> int | None:
        if value not in {_NONE, _OUT, _IN}:
            return None
        if value != _IN:
            self._disarm(line, t_ns)
        if value == _NONE:
            line.let_go(t_ns, keeps_output=self._keeps_outputs)
            return 0
        line.in_use = True
        flag = Flag.OUTPUT if value == _OUT else Flag.INPUT
        output = self._output_levels[line.offset]
        line.apply(uapi.LineSetting(flags=int(flag), output=output, debounce_us=0), t_ns)
        return 0

    def _get_value(self, line: Line, value: int, t_ns: int) -> int:  # noqa: ARG002
        return line.level

    def _set_value(self, line: Line, value: int, t_ns: int) -> int | None:
        if value > 1:
            return None
        self._output_levels[line.offset] = value
        if line.is_output:
            line.set_output(value, t_ns)
        return 0

    def _set_interrupt(self, line: Line, value: int, t_ns: int) -> int | None:
        if value not in _IRQ_KINDS or (value and line.is_output):
            return None
        interrupt = self._interrupts[line.offset]
        if not value:
            self._disarm(line, t_ns)
            return 0
        if not interrupt.kind:
            line.line_seqno = 0
        interrupt.kind = value
        interrupt.is_latched = False
        line.sink = self
        return 0

    # Interrupts.

    def _disarm(self, line: Line, t_ns: int) -> None:
        interrupt = self._interrupts[line.offset]
        buffer, interrupt.buffer = interrupt.buffer, None
        interrupt.kind = 0
        interrupt.is_latched = False
        line.sink = None
        if buffer is not None:
            self._give_back(EVENTS, buffer, _INVALID)
        line.say_ready(t_ns)

    def _take_buffer(self, chain: Chain, t_ns: int) -> None:
        if len(chain.request) < _EVENT_REQUEST.size or chain.room < 1:
            raise VhostError(
                f"gpio event: got {len(chain.request)} bytes with room for {chain.room},"
                f" need {_EVENT_REQUEST.size} with room for 1"
            )
        (offset,) = _EVENT_REQUEST.unpack_from(chain.request)
        interrupt = self._interrupts[offset] if offset < len(self._lines) else None
        if interrupt is None or not interrupt.kind or interrupt.buffer is not None:
            self._give_back(EVENTS, chain, _INVALID)
            return
        line = self._lines[offset]
        interrupt.buffer = chain
        if interrupt.is_latched or interrupt.kind == (_HIGH if line.level else _LOW):
            self._fire(line)
        else:
            line.say_ready(t_ns)

    def is_ready(self, line: Line) -> bool:
        return self._interrupts[line.offset].buffer is not None

    def sense(self, line: Line, t_ns: int) -> None:  # noqa: ARG002 - the guest stamps it
        interrupt = self._interrupts[line.offset]
        if interrupt.kind in {_HIGH, _LOW}:
            if interrupt.kind == (_HIGH if line.level else _LOW) and interrupt.buffer is not None:
                self._fire(line)
        elif interrupt.kind & (_RISING if line.level else _FALLING):
            self._fire(line)

    def _fire(self, line: Line) -> None:
        interrupt = self._interrupts[line.offset]
        if interrupt.buffer is None:
            interrupt.lost_count += int(interrupt.is_latched)
            interrupt.is_latched = True
            return
        buffer, interrupt.buffer = interrupt.buffer, None
        interrupt.is_latched = False
        line.line_seqno += 1
        self._give_back(EVENTS, buffer, _VALID)
