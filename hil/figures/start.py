"""From the start of the process to its first complete scan, and to its first relay line."""

from __future__ import annotations

import statistics

from hil.figures.figure import Figure, Row, Run, verdict
from hil.figures.plant import PlantSize
from hil.figures.rig import GatewayRig

_NAME = "start"
_READY_S_MAX = 0.5


def _measure(run: Run) -> list[Row]:
    count = run.pick(10, 3)
    ready_s: list[float] = []
    line_s: list[float] = []
    with GatewayRig(run.folder, PlantSize()) as rig:
        for number in range(count):
            run.step(f"start {number + 1} of {count}")
            ready_s.append(rig.start())
            line_s.append((_first_line_ns(rig) - rig.started_ns) / 1e9)
            rig.stop()
    median_s = statistics.median(ready_s)
    return [
        Row(
            figure=_NAME,
            what=f"exec to READY after the first complete scan, median of {count}",
            measured=f"{median_s:.3f} s",
            target=f"≤ {_READY_S_MAX} s",
            verdict=verdict(median_s <= _READY_S_MAX),
            against=f"fastest {min(ready_s):.3f} s, slowest {max(ready_s):.3f} s",
            numbers={"ready_s": ready_s},
        ),
        Row(
            figure=_NAME,
            what="exec to the first relay line driven, median",
            measured=f"{statistics.median(line_s):.3f} s",
            numbers={"line_s": line_s},
        ),
    ]


def _first_line_ns(rig: GatewayRig) -> int:
    """When the board saw the first output of this start. Raises LookupError."""
    for move in rig.moves(rig.started_ns):
        if move["event"] == "line" and move["direction"] == "out":
            return int(move["t_ns"])
    raise LookupError("board: no output was requested since the start")


FIGURE = Figure(_NAME, "start of the controller", lambda run: run.pick(20, 8), _measure)
