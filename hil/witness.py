"""The observer outside both gateways: who drove the meter line when, and what the plant saw.

Pure over two logs, the line's and the board's, both stamped by the bench with CLOCK_BOOTTIME. A
query is a burst of a gateway's node; a stub that is cut off is not on the line. What is no sound
frame is a fragment, which can disturb but is nobody's turn. A fragment that says what was heard
just before is the kernel's: a terminal that is being opened echoes until its user can say that it
shall not. It may spoil a query, which is asked again, and is left out here.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hil.crc import has_good_crc
from hil.observer import Log, Move

_NS_PER_S = 1_000_000_000
_ECHO_NS = _NS_PER_S // 2
_CONTROL = re.compile(rb"\^([?-_])")
_CONTROL_BIT = 0x40


class Query(msgspec.Struct, frozen=True):
    """One burst of a gateway on the line. `lost`: it went into a short circuit."""

    node: str
    start_ns: int
    end_ns: int
    sent: bytes
    collided: bool = False
    lost: bool = False


class Takeover(msgspec.Struct, frozen=True):
    """End of the last query of one gateway, start of the first one of the other."""

    old: str
    new: str
    last_ns: int
    first_ns: int

    @property
    def gap_s(self) -> float:
        return (self.first_ns - self.last_ns) / _NS_PER_S


class Silence(msgspec.Struct, frozen=True):
    """A time in which no gateway drove the line."""

    start_ns: int
    end_ns: int

    @property
    def length_s(self) -> float:
        return (self.end_ns - self.start_ns) / _NS_PER_S


class Drive(msgspec.Struct, frozen=True):
    """A pin of a unit was driven, or was let go (`level` None)."""

    t_ns: int
    unit: str
    pin: int
    level: int | None


class Witness:
    """`bursts` as the hub logs them, `nodes` those of the gateways."""

    def __init__(self, bursts: Iterable[dict[str, Any]], log: Log, nodes: Sequence[str]) -> None:
        seen = sorted((_query(burst) for burst in bursts if not burst["isolated"]), key=_start_ns)
        self._bursts = [
            each
            for place, each in enumerate(seen)
            if each.node in nodes and (has_good_crc(each.sent) or not _is_echo(each, seen[:place]))
        ]
        self.queries = [each for each in self._bursts if has_good_crc(each.sent)]
        self.log = log

    @classmethod
    def read(cls, bus_log: Path, board_log: Path, nodes: Sequence[str]) -> Witness:
        """A line still being written is left out."""
        lines = bus_log.read_bytes().split(b"\n")
        return cls(map(json.loads, lines[:-1]), Log.read(board_log), nodes)

    def of(
        self, node: str | None = None, since_ns: int = 0, until_ns: int | None = None
    ) -> list[Query]:
        """Queries that began in a span, of one gateway or of both."""
        return [
            query
            for query in self.queries
            if node in {None, query.node}
            and since_ns <= query.start_ns
            and (until_ns is None or query.start_ns < until_ns)
        ]

    def last_of(self, node: str, until_ns: int | None = None) -> Query | None:
        found = self.of(node, until_ns=until_ns)
        return found[-1] if found else None

    def first_of(self, node: str, since_ns: int = 0) -> Query | None:
        found = self.of(node, since_ns)
        return found[0] if found else None

    def takeovers(self, since_ns: int = 0) -> list[Takeover]:
        """Every change of the gateway that drives the line."""
        pairs = itertools.pairwise(self.of(since_ns=since_ns))
        return [
            Takeover(old.node, new.node, old.end_ns, new.start_ns)
            for old, new in pairs
            if old.node != new.node
        ]

    def overlaps(self, since_ns: int = 0) -> list[tuple[Query, Query]]:
        """Both gateways on the line at the same time, with a fragment or more: never allowed."""
        found: list[tuple[Query, Query]] = []
        going_on: list[Query] = []
        for query in self._bursts:
            if query.start_ns < since_ns:
                continue
            going_on = [each for each in going_on if each.end_ns > query.start_ns]
            found += [(each, query) for each in going_on if each.node != query.node]
            going_on.append(query)
        return found

    def collisions(self, since_ns: int = 0) -> list[Query]:
        """Queries that anything else on the line has spoiled, a late reply among them."""
        return [query for query in self.of(since_ns=since_ns) if query.collided]

    def silences(self, longer_than_s: float, since_ns: int, until_ns: int) -> list[Silence]:
        """Times without a master within a span, its edges included."""
        found: list[Silence] = []
        quiet_from_ns = since_ns
        for query in self.queries:
            if query.end_ns <= since_ns:
                continue
            if query.start_ns >= until_ns:
                break
            found.append(Silence(quiet_from_ns, max(quiet_from_ns, query.start_ns)))
            quiet_from_ns = max(quiet_from_ns, query.end_ns)
        found.append(Silence(quiet_from_ns, max(quiet_from_ns, until_ns)))
        return [silence for silence in found if silence.length_s > longer_than_s]

    def longest_silence(self, since_ns: int, until_ns: int) -> Silence:
        """The longest time without a master within a span."""
        found = self.silences(-1.0, since_ns, until_ns)
        return max(found, key=lambda silence: silence.end_ns - silence.start_ns)

    # At the board.

    def load_moves(self, since_ns: int = 0, until_ns: int | None = None) -> list[Move]:
        """Moves of what the loads see: the contacts of both units together."""
        moves = self.log.moves(since_ns)
        return [move for move in moves if until_ns is None or move.t_ns < until_ns]

    def drives(self, unit: str, pins: Iterable[int], since_ns: int = 0) -> list[Drive]:
        """Changes of a unit's own outputs."""
        wanted = set(pins)
        return [
            Drive(event["t_ns"], unit, event["pin"], _driven_level(event))
            for event in self._events("line", unit, since_ns)
            if event["pin"] in wanted
        ]

    def resets(self, unit: str, since_ns: int = 0) -> list[int]:
        """When its watchdog has reset the unit."""
        return [event["t_ns"] for event in self._events("watchdog_reset", unit, since_ns)]

    def enables(self, unit: str, since_ns: int = 0) -> list[tuple[int, bool]]:
        """Changes of the unit's enable line, up or down."""
        found = self._events("enable", unit, since_ns)
        return [(event["t_ns"], event["up"]) for event in found]

    def _events(self, kind: str, unit: str, since_ns: int) -> list[dict[str, Any]]:
        return [
            event
            for event in self.log.events
            if event["event"] == kind and event["unit"] == unit and event["t_ns"] >= since_ns
        ]


