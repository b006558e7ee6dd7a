"""What a long run says while it goes on: each step of the set-up, each verdict, the time left.

The time left is guessed from the run before this one, where its record still lies there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from hil.suite.record import RunRecord, ScenarioRecord

_NS_PER_S = 1e9


class Progress:
    """`names`: the scenarios to come; `lasted_s`: how long one took in an earlier run, where known.

    `write` takes a line; `now_s` is a clock that only goes on.
    """

    def __init__(
        self,
        names: Iterable[str],
        lasted_s: Mapping[str, float],
        write: Callable[[str], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        usual_s = sum(lasted_s.values()) / len(lasted_s) if lasted_s else 1.0
        self._left = {name: lasted_s.get(name, usual_s) for name in names}
        self._count = len(self._left)
        self._done = 0.0
        self._write = write
        self._now_s = now_s
        self._begun_s = now_s()

    def say(self, text: str) -> None:
        """A step of the set-up, or whatever else takes time."""
        self._write(f"{_clock(self._gone_s())}  {text}")

    def done(self, record: ScenarioRecord) -> None:
        self._done += self._left.pop(record.name, 0.0)
        number = self._count - len(self._left)
        text = f"{number}/{self._count}  {record.verdict}  {record.name}"
        self.say(f"{text}  ({self._left_text()})")

    def _left_text(self) -> str:
        if not self._left:
            return "done"
        if not self._done:
            return "time left not known"
        left_s = self._gone_s() * sum(self._left.values()) / self._done
        return f"about {_clock(left_s)} left"

    def _gone_s(self) -> float:
        return self._now_s() - self._begun_s


def lasted_before(run: Path) -> dict[str, float]:
    """By scenario, seconds in the run recorded at `run`; empty where none can be read."""
    try:
        scenarios = RunRecord.read(run).scenarios
    except (OSError, msgspec.MsgspecError):
        return {}
    return {each.name: (each.end_ns - each.start_ns) / _NS_PER_S for each in scenarios}


def _clock(seconds: float) -> str:
    minutes, rest_s = divmod(round(seconds), 60)
    return f"{minutes}:{rest_s:02}"
