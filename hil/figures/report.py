"""The table of all rows: on the terminal, as JSON, and in docs/performance.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from hil.figures.figure import Row

BEGIN = "<!-- figures: begin (written by `make bench WRITE=1`) -->"
END = "<!-- figures: end -->"
_STYLES = {"met": "green", "missed": "red", "failed": "red", "not installed": "yellow"}


def print_table(rows: Iterable[Row], console: Console) -> None:
    """One table, as wide as the terminal; verdicts in words as well as in colour."""
    table = Table(box=None, pad_edge=False)
    for column in ("figure", "what", "measured", "target", "verdict", "against"):
        table.add_column(column, overflow="fold")
    for row in rows:
        style = _STYLES.get(row.verdict, "")
        table.add_row(
            row.figure,
            row.what,
            row.measured,
            row.target,
            f"[{style}]{row.verdict}[/]" if style else row.verdict,
            row.against,
        )
    console.print(table)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "measured_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "processor": _processor(),
        "virtual": "hypervisor" in _cpu_info(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _cpu_info() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


def _processor() -> str:
    for line in _cpu_info().splitlines():
        if line.startswith(("model name", "Model")):  # "Model" is a Raspberry Pi's
            return line.partition(":")[2].strip()
    return platform.machine()


class Measured(msgspec.Struct, frozen=True):
    """One figure as it was last measured: where and when, and its rows."""

    machine: dict[str, Any]
    rows: list[Row]


def keep(path: Path, rows: Sequence[Row], where: dict[str, Any]) -> dict[str, Measured]:
    """Write the rows into the file of all figures; those not measured now stay as they are."""
    kind = dict[str, Measured]
    known = msgspec.json.decode(path.read_bytes(), type=kind) if path.exists() else {}
    for figure in dict.fromkeys(row.figure for row in rows):
        known[figure] = Measured(where, [row for row in rows if row.figure == figure])
    path.write_bytes(msgspec.json.format(msgspec.json.encode(known)) + b"\n")
    return known


def write_docs(path: Path, figures: dict[str, Measured]) -> None:
    """Replace what stands between the markers. Raises ValueError where they are not there."""
    text = path.read_text()
    head, found_begin, rest = text.partition(BEGIN)
    _, found_end, tail = rest.partition(END)
    if not found_begin or not found_end:
        raise ValueError(f"{path}: markers: got none, need {BEGIN!r} and {END!r}; not written")
    path.write_text(f"{head}{BEGIN}\n\n{_markdown(figures)}\n{END}{tail}")


def _markdown(figures: dict[str, Measured]) -> str:
    lines: list[str] = []
    for name, measured in figures.items():
        lines += [
            f"### `make bench ONLY={name}`",
            "",
            _measured_on(measured.machine),
            "",
            "| what | measured | target | verdict | beside it |",
            "|---|---|---|---|---|",
            *(_line(row) for row in measured.rows),
            "",
        ]
    return "\n".join(lines)


def _measured_on(where: dict[str, Any]) -> str:
    kind = "a virtual machine" if where["virtual"] else "a machine"
    return (
        f"{where['measured_at']}, {kind} with {where['processors']} processors"
        f" ({where['processor']}), {where['kernel']}, Python {where['python']}; load average"
        f" before {where['load_before']}."
    )


def _line(row: Row) -> str:
    verdict = {"met": "met", "missed": "**missed**", "shown": ""}.get(row.verdict, row.verdict)
    cells = [row.what, row.measured, row.target, verdict, row.against]
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
