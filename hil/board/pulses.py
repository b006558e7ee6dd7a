"""A meter's pulse output: a contact wired to an input of every unit, exact in number.

It pulses from a feeder's energy or by order, can bounce, and can be broken. Nobody slows it down:
what a gateway does not take is the kernel model's affair (feed.py).
"""

from __future__ import annotations

import collections
from functools import partial
from typing import Any, Literal

from hil.board.clock import NS_PER_S, Agenda
from hil.board.config import PulseConfig
from hil.board.line import Line

_UWH_PER_KWH = 1_000_000_000
_RATE_HZ_MAX = 1000.0
_BURST_COUNT_MAX = 100_000  # about two seconds in which the board does nothing else


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
        self.pulses_count = 0

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
        while self._trains:
            train = self._trains[0]
            count, half_ns = train
            if count == 0:
                self._trains.popleft()
                continue
            train[0] -= 1
            self.pulses_count += 1
            self._move(t_ns, half_ns, closed=True)
            if half_ns:
                self._agenda.at(t_ns + half_ns, partial(self._open, half_ns))
                return
            self._move(t_ns, 0, closed=False)
        self._is_playing = False

    def _open(self, half_ns: int, t_ns: int) -> None:
        self._move(t_ns, half_ns, closed=False)
        self._agenda.at(t_ns + half_ns, self._next)

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
