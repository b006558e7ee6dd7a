"""The demo's screen, eighty columns wide: a picture in, lines of text out. It decides nothing.

Colour only doubles what words and shapes say; red and amber are for faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from hil.demo.picture import Line, PairPicture, Picture
from hil.demo.words import STAGE_SHAPES, STAGES, reason_text
from hil.works import FEEDER, LOADS

WIDTH: Final = 80
_LINES_MIN, _LINES_MAX = 4, 20
_ROWS_ABOVE: Final = 25  # what stands above the lines, with a plan and with alarms
_ROWS_ABOVE_OF_PAIR: Final = 21
_CHANGES_SHOWN: Final = 3
_BAR_CELLS: Final = 46
_STAGE_STYLES: Final = ("", "yellow", "yellow", "bold red", "bold red")
_SEVERITY_STYLES: Final = {"info": "", "warning": "yellow", "alarm": "bold red"}


def render(picture: Picture, rows: int) -> Group:
    """The whole screen with the newest lines, on so many rows."""
    above = [*_above(picture)] if picture.pair is None else [*_above_of_pair(picture, picture.pair)]
    taken = _ROWS_ABOVE if picture.pair is None else _ROWS_ABOVE_OF_PAIR
    shown = max(_LINES_MIN, min(rows - taken, _LINES_MAX))
    lines = [line_text(line) for line in picture.lines[-shown:]]
    if picture.pair is not None:
        lines = [_cut(line) for line in lines]
    return Group(*above, Rule("what happened, and why", style="dim"), *lines)


def _cut(text: Text) -> Text:
    """On one row; in plain output and in the summary nothing is cut."""
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _above(picture: Picture) -> Iterator[RenderableType]:
    yield _title(picture)
    yield Text(picture.wiring, style="dim", overflow="fold")
    yield _stage(picture)
    yield Rule("demand interval", style="dim")
    yield from _limits(picture)
    yield Rule("loads", style="dim")
    yield _loads(picture)
    yield Rule("sources", style="dim")
    yield _sources(picture)


def _above_of_pair(picture: Picture, pair: PairPicture) -> Iterator[RenderableType]:
    """Twenty rows, so that an old terminal shows all that matters."""
    yield _title(picture)
    yield Rule(f"gateways{pair.hint}", style="dim")
    yield _gateways(pair)
    changes = pair.changes[-_CHANGES_SHOWN:]
    for index in range(_CHANGES_SHOWN):
        yield Text(changes[index] if index < len(changes) else "", style="cyan", no_wrap=True)
    yield Rule("demand interval", style="dim")
    yield _cut(_stage(picture))
    yield from _limits(picture)
    yield Rule("loads", style="dim")
    yield _loads(picture)


def line_text(line: Line) -> Text:
    """`>` is done to the bench, `=` seen by the witness, `·` said by the controller, `!` a warning,
    `‼` an alarm.
    """
    if line.voice == "bench":
        return Text(f"{line.at_s:6.1f} > {line.text}", style="bold", overflow="fold")
    if line.voice == "witness":
        return Text(f"{line.at_s:6.1f} = {line.text}", style="bold cyan", overflow="fold")
    mark = {"info": "·", "warning": "!", "alarm": "‼"}[line.severity]
    return Text(f"{line.at_s:6.1f} {mark} {line.text}", style=_SEVERITY_STYLES[line.severity])


def _title(picture: Picture) -> RenderableType:
    left = Text(picture.title, style="bold")
    time_left = f"{picture.clock}  {picture.elapsed_s:4.0f} of {picture.lasts_s:.0f} s"
    grid = Table.grid(expand=True)
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_row(left, time_left)
    return grid


def _gateways(pair: PairPicture) -> Table:
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(no_wrap=True)
    for row in pair.units:
        style = "bold red" if row.is_fault else ""
        table.add_row(
            Text(row.mark, style or "bold"), Text(row.unit, "bold"), Text(row.does, style)
        )
    return table


def _stage(picture: Picture) -> Text:
    status = picture.status
    if status is None or picture.answer is None:
        return Text("the controller does not answer", style="bold red")
    stage = status["stage"]
    text = Text("stage ")
    text.append(f"{STAGE_SHAPES[stage]} {STAGES[stage]}", style=_STAGE_STYLES[stage])
    text.append(f"   why: {status['why'].replace('_', ' ')}")
    alarms = ", ".join(status["alarms"])
    text.append(f"   alarms: {alarms or 'none'}", style="yellow" if alarms else "")
    return text


def _limits(picture: Picture) -> list[RenderableType]:
    found = [limit for name in ("demand", "plan") if (limit := picture.limit(name))]
    parts: list[RenderableType] = []
    for limit in found:
        parts += [_bar(limit), *_figures(limit)]
    parts.append(_truth(picture))
    return parts


def _bar(limit: dict[str, Any]) -> Text:
    """Energy so far and projected (low to high) on a scale on which the target is at `|`."""
    length_s = limit["elapsed_s"] + limit["remaining_s"]
    target_kwh = limit["target_w"] * length_s / 3.6e6
    full_kwh = target_kwh * 1.25

    def cell(kwh: float) -> int:
        index = int(kwh / full_kwh * _BAR_CELLS)
        return max(0, min(_BAR_CELLS - 1, index))

    cells = ["·"] * _BAR_CELLS
    low, high = (
        cell(limit[key] * length_s / 3.6e6) for key in ("projected_w_low", "projected_w_high")
    )
    for index in range(low, high + 1):
        cells[index] = "░"
    for index in range(cell(limit["energy_kwh"])):
        cells[index] = "█"
    cells[cell(target_kwh)] = "|"
    figures = f"{limit['energy_kwh']:6.3f} of {target_kwh:6.3f} kWh"
    return Text(f"{limit['name']:6} {''.join(cells)} {figures}")


def _figures(limit: dict[str, Any]) -> list[Text]:
    kw = {key: limit[key] / 1000 for key in limit if key.endswith(("_w", "_low", "_high"))}
    over = kw["projected_w"] > kw["target_w"]
    projected = Text(
        f"       projected {kw['projected_w']:.0f} kW"
        f" ({kw['projected_w_low']:.0f} to {kw['projected_w_high']:.0f})",
        style="yellow" if over else "",
    )
    adjustable = f"adjustable {kw['adjustable_w']:+.0f} kW" if limit["remaining_s"] > 1 else ""
    rest = (
        f"       target {kw['target_w']:.0f} kW by {limit['binding']}, {adjustable},"
        f" {limit['remaining_s']:.0f} s left"
    )
    return [projected, Text(rest)]


def _truth(picture: Picture) -> Text:
    text = f"truth  draws {picture.truth_w / 1000:.0f} kW"
    if picture.status is not None and picture.status["power_w"] is not None:
        text += f" (controller: {picture.status['power_w'] / 1000:.0f})"
    demand = picture.limit("demand")
    if picture.truth_uwh is not None and demand is not None:
        text += f"; since the boundary {picture.truth_uwh / 1e9:.3f} kWh"
    return Text(text, style="cyan")


def _loads(picture: Picture) -> Table:
    table = Table.grid(padding=(0, 2))
    for heading in ("load", "controller", "observer", "learned", "draws", "last move"):
        table.add_column(Text(heading, style="dim"), no_wrap=picture.pair is not None)
    table.show_header = True
    status = picture.status
    said = {load["name"]: load for load in status["loads"]} if status else {}
    for name in LOADS:
        seen = picture.snapshot["loads"][name]
        load = said.get(name)
        table.add_row(
            name,
            _state(shed=load["shed"]) if load else "?",
            _state(shed=seen["shed"]),
            f"{load['learned_w'] / 1000:4.0f} kW" if load else "",
            f"{picture.snapshot['load_power_w'][name] / 1000:4.0f} kW",
            _move(load) if load else "",
        )
    return table


def _state(*, shed: bool) -> Text:
    return Text("■ shed" if shed else "□ on", style="bold" if shed else "")


def _move(load: dict[str, Any]) -> str:
    by_hand = f" [{load['override']}]" if load["override"] else ""
    fault = f" FAULT {load['fault']}" if load["fault"] else ""
    return f"{reason_text(load['reason'])}{by_hand}{fault}"


def _sources(picture: Picture) -> Text:
    text = Text()
    for source in picture.status["sources"] if picture.status else []:
        mark = "●" if source["in_use"] else "○"
        age = "never heard" if source["age_s"] is None else f"{source['age_s']:4.1f} s old"
        state = "" if source["ok"] else "  NOT BELIEVED"
        style = "" if source["ok"] else "yellow"
        text.append(f"{mark} {source['name']:21} {age}{state}\n", style)
    broken = ", THE WIRE IS BROKEN" if picture.snapshot["pulses"][FEEDER]["broken"] else ""
    sent = f"truth  pulses sent {picture.sent_count}, arrived {picture.arrived_count}{broken}"
    return text.append(sent, style="cyan")
