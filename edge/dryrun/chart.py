"""The dry run as a picture: demand of each interval without and with control, against the target.

Needs the `chart` extra (matplotlib), which nothing on the control path imports.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from pathlib import Path

from edge.dryrun.run import DryRunResult


def draw_chart(result: DryRunResult, zone: tzinfo, path: Path) -> None:
    """Write `path` (.svg or .png). Raises ImportError without the extra, OSError on a bad path."""
    from matplotlib.figure import Figure  # noqa: PLC0415 -- an optional extra

    times = [
        datetime.fromtimestamp(interval.start_utc_ns / 1e9, UTC).astimezone(zone)
        for interval in result.intervals
    ]
    figure = Figure(figsize=(12, 6.5), layout="constrained")
    demand, energy = figure.subplots(2, 1, height_ratios=(3, 1))
    style = {"drawstyle": "steps-post", "linewidth": 1.0}
    natural = [interval.natural_kw for interval in result.intervals]
    demand.plot(times, natural, label="without control", color="#9aa5b1", **style)
    held = [interval.demand_kw for interval in result.intervals]
    demand.plot(times, held, label="held by Denban", color="#0b6e99", **style)
    target = [interval.target_kw for interval in result.intervals]
    demand.plot(times, target, label="target", color="#1b1f23", linestyle="--", **style)
    over = [(at, i.demand_kw) for at, i in zip(times, result.intervals, strict=True) if i.exceeded]
    if over:
        demand.scatter(*zip(*over, strict=True), marker="x", color="#c0392b", label="exceeded")
    demand.set_ylabel("demand of an interval, kW")
    # Room for the legend above the highest line.
    demand.set_ylim(0, 1.2 * max([*natural, *held, *target], default=1.0))
    demand.legend(loc="upper right")
    demand.set_title(
        f"{result.site}: {result.record}, {result.days} days; "
        f"peak {result.natural_peak_kw:.0f} kW → {result.peak_kw:.0f} kW, "
        f"intervals over target {result.natural_exceeded} → {result.exceeded}"
    )
    names = [load.name for load in result.loads]
    bars = energy.barh(names, [load.curtailed_kwh for load in result.loads], color="#0b6e99")
    energy.bar_label(bars, [f"{load.switchings} switchings" for load in result.loads], padding=4)
    energy.set_xlabel("energy not drawn, kWh")
    energy.margins(x=0.15)
    energy.invert_yaxis()
    figure.savefig(path, dpi=120)
