"""Whether the line or a meter is at fault, from what polls gave. Pure; time is an argument.

No valid reply from any unit is the line's fault; one silent unit among others is the meter's.
"""

from __future__ import annotations

from typing import Final

from edge.model.scan import BusCondition, MeterFault
from edge.model.units import NS_PER_S

# A line is at fault after so many failed polls in a row, spread over so long.
SILENT_POLLS_COUNT: Final = 3
SILENT_NS: Final = 2 * NS_PER_S
# A port that is open but dead is opened anew after so long; then after twice that, and so on.
REOPEN_NS_MIN: Final = 10 * NS_PER_S
REOPEN_NS_MAX: Final = 160 * NS_PER_S


class LineDiagnosis:
    """`condition` is None until the port has been opened or found missing."""

    def __init__(self) -> None:
        self.condition: BusCondition | None = None
        self._failed_count = 0
        self._failed_since_mono_ns = 0
        self._reopen_ns = REOPEN_NS_MIN

    def port_opened(self) -> None:
        """The port is there, which proves no more: the line is presumed good until it fails."""
        if self.condition is not BusCondition.NO_METER_ANSWERS:
            self.condition = BusCondition.OK
        self._failed_count = 0

    def port_lost(self) -> None:
        """The port could not be opened, or went away."""
        self.condition = BusCondition.PORT_LOST
        self._failed_count = 0

    def suspended(self) -> None:
        """We may not write now: silence from here on accuses nobody."""
        self._failed_count = 0

    def replied(self) -> None:
        """Some unit gave a sound reply (an exception reply is one)."""
        self.condition = BusCondition.OK
        self._failed_count = 0
        self._reopen_ns = REOPEN_NS_MIN

    def failed(self, now_mono_ns: int) -> None:
        """A poll got no sound reply."""
        if self._failed_count == 0:
            self._failed_since_mono_ns = now_mono_ns
        self._failed_count += 1
        silent_ns = now_mono_ns - self._failed_since_mono_ns
        if self._failed_count >= SILENT_POLLS_COUNT and silent_ns >= SILENT_NS:
            self.condition = BusCondition.NO_METER_ANSWERS

    def blame(self, fault: MeterFault) -> MeterFault:
        """`fault`, or BUS while the line is at fault, so that no meter is accused wrongly."""
        return fault if self.condition is BusCondition.OK else MeterFault.BUS

    def may_reopen(self, now_mono_ns: int) -> bool:
        """Whether opening the port anew is worth a try; saying yes doubles the time to the next."""
        if self.condition is not BusCondition.NO_METER_ANSWERS or self._failed_count == 0:
            return False
        if now_mono_ns - self._failed_since_mono_ns < self._reopen_ns:
            return False
        self._reopen_ns = min(2 * self._reopen_ns, REOPEN_NS_MAX)
        return True