def _start_ns(query: Query) -> int:
    return query.start_ns


def _is_echo(fragment: Query, before: Sequence[Query]) -> bool:
    """Whether it repeats, in order, what others have said just before: control characters as ^X,
    of which each half may be a fragment of its own, and not at all those that mean something to a
    terminal (ECHOCTL in termios(3)).
    """
    since_ns = fragment.start_ns - _ECHO_NS
    heard = [
        byte
        for each in itertools.takewhile(lambda each: each.start_ns >= since_ns, reversed(before))
        if each.node != fragment.node
        for byte in reversed(each.sent)
    ]
    whole = (fragment.sent, b"^" + fragment.sent)
    return bool(fragment.sent) and any(_is_within(_plain(sent), heard) for sent in whole)


def _plain(echoed: bytes) -> bytes:
    said = _CONTROL.sub(lambda found: bytes([found[1][0] ^ _CONTROL_BIT]), echoed)
    return said.rstrip(b"^")


def _is_within(said: bytes, newest_first: Sequence[int]) -> bool:
    rest = reversed(newest_first)
    return all(byte in rest for byte in said)


def _query(burst: dict[str, Any]) -> Query:
    return Query(
        burst["node"],
        burst["start_ns"],
        burst["end_ns"],
        bytes.fromhex(burst["hex"]),
        burst["collided"],
        burst["lost_count"] > 0,
    )


def _driven_level(event: dict[str, Any]) -> int | None:
    level: int = event["level"]
    return level if event["direction"] == "out" else None
