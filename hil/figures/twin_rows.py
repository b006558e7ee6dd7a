"""What trials of the pair say, as rows: medians and worsts against the limits. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import msgspec

from hil.figures.figure import Row, verdict

NAME = "twin"


class Trial(msgspec.Struct, frozen=True):
    """One fault, as an observer outside both gateways saw it.

    `gap_s`: from the last query of the one to the first query of the other; None: none came.
    `moves_count`: changes of loads. `collisions_count`: queries of both gateways that overlapped.
    """

    gap_s: float | None
    moves_count: int = 0
    collisions_count: int = 0


class Limit(msgspec.Struct, frozen=True):
    """`text` is the target as the table shows it."""

    gap_s: float
    text: str


def gap_row(what: str, trials: Sequence[Trial], limit: Limit) -> Row:
    """The worst trial decides, and one in which nobody took over is the worst."""
    gaps_s = [trial.gap_s for trial in trials if trial.gap_s is not None]
    never_count = len(trials) - len(gaps_s)
    is_met = bool(gaps_s) and not never_count and max(gaps_s) <= limit.gap_s
    moves_count = sum(trial.moves_count for trial in trials)
    collisions_count = sum(trial.collisions_count for trial in trials)
    return Row(
        figure=NAME,
        what=what,
        measured=_shown(gaps_s, never_count),
        target=limit.text,
        verdict=verdict(is_met),
        against=f"loads moved {moves_count}, collisions {collisions_count}",
        numbers={"trials": msgspec.to_builtins(list(trials)), "limit_s": limit.gap_s},
    )


def calm_row(trials: Sequence[Trial]) -> Row:
    """Loads and bus over all trials of all faults."""
    moves_count = sum(trial.moves_count for trial in trials)
    collisions_count = sum(trial.collisions_count for trial in trials)
    return Row(
        figure=NAME,
        what=f"loads that moved, collisions of the two on the bus, in {len(trials)} takeovers",
        measured=f"{moves_count}, {collisions_count}",
        target="0, 0",
        verdict=verdict(bool(trials) and moves_count == collisions_count == 0),
        numbers={"moves_count": moves_count, "collisions_count": collisions_count},
    )


def false_row(duration_s: float, changes: Sequence[str], load: str) -> Row:
    """`changes`: each change of the duty while nothing was wrong, in words."""
    return Row(
        figure=NAME,
        what=f"false takeovers in {duration_s / 60:.1f} min under {load}",
        measured=str(len(changes)),
        target="0",
        verdict=verdict(not changes),
        against="; ".join(changes)[:300],
        numbers={"duration_s": duration_s, "changes": list(changes)},
    )


def cpu_row(alone_ratio: float, paired_ratio: float, limit_ratio: float) -> Row:
    """CPU of the control process of a site with one unit, and of the same with a twin."""
    cost_ratio = paired_ratio - alone_ratio
    return Row(
        figure=NAME,
        what="CPU of the twin and its heartbeats, share of a core",
        measured=f"{cost_ratio:.2%}",
        target=f"≤ {limit_ratio:.0%}",
        verdict=verdict(cost_ratio <= limit_ratio),
        against=f"control process alone {alone_ratio:.2%}, with a twin {paired_ratio:.2%}",
        numbers={"alone_ratio": alone_ratio, "paired_ratio": paired_ratio},
    )


def _shown(gaps_s: Sequence[float], never_count: int) -> str:
    never = f", {never_count} never" if never_count else ""
    if not gaps_s:
        return f"never (n {never_count})"
    return (
        f"{statistics.median(gaps_s):.2f} s, worst {max(gaps_s):.2f} s"
        f" (n {len(gaps_s) + never_count}{never})"
    )
