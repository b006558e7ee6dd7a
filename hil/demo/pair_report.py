"""The pair's summary in print: each change as the witness saw it, then energy as with one."""

from __future__ import annotations

from rich.console import Console
from rich.rule import Rule
from rich.table import Table

from hil.demo.changes import ALLOWED_MS, TEXTS, Seen
from hil.demo.pair_summary import PairSummary
from hil.demo.report import print_account, print_verdict


def print_pair_summary(console: Console, summary: PairSummary) -> None:
    """Print everything and the verdict."""
    console.print(Rule("summary"))
    console.print("The duty, as seen on the meter line and at the loads by a witness outside both:")
    console.print(_changes(summary.changes))
    for seen in summary.changes:
        if seen.unpowered:
            console.print(
                f"{' '.join(seen.unpowered)}: contacts in series, so the power cut of"
                f" {seen.change.old} shed it, by its wiring"
            )
    counts = ", ".join(f"{unit} {count}" for unit, count in summary.queries.items())
    console.print(
        f"queries on the line: {counts}; both at once: {summary.overlaps_count}; spoiled by"
        f" anything: {summary.collisions_count}"
    )
    console.print()
    print_account(console, summary)
    for text in summary.left_acts:
        console.print(f"not done: {text}")
    print_verdict(console, summary)


def _changes(changes: list[Seen]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.show_header = True
    for heading in ("at", "what", "duty", "gap", "allowed", "moved", "collisions"):
        right = heading in {"at", "gap", "allowed", "moved", "collisions"}
        table.add_column(heading, justify="right" if right else "left")
    for seen in changes:
        change = seen.change
        table.add_row(
            f"{change.at_s:.0f} s",
            TEXTS[change.deed],
            f"{change.old} → {change.new}",
            "never" if seen.gap_ms is None else f"{seen.gap_ms:.0f} ms",
            f"{ALLOWED_MS[change.deed]} ms",
            " ".join(seen.moved) or "0",
            str(seen.collisions_count),
        )
    return table
