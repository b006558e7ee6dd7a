"""A meter's pulse output: a contact wired to an input of every unit, exact in number.

It pulses from a feeder's energy or by order, can bounce, and can be broken. A train at a rate is
slowed down by nobody, but for the patience that it was given: what a gateway does not take is its
kernel's affair. A burst goes as fast as every unit takes its edges, so that none is lost between
the board and a kernel.
"""

from __future__ import annotations

import collections
from functools import partial
from typing import Any, Literal

from hil.board.clock import NS_PER_S, Agenda, now_ns
from hil.board.config import PulseConfig
from hil.board.line import Line

_UWH_PER_KWH = 1_000_000_000
_RATE_HZ_MAX = 1000.0
_BURST_COUNT_MAX = 100_000  # about two seconds in which the board does nothing else
_TAKER_NS_MAX = 5 * NS_PER_S  # in a burst; a guest that lives has not stalled for so long


class PulseSource:
    """One pulse contact; `pulses_count` is the truth that a counter is compared with."""

    def __init__(self, config: PulseConfig, lines: list[Line], agenda: Agenda) -> None:
        self._config = config
        self._lines = lines
        self._agenda = agenda
        self._trains: collections.deque[list[int]] = (
            collections.deque()
        )  # [count, half period in ns]
        self._is_playing = False
        self._closed = False
        self._broken: Literal["open", "closed"] | None = None
        self._bounce = (0, 0)  # extra edges, within ns
        self._energy_count = 0
        self._patience_ns = round(config.patience_s * NS_PER_S)
        self._is_live = any(line.is_live for line in lines)
        self._waits_since_ns: int | None = None  # a burst, for the takers of its next edge
        self._given_up: set[Line] = set()  # for which it waits no more, until they are ready again
        self.pulses_count = 0
        for line in lines:
            line.on_ready = self._hear_ready

    def follow(self, import_uwh: int, t_ns: int) -> None:
        """Pulse for the energy that the feeder has taken since the start, in µWh."""
        config = self._config
        weight = _UWH_PER_KWH * config.ct_ratio * config.vt_ratio
        due_count = import_uwh * config.constant_per_kwh // weight
        if due_count > self._energy_count:
            half_ns = round(config.width_s * NS_PER_S)
            self._trains.append([due_count - self._energy_count, half_ns])
            self._energy_count = due_count
            self._play(t_ns)

    def order(self, count: int, rate_hz: float, t_ns: int) -> float:
        """Make `count` pulses at `rate_hz` (0 to 1000; 0: a burst). Returns their time in s."""
        if not 0 <= rate_hz <= _RATE_HZ_MAX or count < 0:
            raise ValueError(
                f"pulses: got {count} at {rate_hz} Hz, need >= 0 at 0 to {_RATE_HZ_MAX} Hz"
            )
        if not rate_hz and count > _BURST_COUNT_MAX:
            raise ValueError(f"pulses: got a burst of {count}, need <= {_BURST_COUNT_MAX}")
        self._trains.append([count, round(NS_PER_S / rate_hz / 2) if rate_hz else 0])
        self._play(t_ns)
        return count / rate_hz if rate_hz else 0.0

    def _play(self, t_ns: int) -> None:
        if not self._is_playing:
            self._is_playing = True
            self._next(t_ns)

    def _next(self, t_ns: int) -> None:
        """The next edge, and in a burst those after it for as long as they are taken."""
        while self._trains:
            train = self._trains[0]
            count, half_ns = train
            if not (count or self._closed):
                self._trains.popleft()
                continue
            if self._must_wait(t_ns, self._patience_ns if half_ns else _TAKER_NS_MAX):
                return
            if not self._closed:
                train[0] -= 1
                self.pulses_count += 1
            self._move(t_ns, half_ns, closed=not self._closed)
            if half_ns:
                self._agenda.at(self._following_ns(t_ns, half_ns), self._next)
                return
        self._is_playing = False

    def _following_ns(self, t_ns: int, half_ns: int) -> int:
        """When the next edge of a train is due.

        To a kernel that is played, an edge of a board that was late is told with the instant at
        which it was due. A guest's takes it when it comes: two in a row would be an edge that no
        meter has made.
        """
        if not self._is_live:
            return t_ns + half_ns
        return max(t_ns + half_ns, now_ns() + half_ns // 2)

    def _late(self) -> list[Line]:
        return [line for line in self._lines if not (line.is_ready or line in self._given_up)]

    def _must_wait(self, t_ns: int, patience_ns: int) -> bool:
        if not patience_ns or not self._late():
            return False
        self._waits_since_ns = t_ns
        self._agenda.at(t_ns + patience_ns, partial(self._lose_patience, t_ns))
        return True

    def _hear_ready(self, line: Line, t_ns: int) -> None:
        self._given_up.discard(line)
        if self._waits_since_ns is not None and not self._late():
            self._waits_since_ns = None
            self._next(t_ns)

    def _lose_patience(self, since_ns: int, t_ns: int) -> None:
        if self._waits_since_ns == since_ns:
            self._waits_since_ns = None
            self._given_up.update(self._late())
            self._next(t_ns)

    def _move(self, t_ns: int, lasts_ns: int, *, closed: bool) -> None:
        self._closed = closed
        self._show(t_ns, closed=closed)
        edges_count, within_ns = self._bounce
        if edges_count:
            apart_ns = min(within_ns, lasts_ns // 2) // edges_count
            for k in range(1, edges_count + 1):
                self._rattle(t_ns + k * apart_ns, closed=closed ^ bool(k % 2))

    def _rattle(self, due_ns: int, *, closed: bool) -> None:
        self._agenda.at(due_ns, lambda at_ns: self._show(at_ns, closed=closed))

    def _show(self, t_ns: int, *, closed: bool) -> None:
        if self._broken is not None:
            closed = self._broken == "closed"
        for line in self._lines:
            line.set_contact(self._config.closed_level if closed else None, t_ns)

    def break_contact(self, broken: Literal["open", "closed"] | None, t_ns: int) -> None:
        """Hold it `open` (a cut wire) or `closed`, None mends it; the meter pulses on unheard."""
        if broken not in {"open", "closed", None}:
            raise ValueError(f"pulse contact: got {broken!r}, need open|closed|null")
        self._broken = broken
        self._show(t_ns, closed=self._closed)

    def set_bounce(self, edges_count: int, within_s: float) -> None:
        """Let each movement rattle: `edges_count` further edges (even) spread over `within_s`."""
        if edges_count < 0 or edges_count % 2:
            raise ValueError(f"bounce: got {edges_count} edges, need an even number >= 0")
        self._bounce = (edges_count, round(within_s * NS_PER_S))

    def state(self) -> dict[str, Any]:
        return {
            "pulses_count": self.pulses_count,
            "pending_count": sum(count for count, _ in self._trains),
            "idle": not self._is_playing,
            "broken": self._broken,
        }
