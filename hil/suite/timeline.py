"""What a scenario's picture shows, from the witness's account and what the gateways said.

Pure: it orders what was seen into spans on lanes and judges nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from hil.suite.record import Mark, Span
from hil.witness import Witness

# Polls come closer than this; a rest that is longer is one that somebody should see.
_APART_NS = 500_000_000


def bus_lane(unit: str) -> str:
    return f"{unit} bus"


def role_lane(unit: str) -> str:
    return f"{unit} role"


def bus_spans(witness: Witness, unit: str, since_ns: int, until_ns: int) -> list[Span]:
    """When the unit drove the line, from first to last query of each turn; the turn that was
    going on at the beginning is there too, or a gap at once would have no edge.
    """
    queries = witness.of(unit, since_ns - _APART_NS, until_ns)
    spans: list[Span] = []
    for query in queries:
        if spans and query.start_ns - (spans[-1].end_ns or 0) < _APART_NS:
            query_start_ns = spans.pop().start_ns
        else:
            query_start_ns = query.start_ns
        spans.append(Span(query_start_ns, query.end_ns, bus_lane(unit), "drives the line"))
    return spans


def load_spans(witness: Witness, since_ns: int, until_ns: int) -> list[Span]:
    """When each load was shed."""
    moves = sorted(witness.load_moves(until_ns=until_ns), key=lambda move: (move.load, move.t_ns))
    spans: list[Span] = []
    for load, of_load in itertools.groupby(moves, key=lambda move: move.load):
        for move, following in itertools.pairwise([*of_load, None]):
            end_ns = until_ns if following is None else following.t_ns
            if move is not None and move.shed and end_ns > since_ns:
                spans.append(Span(max(since_ns, move.t_ns), end_ns, load, "shed"))
    return spans


def role_spans(
    roles: Mapping[str, Sequence[tuple[int, str]]], since_ns: int, until_ns: int
) -> list[Span]:
    """Roles as each unit said, from the scan in which it was first seen to say so."""
    spans: list[Span] = []
    for unit, seen in roles.items():
        for (start_ns, role), following in itertools.zip_longest(seen, seen[1:]):
            end_ns = until_ns if following is None else following[0]
            if end_ns > since_ns:
                spans.append(Span(max(since_ns, start_ns), end_ns, role_lane(unit), role))
    return spans


def reset_marks(witness: Witness, unit: str, since_ns: int, until_ns: int) -> list[Mark]:
    resets = witness.resets(unit, since_ns)
    return [Mark(t_ns, unit, "reset by its watchdog") for t_ns in resets if t_ns < until_ns]


def picture(
    witness: Witness,
    roles: Mapping[str, Sequence[tuple[int, str]]],
    since_ns: int,
    until_ns: int,
) -> tuple[list[Span], list[Mark]]:
    """All of it for the units of `roles`."""
    buses = (bus_spans(witness, unit, since_ns, until_ns) for unit in roles)
    resets = (reset_marks(witness, unit, since_ns, until_ns) for unit in roles)
    return (
        [
            *itertools.chain.from_iterable(buses),
            *role_spans(roles, since_ns, until_ns),
            *load_spans(witness, since_ns, until_ns),
        ],
        list(itertools.chain.from_iterable(resets)),
    )
