"""Outputs in memory: levels, what was written, lines that fail, are shorted or were left driven."""

from __future__ import annotations


class FakeOutput:
    """One output of the board: its level, whether it fails, and what was written to it."""

    def __init__(self, board: FakeBoard, pin: int, *, active_high: bool, level: bool) -> None:
        self._board = board
        self._pin = pin
        self._active_high = active_high
        self._write(level)

    @property
    def value(self) -> int:
        self._board.raise_fault(self._pin)
        level = self._board.shorted.get(self._pin, self._board.levels[self._pin])
        return int(level is self._active_high)

    @value.setter
    def value(self, value: int) -> None:
        self._board.raise_fault(self._pin)
        self._write(bool(value) is self._active_high)

    def _write(self, level: bool) -> None:
        self._board.levels[self._pin] = level
        self._board.written.append((self._pin, level))

    def close(self) -> None:
        self._board.closed.append(self._pin)


class FakeBoard:
    """`open` is an OpenOutput. `driven` are levels that an earlier process left on its lines."""

    def __init__(self) -> None:
        self.levels: dict[int, bool] = {}
        self.driven: dict[int, bool] = {}
        self.shorted: dict[int, bool] = {}
        self.faults: dict[int, OSError] = {}
        self.written: list[tuple[int, bool]] = []
        self.closed: list[int] = []
        self.now_mono_ns = 0

    def raise_fault(self, pin: int) -> None:
        if pin in self.faults:
            raise self.faults[pin]

    def open(self, pin: int, *, active_high: bool, value: bool, keep_driven: bool) -> FakeOutput:
        self.raise_fault(pin)
        level = value is active_high
        if keep_driven:
            level = self.driven.get(pin, level)
        return FakeOutput(self, pin, active_high=active_high, level=level)

    def mono_ns(self) -> int:
        return self.now_mono_ns
