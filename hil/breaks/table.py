"""What became of the breaks: a table for the terminal and for docs, and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from hil.breaks.seeded import Break
from hil.breaks.verdict import Finding


def write(folder: Path, breaks: Sequence[Break], findings: Sequence[Finding]) -> None:
    """`breaks.json` and `breaks.md` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    json = msgspec.json.format(msgspec.json.encode(list(findings)), indent=1)
    (folder / "breaks.json").write_bytes(json + b"\n")
    (folder / "breaks.md").write_text(markdown(breaks, findings))


def markdown(breaks: Sequence[Break], findings: Sequence[Finding]) -> str:
    what = {seeded.name: seeded.what for seeded in breaks}
    rows = ["| broken | scenario | caught | what the failure says |", "|---|---|---|---|"]
    for found in findings:
        cells = (
            f"**{found.name}**: {what[found.name]}",
            f"`{found.scenario.rpartition('::')[2]}`",
            _caught(found),
            f"`{found.line}`" if found.line else "",
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def lines(findings: Sequence[Finding]) -> list[str]:
    """For a terminal: a block a scenario."""
    told: list[str] = []
    for found in findings:
        told.append(f"{found.name}: {_caught(found)}")
        told.append(f"    {found.scenario}")
        if found.line:
            told.append(f"    {found.line}")
    return told


def _caught(found: Finding) -> str:
    return "yes" if found.caught else f"NO: {found.why}"
