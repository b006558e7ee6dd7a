"""The summary in print: the same figures on a terminal, in a log and in the manual."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console
from rich.rule import Rule
from rich.table import Table

from hil.demo.summary import Account, IntervalRow, Summary
from hil.works import PULSE_UWH


def print_summary(console: Console, summary: Summary) -> None:
    """Print everything and the verdict."""
    console.print(Rule("summary"))
    print_account(console, summary)
    console.print(_pulses(summary))
    console.print(_scans(summary))
    for fault in summary.faults:
        console.print(f"fault at {fault.at_s:.0f} s: {fault.text}")
        for said in fault.said or ["nothing"]:
            console.print(f"  the controller said: {said}")
    print_verdict(console, summary)


def print_account(console: Console, account: Account) -> None:
    """Intervals, energy and moves."""
    console.print(_intervals(account))
    exceeded = sum(row.exceeded for row in account.intervals)
    without = sum(_would_exceed(row) for row in account.intervals)
    console.print(
        f"passed their target: {exceeded} of {len(account.intervals)} intervals; without the"
        f" controller it would have been {without}"
    )
    console.print(f"energy shed: {account.shed_uwh / 1e9:.3f} kWh")
    console.print(_moves(account))
    console.print(_counted(account))


def print_verdict(console: Console, account: Account) -> None:
    failures = account.failures()
    console.print(f"FAILED: {'; '.join(failures)}" if failures else "■ HELD")


def _intervals(account: Account) -> Table:
    table = Table.grid(padding=(0, 2))
    table.show_header = True
    for heading in ("until", "target", "controller", "plant (truth)", "differ", "uncontrolled"):
        table.add_column(heading, justify="right")
    for row in account.intervals:
        end = datetime.fromtimestamp(row.end_utc_ns / 1e9, UTC)
        said_uwh, off_uwh = row.controller_uwh, row.difference_uwh
        table.add_row(
            f"{end:%H:%M:%S}",
            f"{row.target_w / 1000:.0f} kW",
            "" if said_uwh is None else f"{said_uwh / 1e9:.3f} kWh",
            f"{row.truth_uwh / 1e9:.3f} kWh {row.truth_w / 1000:.1f} kW",
            "" if off_uwh is None else f"{off_uwh / 1e6:+.1f} Wh",
            "" if row.uncontrolled_uwh is None else f"{_uncontrolled_w(row) / 1000:.1f} kW",
        )
    return table


def _uncontrolled_w(row: IntervalRow) -> float:
    return row.truth_w * (row.uncontrolled_uwh or 0) / row.truth_uwh


def _would_exceed(row: IntervalRow) -> bool:
    return row.uncontrolled_uwh is not None and _uncontrolled_w(row) > row.target_w


def _moves(account: Account) -> str:
    parts = [
        f"{load} {count} ({account.shed_s.get(load, 0.0):.0f} s shed)"
        for load, count in sorted(account.moves.items())
    ]
    chatter = f"; CHATTER {account.chatter_count}" if account.chatter_count else "; no chatter"
    return "relay moves, as the observer stamped them: " + (", ".join(parts) or "none") + chatter


def _pulses(summary: Summary) -> str:
    broke = " (the wire was broken for a while)" if summary.pulse_wire_broke else ""
    return f"pulses sent {summary.pulses_sent}, arrived {summary.pulses_arrived}{broke}"


def _counted(account: Account) -> str:
    if account.booked_uwh is None or account.counted_off_uwh is None:
        return "energy counted in all: unknown, the controller did not answer"
    return (
        f"energy counted in all {account.booked_uwh / 1e9:.3f} kWh, taken by the plant"
        f" {account.taken_uwh / 1e9:.3f} kWh, differ {account.counted_off_uwh / 1e6:+.1f} Wh"
        f" (a pulse is {PULSE_UWH / 1e6:g} Wh)"
    )


def _scans(summary: Summary) -> str:
    health = summary.health
    if health is None:
        return "scans: unknown"
    real_time = "real-time" if health["realtime"] else "without real-time priority"
    return (
        f"scans {health['scans']}, overruns {health['overruns']}, late p50"
        f" {health['late_us_p50'] / 1000:.2f} ms, p99 {health['late_us_p99'] / 1000:.2f} ms, max"
        f" {health['late_us_max'] / 1000:.1f} ms, {real_time}; watchdog {health['watchdog']}"
    )
