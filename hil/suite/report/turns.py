"""Who drove the bus by turns, and what was between: a gap, or two at once."""

from __future__ import annotations

import msgspec

from hil.suite.record import ScenarioRecord
from hil.suite.report.axis import end_ns_of

BUS_ENDING = " bus"
# A scenario that begins between two polls of a line that lives is no gap.
_FROM_START_NS_MIN = 300_000_000


class Turn(msgspec.Struct, frozen=True):
    """Between two turns of driving the bus; `start_ns` after `end_ns` is an overlap, of two.

    `old` is empty before the first.
    """

    start_ns: int
    end_ns: int
    old: str
    new: str

    @property
    def overlaps(self) -> bool:
        return self.start_ns > self.end_ns

    @property
    def length(self) -> str:
        length_s = f"{abs(self.end_ns - self.start_ns) / 1e9:.3g} s"
        return f"both: {length_s}" if self.overlaps else length_s

    @property
    def text(self) -> str:
        if self.overlaps:
            return f"{self.old} and {self.new} drive at once, {self.length}"
        if not self.old:
            return f"nobody drives for {self.length} until {self.new} does"
        return f"{self.old} to {self.new}: nobody drives for {self.length}"


def turns(scenario: ScenarioRecord) -> list[Turn]:
    """Every time without a driver before and between those with one, and every overlap."""
    driven = sorted(
        (span.start_ns, end_ns_of(span, scenario), span.lane.removesuffix(BUS_ENDING))
        for span in scenario.spans
        if span.lane.endswith(BUS_ENDING)
    )
    found: list[Turn] = []
    until_ns, old = scenario.start_ns, ""
    for start_ns, end_ns, new in driven:
        if old or start_ns - until_ns >= _FROM_START_NS_MIN:
            found.append(Turn(min(until_ns, end_ns), start_ns, old, new))
        if end_ns >= until_ns:
            until_ns, old = end_ns, new
    return found
