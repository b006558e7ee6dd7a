"""What was done to a bench and measured on it, written down as it happens, page by page.

A fault is known from its begin to its end, so what still holds can be mended in the opposite order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import msgspec

from hil.suite.protocol import Unable
from hil.suite.record import Mark, Measured, Span


class _Fault(msgspec.Struct, frozen=True):
    """Something wrong that holds until it is mended."""

    start_ns: int
    mend: Callable[[], object]


class Diary:
    """Of one running bench; each scenario has a page. `now_ns` is the bench's clock."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._faults: dict[tuple[str, str], _Fault] = {}
        self.turn()

    def turn(self) -> None:
        """A new page. Faults that still hold are on it too."""
        self.marks: list[Mark] = []
        self.measured: list[Measured] = []
        self._spans: list[Span] = []

    def mark(self, lane: str, text: str, t_ns: int | None = None) -> None:
        """What is done again and again, with nothing between, is noted once."""
        last = self.marks[-1] if self.marks else None
        if last is None or (last.lane, last.text) != (lane, text):
            self.marks.append(Mark(self._now_ns() if t_ns is None else t_ns, lane, text))

    def fault(self, lane: str, text: str, mend: Callable[[], object], *, on: bool) -> None:
        """It begins, or ends. One that holds can't begin, one that does not can't end."""
        key = (lane, text)
        if on:
            self._faults.setdefault(key, _Fault(self._now_ns(), mend))
        elif (fault := self._faults.pop(key, None)) is not None:
            self._spans.append(Span(fault.start_ns, self._now_ns(), lane, text))

    def mend(self) -> None:
        """End every fault that holds, the newest first."""
        for key, fault in list(self._faults.items())[::-1]:
            with contextlib.suppress(Unable):
                fault.mend()
            self._faults.pop(key, None)

    def holding(self, lane: str, ending: str) -> list[str]:
        """Texts of the faults on a lane that hold and end so."""
        return [text for where, text in self._faults if where == lane and text.endswith(ending)]

    def spans(self) -> list[Span]:
        """Faults on this page; those that hold have no end."""
        still = [Span(each.start_ns, None, *key) for key, each in self._faults.items()]
        return [*self._spans, *still]
