"""The facts of an event in words, each shown once: units, times, reasons. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Final

from edge.core.demand.localtime import local_datetime
from edge.model.event import Fact

REASONS: Final[Mapping[str, str]] = {
    # of a relay's move
    "projected_over": "projection over the target",
    "optimistic_over": "even the lowest projection over the target",
    "emergency": "power over the instant limit",
    "restored": "there is room for it again",
    "max_shed": "shed for as long as it may be",
    "essential": "essential hours",
    "override": "by hand",
    "lost_policy": "no meter believable, declared policy",
    "under_plan": "the plan would not be reached",
    "plan_met": "the plan is reached without it",
    "safe": "output faulty, safe value",
    "taken_over": "by the other unit",
    "duty_begins": "as its unit goes on duty",
    # of a change of source
    "unheard": "never heard",
    "silent": "counts nothing while others do",
    "stale": "no news from it",
    "better_back": "the better one is back",
    "counting_broken": "its counting was interrupted",
    "first_believable": "first to be believable",
    "all_lost": "no source of energy is believable",
    # of a counter
    "wrap": "started again from zero at its end",
    "reset": "was reset",
    "glitch": "one reading was impossible and is not counted",
    "impossible_power": "more power than the connection carries",
    "impossible_rate": "more pulses than the connection can cause",
    "gap_estimated": "nobody measured; estimated",
    # of clocks and end-of-interval pulses
    "label_untrusted": "no believed clock yet, labels may be wrong",
    "step_ignored": "wall clock stepped and is not followed",
    "relabelled": "labels moved to the believed clock",
    "missing": "missing",
    "duplicate": "came twice",
    "outside_window": "came outside its window",
    "adopted": "came in step and begins a new grid",
}
_UNITS: Final = {"_kwh": "kWh", "_kw": "kW", "_s": "s", "_uwh": "µWh"}
# Longer times are read in minutes.
_SECONDS_MAX: Final = 120
# Facts whose value is a word of the code.
_CODES: Final = frozenset(
    {"fault", "condition", "was", "refused", "policy", "register", "why", "grade", "peer_grade"}
)
# The journal keeps these beside another fact that is shown.
_SILENT: Final = frozenset(
    {
        "energy_uwh",
        "new_uwh",
        "metered_uwh",
        "deviation_uwh",
        "digest",
        "chain",
        "chain_before",
        "end_utc_ns",
        "commanded_on",
    }
)


class Facts:
    """The facts of one event, each shown once."""

    def __init__(self, facts: Mapping[str, Fact], zone: tzinfo) -> None:
        self._left = {key: value for key, value in facts.items() if value is not None}
        self._zone = zone
        self.cleared = self._left.pop("cleared", False) is True

    def has(self, name: str) -> bool:
        """Whether the fact is there and is true or not empty; it counts as shown."""
        return bool(self._left.pop(name, False))

    def text(self, name: str, before: str = "", after: str = "") -> str:
        """The fact in words with `before` and `after` around it; empty where it is missing."""
        value = self._left.pop(name, None)
        return "" if value is None else f"{before}{self._written(name, value)}{after}"

    def rest(self) -> str:
        """What no sentence has used."""
        return ", ".join(
            f"{key}={self._written(key, value)}"
            for key, value in self._left.items()
            if key not in _SILENT
        )

    def _written(self, name: str, value: Fact) -> str:
        if name.endswith("_utc_ns") and isinstance(value, int):
            return f"{local_datetime(value, self._zone):%Y-%m-%d %H:%M:%S}"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | float):
            return _number(name, value)
        if name == "reason":
            return REASONS.get(str(value), str(value))
        text = str(value).replace("\n", " / ")
        return text.replace("_", " ") if name in _CODES else text


def joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _number(name: str, value: float) -> str:
    unit = next((unit for suffix, unit in _UNITS.items() if name.endswith(suffix)), "")
    digits = 3 if unit == "kWh" else 1
    if name.endswith("_s") and abs(value) >= _SECONDS_MAX:
        return f"{value / 60:.1f} min"
    text = str(value) if isinstance(value, int) else f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return f"{'0' if text == '-0' else text} {unit}".rstrip()
