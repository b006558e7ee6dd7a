"""One scenario on the page: what was to be done, what came of it, measured beside allowed, picture,
the same in order as a table, evidence.
"""

from __future__ import annotations

from collections.abc import Sequence

from hil.suite.record import Measured, ScenarioRecord, Verdict
from hil.suite.report.drawing import timelines
from hil.suite.report.lanes import sorted_marks
from hil.suite.report.markup import (
    Element,
    Part,
    add,
    badge,
    band,
    el,
    number,
    quantity,
    table,
    title_of,
)

# A soak's are in the record; a page is read.
_STEPS_MAX = 200
_SAYS_LINES_MAX = 6
# The band takes this part of a bar, so that a little too much is seen as such.
_BAND_FRACTION = 0.75


def section(scenario: ScenarioRecord, anchor: str) -> Element:
    """Open where somebody has to look."""
    is_open = scenario.verdict in {Verdict.FAILED, Verdict.ERROR}
    head = el(
        "summary", badge(scenario.verdict), el("h3", title_of(scenario.name)),
        el("span", seconds(scenario), class_="took"),
    )  # fmt: skip
    return el(
        "details", head, _procedure(scenario), _why(scenario), measurements(scenario.measured),
        *timelines(scenario), _steps(scenario), _evidence(scenario), _source(scenario),
        id=anchor, class_=f"scenario {scenario.verdict}", open="open" if is_open else None,
    )  # fmt: skip


def _procedure(scenario: ScenarioRecord) -> Element:
    """Its line ends are the editor's; its paragraphs are the author's."""
    paragraphs = scenario.procedure.split("\n\n")
    told = (el("p", " ".join(each.split())) for each in paragraphs if each.strip())
    return el("div", *told, class_="procedure")


def seconds(scenario: ScenarioRecord) -> str:
    return f"{(scenario.end_ns - scenario.start_ns) / 1e9:.1f} s"


def measurements(measured: Sequence[Measured]) -> Element | None:
    if not measured:
        return None
    rows: list[list[Part]] = [
        [
            each.what,
            el("b", quantity(each.value, each.unit), class_="" if each.ok else "outside"),
            band(each),
            badge(Verdict.PASSED if each.ok else Verdict.FAILED) if _is_limited(each) else None,
            _gauge(each),
        ]
        for each in measured
    ]
    heads = ["measured", "value", "allowed", "within", "in the band"]
    return table(heads, rows, "measurements")


def _is_limited(measured: Measured) -> bool:
    return measured.allowed_min is not None or measured.allowed_max is not None


def _gauge(measured: Measured) -> Element | None:
    """The value as a line over the band that is allowed."""
    if not _is_limited(measured):
        return None
    low, high = _ends(measured)
    # An open end reaches the edge of the gauge.
    start = 0.0 if measured.allowed_min is None else low
    end = 1.0 if measured.allowed_max is None else high
    at = _place(measured, measured.value)
    return el(
        "svg",
        el("rect", x="0", y="4", width="100%", height="6", class_="track"),
        el("rect", x=_percent(start), y="2", width=_percent(end - start), height="10",
           class_="band"),
        el("line", x1=_percent(at), x2=_percent(at), y1="0", y2="14", class_="value"),
        class_="gauge" if measured.ok else "gauge outside", width="100%", height="14", role="img",
        aria_label=f"{number(measured.value)} in {band(measured)}",
    )  # fmt: skip


def _ends(measured: Measured) -> tuple[float, float]:
    low, high = measured.allowed_min, measured.allowed_max
    return (
        0.0 if low is None else _place(measured, low),
        1.0 if high is None else _place(measured, high),
    )


def _place(measured: Measured, value: float) -> float:
    """0 to 1 along the gauge; it begins at zero, where nothing is below that."""
    known = [measured.allowed_min, measured.allowed_max, measured.value, 0.0]
    values = [each for each in known if each is not None]
    low, high = min(values), max(values)
    bounds = [each for each in known[:2] if each is not None]
    # The upper bound stands at three quarters, until the value needs more room.
    full = max(high, low + (max(bounds) - low) / _BAND_FRACTION)
    if full == low:
        return 0.5
    return min(0.995, max(0.005, (value - low) / (full - low)))


def _why(scenario: ScenarioRecord) -> Element | None:
    if not scenario.text or scenario.verdict is Verdict.PASSED:
        return None
    if scenario.verdict is Verdict.SKIPPED:
        return el("p", "Skipped: ", scenario.text, class_="skipped")
    says, _, where = scenario.text.strip().partition("\n\n")
    lines = says.splitlines()
    rest = "\n".join([*lines[_SAYS_LINES_MAX:], "", where]).strip("\n")
    said = el("pre", "\n".join(lines[:_SAYS_LINES_MAX]), class_="says")
    if not rest:
        return said
    inner = el("details", el("summary", "All that it said"), el("pre", rest), class_="where")
    return el("div", said, inner)


def _steps(scenario: ScenarioRecord) -> Element | None:
    """For who can't see the picture, and for what has no room in it."""
    steps = [(mark.t_ns, mark.lane, mark.text, "") for mark in sorted_marks(scenario.marks)]
    for span in scenario.spans:
        end_ns = scenario.end_ns if span.end_ns is None else span.end_ns
        lasts = "to the end" if span.end_ns is None else f"{(end_ns - span.start_ns) / 1e9:.2f} s"
        steps.append((span.start_ns, span.lane, span.text, lasts))
    if not steps:
        return None
    steps.sort()
    rows: list[list[Part]] = [
        [f"{(t_ns - scenario.start_ns) / 1e9:.2f} s".replace("-", "−"), lane, text, lasts]
        for t_ns, lane, text, lasts in steps[:_STEPS_MAX]
    ]
    told = table(["at", "where", "what", "for"], rows, "steps")
    inner = el("details", el("summary", f"In order: {len(steps)} steps"), told, class_="order")
    if (left := len(steps) - _STEPS_MAX) > 0:
        add(inner, el("p", f"{left} more are in the run's record."))
    return inner


def _evidence(scenario: ScenarioRecord) -> Element | None:
    if not scenario.evidence:
        return None
    kept = el("ul", *(el("li", el("code", path)) for path in scenario.evidence))
    count = len(scenario.evidence)
    return el(
        "details", el("summary", f"Evidence: {count} file{'s' if count != 1 else ''}"), kept,
        class_="evidence",
    )  # fmt: skip


def _source(scenario: ScenarioRecord) -> Element:
    covers = f" · covers {', '.join(scenario.requirements)}" if scenario.requirements else ""
    return el(
        "p", el("code", scenario.file), " · ", el("code", scenario.name), covers, class_="source"
    )


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.2f}%"
