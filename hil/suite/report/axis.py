"""The time axis of a picture: which part of the time, and where on it an instant stands."""

from __future__ import annotations

import msgspec

from hil.suite.record import ScenarioRecord, Span

# The narrowest plot; labels that find room on it find room on any.
PLOT_PX_MIN = 560
FONT_PX = 11
MARGIN_PX = 10
_TICKS_MAX = 8


class Window(msgspec.Struct, frozen=True):
    """The part of the time that a picture shows; `zero_ns` is the 0 of its axis."""

    start_ns: int
    end_ns: int
    zero_ns: int

    def fraction(self, t_ns: int) -> float:
        """0 to 1, also for what is outside."""
        length_ns = max(1, self.end_ns - self.start_ns)
        return min(1.0, max(0.0, (t_ns - self.start_ns) / length_ns))

    def holds(self, t_ns: int) -> bool:
        return self.start_ns <= t_ns <= self.end_ns

    def seconds(self, t_ns: int) -> float:
        return (t_ns - self.zero_ns) / 1e9


def whole(scenario: ScenarioRecord) -> Window:
    return Window(scenario.start_ns, max(scenario.end_ns, scenario.start_ns + 1), scenario.start_ns)


def end_ns_of(span: Span, scenario: ScenarioRecord) -> int:
    """Never before its start, whatever was seen first."""
    return max(span.start_ns, scenario.end_ns if span.end_ns is None else span.end_ns)


def ticks(window: Window) -> list[tuple[float, str]]:
    """Places and labels in seconds, at steps of 1, 2 or 5, no more than eight."""
    length_s = (window.end_ns - window.start_ns) / 1e9
    steps = (digit * 10.0**power for power in range(-6, 7) for digit in (1, 2, 5))
    step_s = next((step for step in steps if length_s / step <= _TICKS_MAX), length_s)
    first = int(-(-window.seconds(window.start_ns) // step_s))
    last = int(window.seconds(window.end_ns) // step_s)
    places = 0 if step_s >= 1 else len(f"{step_s:.6f}".rstrip("0").partition(".")[2])
    return [
        (
            window.fraction(window.zero_ns + round(count * step_s * 1e9)),
            f"{count * step_s:.{places}f}".replace("-", "−"),
        )
        for count in range(first, last + 1)
    ]
