"""Reads a board's log and says what the plant saw: moves, dwell times, chatter, interval energy.

The log is the board's own record, stamped by the bench; nothing here comes from the device under
test. ``python -m hil.observer LOG`` prints the findings as JSON.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

_NS_PER_S = 1_000_000_000
_CHATTER_S = 1.0  # two moves of a contactor closer than this: nobody wants that of a relay


class Move(msgspec.Struct, frozen=True):
    """A load's contacts opened (`shed`) or closed; `units` are those whose contact sheds now."""

    t_ns: int
    load: str
    shed: bool
    units: list[str]


class Dwell(msgspec.Struct, frozen=True):
    """How long a load's contacts stayed as they were, from one move to the next."""

    load: str
    shed: bool
    since_ns: int
    lasted_s: float


class IntervalEnergy(msgspec.Struct, frozen=True):
    """What one feeder took and gave between two boundaries, as the plant itself integrated it.

    `whole` is false for the first and last one of a run, which began or ended between boundaries.
    """

    feeder: str
    start_ns: int
    end_ns: int
    end_utc_ns: int | None
    import_uwh: int
    export_uwh: int
    whole: bool

    @property
    def mean_import_w(self) -> float:
        """Mean imported power over the true length of the interval: its demand."""
        return self.import_uwh * 3600e-6 / ((self.end_ns - self.start_ns) / _NS_PER_S)


class Log:
    """The events of one board's log; a line still being written is left out."""

    def __init__(self, events: Iterable[dict[str, Any]]) -> None:
        self.events = list(events)

    @classmethod
    def read(cls, path: Path) -> Log:
        lines = path.read_bytes().split(b"\n")
        return cls(json.loads(line) for line in lines[:-1])

    def _of(self, *kinds: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] in kinds]

    def moves(self, since_ns: int = 0) -> list[Move]:
        """Every move of a load's contacts at or after `since_ns`, oldest first."""
        return [
            Move(event["t_ns"], event["load"], event["shed"], event["units"])
            for event in self._of("contact")
            if event["t_ns"] >= since_ns
        ]

    def dwells(self) -> list[Dwell]:
        """Times between successive moves of each load; what lasts to the log's end is not in it."""
        found: list[Dwell] = []
        last: dict[str, Move] = {}
        for move in self.moves():
            before = last.get(move.load)
            if before is not None:
                lasted_s = (move.t_ns - before.t_ns) / _NS_PER_S
                found.append(Dwell(move.load, before.shed, before.t_ns, lasted_s))
            last[move.load] = move
        return found

    def chatter(self, closer_than_s: float = _CHATTER_S) -> list[Dwell]:
        """Dwells shorter than `closer_than_s`."""
        return [dwell for dwell in self.dwells() if dwell.lasted_s < closer_than_s]

    def intervals(self) -> list[IntervalEnergy]:
        """Energy of each demand interval and feeder, in the order of their ends."""
        marks = self._of("start", "interval", "stop")
        return [
            _between(begin, end, feeder)
            for begin, end in itertools.pairwise(marks)
            for feeder in end["import_uwh"]
        ]

    def watchdog_resets(self) -> list[tuple[int, str]]:
        """`(t_ns, unit)` of each expiry."""
        return [(event["t_ns"], event["unit"]) for event in self._of("watchdog_reset")]

    def moves_by_load(self) -> dict[str, int]:
        """How many times each load's contacts moved; loads that never did are not in it."""
        counts: dict[str, int] = defaultdict(int)
        for move in self.moves():
            counts[move.load] += 1
        return dict(counts)


def _between(begin: dict[str, Any], end: dict[str, Any], feeder: str) -> IntervalEnergy:
    return IntervalEnergy(
        feeder=feeder,
        start_ns=begin["t_ns"],
        end_ns=end["t_ns"],
        end_utc_ns=end.get("boundary_utc_ns"),
        import_uwh=end["import_uwh"][feeder] - begin["import_uwh"][feeder],
        export_uwh=end["export_uwh"][feeder] - begin["export_uwh"][feeder],
        whole=begin["event"] == end["event"] == "interval",
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hil.observer", description=__doc__)
    parser.add_argument("log", type=Path)
    log = Log.read(parser.parse_args().log)
    findings = {
        "moves": log.moves(),
        "moves_by_load": log.moves_by_load(),
        "dwells": log.dwells(),
        "chatter": log.chatter(),
        "intervals": log.intervals(),
        "watchdog_resets": log.watchdog_resets(),
    }
    print(msgspec.json.format(msgspec.json.encode(findings)).decode())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
