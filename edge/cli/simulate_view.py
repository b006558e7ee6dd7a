"""The result of a dry run laid out for people."""

from __future__ import annotations

from rich.console import RenderableType

from edge.cli.screen import table
from edge.cli.terms import duration, number
from edge.dryrun.run import DryRunResult


def simulate_view(result: DryRunResult) -> list[RenderableType]:
    """Without and with control, side by side; then each load."""
    saved_kwh = result.natural_kwh - result.drawn_kwh
    pace = f"{duration(result.wall_s)} ({result.speed:,.0f} times real time)"
    saved = f"{number(saved_kwh)} kWh, {number(100 * saved_kwh / (result.natural_kwh or 1.0), 2)} %"
    size = f"{result.days} days, {result.steps} steps of 1 s"
    return [
        f"{result.site}: {result.record}, {size} in {pace}",
        "",
        table(("", "without control>", "held by Denban>"), _rows(result)),
        "",
        f"energy not drawn: {saved} of all",
        "",
        table(
            ("load", "switchings>", "time shed>", "energy not drawn>"),
            [
                (
                    load.name,
                    str(load.switchings),
                    duration(load.shed_h * 3600),
                    f"{number(load.curtailed_kwh)} kWh",
                )
                for load in result.loads
            ],
        ),
    ]


def _rows(result: DryRunResult) -> list[tuple[str, str, str]]:
    rows = [
        (
            f"intervals over target, of {len(result.intervals)}",
            str(result.natural_exceeded),
            str(result.exceeded),
        ),
        ("highest demand", f"{number(result.natural_peak_kw)} kW", f"{number(result.peak_kw)} kW"),
        ("energy", f"{number(result.natural_kwh)} kWh", f"{number(result.drawn_kwh)} kWh"),
    ]
    if result.slots:
        rows += _plan_rows(result)
    return rows


def _plan_rows(result: DryRunResult) -> list[tuple[str, str, str]]:
    """Sums over the slots that had a plan; shortage and surplus do not cancel each other."""
    slots = result.slots
    natural = sum(abs(slot.natural_deviation_kwh) for slot in slots)
    held = sum(abs(slot.deviation_kwh) for slot in slots)
    return [
        (
            f"deviation from the plan, {len(slots)} slots",
            f"{number(natural)} kWh",
            f"{number(held)} kWh",
        ),
        (
            f"cost of it, {result.currency}",
            _range([slot.natural_cost for slot in slots]),
            _range([slot.cost for slot in slots]),
        ),
    ]


def _range(costs: list[tuple[float, float]]) -> str:
    return f"{number(sum(c[0] for c in costs), 0)} to {number(sum(c[1] for c in costs), 0)}"
