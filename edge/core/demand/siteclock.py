"""The site's UTC: labels monotonic time by the wall clock as far as that may be believed.

Small differences are slewed, a step that nobody vouches for is ignored, and one that a believed
clock keeps for long re-labels. Moves no energy: what a re-label does to intervals is not decided
here.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.scan import ClockTrust, ScanInputs
from edge.model.units import NS_PER_S

# A larger difference is a step: no disciplined clock is ever so far off.
SLEW_LIMIT_NS: Final = 2 * NS_PER_S
# As fast as NTP slews: at most 0.9 s in 30 minutes, 0.05 % of the interval's energy.
SLEW_PPM: Final = 500
SLEW_EVERY_NS: Final = NS_PER_S
# A believed clock must keep its other opinion for so long: time services settle in steps.
RELABEL_STEADY_NS: Final = 60 * NS_PER_S

# Trust that may move labels at all, and trust that may re-label. A clock in holdover runs on the
# same oscillator as ours, so that a step of it is somebody's hand and no better time.
_MAY_SLEW: Final = frozenset({ClockTrust.RTC, ClockTrust.NTP, ClockTrust.HOLDOVER})
_MAY_RELABEL: Final = frozenset({ClockTrust.RTC, ClockTrust.NTP})


class ClockState(Struct):
    """Site time is `anchor_utc_ns` at `anchor_mono_ns` and runs on with the monotonic clock.

    `trusted`: some believed clock has agreed with the labels since they were set.
    `differs_since_mono_ns` is when the wall clock began to be `difference_ns` ahead of them.
    """

    anchor_mono_ns: int | None = None
    anchor_utc_ns: int = 0
    trusted: bool = False
    slewed_mono_ns: int = 0
    differs_since_mono_ns: int | None = None
    difference_ns: int = 0
    difference_reported: bool = False


class SiteClock:
    """Call :meth:`step` once a scan; :attr:`offset_ns` + monotonic time is the site's UTC."""

    def __init__(self, state: ClockState) -> None:
        self._state = state

    @property
    def offset_ns(self) -> int:
        """Site UTC minus monotonic time; only after the first step."""
        assert self._state.anchor_mono_ns is not None
        return self._state.anchor_utc_ns - self._state.anchor_mono_ns

    @property
    def trusted(self) -> bool:
        """Whether labels have been confirmed by a believed clock."""
        return self._state.trusted

    def step(self, inputs: ScanInputs, events: list[Event]) -> bool:
        """Follow the wall clock; True when the labels have just jumped to another time."""
        state = self._state
        if state.anchor_mono_ns is None:
            self._begin(inputs, events)
            return False
        if inputs.now_mono_ns - state.slewed_mono_ns < SLEW_EVERY_NS:
            return False
        elapsed_ns = inputs.now_mono_ns - state.slewed_mono_ns
        state.slewed_mono_ns = inputs.now_mono_ns
        difference_ns = inputs.now_utc_ns - inputs.now_mono_ns - self.offset_ns
        if abs(difference_ns) > SLEW_LIMIT_NS:
            return self._differs(inputs, difference_ns, events)
        self._agrees(inputs, events)
        if inputs.clock_trust in _MAY_SLEW:
            most_ns = elapsed_ns * SLEW_PPM // 1_000_000
            state.anchor_utc_ns += max(-most_ns, min(most_ns, difference_ns))
        return False

    def _begin(self, inputs: ScanInputs, events: list[Event]) -> None:
        state = self._state
        state.anchor_mono_ns = inputs.now_mono_ns
        state.anchor_utc_ns = inputs.now_utc_ns
        state.slewed_mono_ns = inputs.now_mono_ns
        state.trusted = inputs.clock_trust in _MAY_SLEW
        if not state.trusted:
            events.append(_event(inputs, Severity.WARNING, {"reason": "label_untrusted"}))

    def _agrees(self, inputs: ScanInputs, events: list[Event]) -> None:
        state = self._state
        state.differs_since_mono_ns = None
        if state.difference_reported:
            state.difference_reported = False
            events.append(
                _event(inputs, Severity.INFO, {"reason": "step_ignored", "cleared": True})
            )
        if not state.trusted and inputs.clock_trust in _MAY_SLEW:
            self._trust(inputs, events)

    def _trust(self, inputs: ScanInputs, events: list[Event]) -> None:
        self._state.trusted = True
        events.append(_event(inputs, Severity.INFO, {"reason": "label_untrusted", "cleared": True}))

    def _differs(self, inputs: ScanInputs, difference_ns: int, events: list[Event]) -> bool:
        state = self._state
        since_mono_ns = state.differs_since_mono_ns
        moved = abs(difference_ns - state.difference_ns) > SLEW_LIMIT_NS
        if since_mono_ns is None or moved or inputs.clock_trust not in _MAY_RELABEL:
            state.differs_since_mono_ns = since_mono_ns = inputs.now_mono_ns
            state.difference_ns = difference_ns
        if not state.difference_reported:
            state.difference_reported = True
            facts: dict[str, Fact] = {
                "reason": "step_ignored",
                "difference_s": difference_ns / NS_PER_S,
                "trust": inputs.clock_trust.value,
            }
            events.append(_event(inputs, Severity.WARNING, facts))
        if inputs.now_mono_ns - since_mono_ns < RELABEL_STEADY_NS:
            return False
        self._relabel(inputs, difference_ns, events)
        return True

    def _relabel(self, inputs: ScanInputs, difference_ns: int, events: list[Event]) -> None:
        state = self._state
        state.anchor_utc_ns += difference_ns
        facts: dict[str, Fact] = {
            "reason": "relabelled",
            "difference_s": difference_ns / NS_PER_S,
            "trust": inputs.clock_trust.value,
        }
        events.append(_event(inputs, Severity.WARNING, facts))
        self._agrees(inputs, events)


def _event(inputs: ScanInputs, severity: Severity, facts: dict[str, Fact]) -> Event:
    return Event(inputs.now_mono_ns, inputs.now_utc_ns, EventKind.CLOCK, "site", severity, facts)
