"""Events as one line of text for people, made from their values and nothing else.

Each kind has its own sentence; a fact that no sentence uses is shown as ``key=value``, so that
nothing of the journal is hidden. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Final

from edge.core.demand.localtime import local_datetime
from edge.model.event import Event, EventKind, Fact

_REASONS: Final[Mapping[str, str]] = {
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
_CODES: Final = frozenset({"fault", "condition", "was", "refused", "policy", "register"})
# The journal keeps these beside another fact that is shown.
_SILENT: Final = frozenset(
    {
        "energy_uwh",
        "new_uwh",
        "metered_uwh",
        "deviation_uwh",
        "digest",
        "end_utc_ns",
        "commanded_on",
    }
)


class _Facts:
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
            return _REASONS.get(str(value), str(value))
        text = str(value).replace("\n", " / ")
        return text.replace("_", " ") if name in _CODES else text


def explain(event: Event, zone: tzinfo) -> str:
    """One line: what happened to what, why, with which numbers. Times are local to `zone`."""
    facts = _Facts(event.facts, zone)
    sentence = _SENTENCES[event.kind](event.subject, facts)
    return "; ".join(part for part in (sentence, facts.rest()) if part)


def _number(name: str, value: float) -> str:
    unit = next((unit for suffix, unit in _UNITS.items() if name.endswith(suffix)), "")
    digits = 3 if unit == "kWh" else 1
    if name.endswith("_s") and abs(value) >= _SECONDS_MAX:
        return f"{value / 60:.1f} min"
    text = str(value) if isinstance(value, int) else f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return f"{'0' if text == '-0' else text} {unit}".rstrip()


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _relay(subject: str, facts: _Facts) -> str:
    reason = facts.text("reason")
    shed = facts.has("shed")
    verb = "shed" if shed else "restored"
    # An absorb load's action is to be switched on.
    if reason == _REASONS["under_plan"] and shed:
        verb = "switched on"
    elif reason == _REASONS["plan_met"]:
        verb = "switched off"
    return f"{subject} {verb}: {reason}{facts.text('load_kw', ' (', ')')}{_situation(facts)}"


def _situation(facts: _Facts) -> str:
    numbers = _join(
        facts.text("projected_kw", "projected "),
        facts.text("target_kw", "target "),
        facts.text("adjustable_kw", "adjustable "),
        facts.text("remaining_s", "", " left"),
    )
    limit = facts.text("limit")
    if not numbers:
        return ""
    return f"; {limit}: {numbers}" if limit else f"; {numbers}"


def _stage(subject: str, facts: _Facts) -> str:
    facts.has("limit")
    change = f"stage of {subject}: {facts.text('from')} to {facts.text('to')}"
    return f"{change}{_situation(facts)}"


def _interval(subject: str, facts: _Facts) -> str:
    words = ("partial", "estimated", "peak_of_month", "synced")
    marks = [word for word in words if facts.has(word)]
    facts.has("label_trusted")
    facts.has("length_s")
    facts.has("export_uwh")
    return (
        f"{subject} interval{facts.text('start_utc_ns', ' of ')}: {facts.text('demand_kw')}"
        f"{facts.text('energy_kwh', ', ')}{facts.text('target_kw', ', target ')}"
        f"{facts.text('binding', ' by ')}{_marks(marks)}"
    )


def _slot(subject: str, facts: _Facts) -> str:
    marks = [word for word in ("partial", "estimated") if facts.has(word)]
    allowed = "" if facts.has("allowed") else ", not allowed"
    deviation = facts.text("deviation_kwh", ", deviation ")
    cost = facts.text("cost_low", ", ") + facts.text("cost_high", " to ")
    currency = facts.text("currency", " ")
    return (
        f"{subject} slot{facts.text('start_utc_ns', ' of ')}: metered {facts.text('metered_kwh')}"
        f"{facts.text('settled_kwh', ', settled ')}{facts.text('planned_kwh', ', planned ')}"
        f"{deviation}{facts.text('direction', ' (', ')')}{allowed if deviation else ''}"
        f"{cost}{currency if cost else ''}{_marks(marks)}"
    )


def _marks(marks: list[str]) -> str:
    return f" [{', '.join(mark.replace('_', ' ') for mark in marks)}]" if marks else ""


def _source(subject: str, facts: _Facts) -> str:
    if subject == "lost_policy":
        state = "ended" if facts.cleared else "in force"
        lost = facts.text("lost_s", ", lost for ")
        return f"policy for lost meters {state}: {facts.text('policy')}{lost}"
    taken = facts.text("to")
    if taken:
        return (
            f"energy now from {taken}{facts.text('age_s', ' (', ' old)')}"
            f"{facts.text('from', ', before from ')}{facts.text('from_age_s', ' (', ' old)')}"
            f"{facts.text('reason', ': ')}"
        )
    return _plain("energy of the ")(subject, facts)


def _meter(subject: str, facts: _Facts) -> str:
    fault = facts.text("fault")
    if facts.cleared:
        return f"meter {subject} answers again, was {fault}"
    return f"meter {subject}: {fault}{facts.text('age_s', ', last good reading ', ' ago')}"


def _bus(subject: str, facts: _Facts) -> str:
    return f"bus {subject}: {facts.text('condition')}{facts.text('was', ', was ')}"


def _load(subject: str, facts: _Facts) -> str:
    over = "over: " if facts.cleared else ""
    return f"load {subject}: {over}{facts.text('fault')}{facts.text('load_kw', ', counted with ')}"


def _override(subject: str, facts: _Facts) -> str:
    refused = facts.text("refused", "refused: ")
    expired = facts.text("expired", "time of ", " is over")
    stage = facts.text("stage", "shedding falls short, stage ")
    who = facts.text("who", "by ")
    mode = facts.text("mode")
    length = facts.text("duration_s", "for ") if mode != "auto" else ""
    facts.has("duration_s")
    return f"override of {subject}: {_join(mode, length, who, expired, stage, refused)}"


def _limit(_subject: str, facts: _Facts) -> str:
    if facts.cleared:
        for name in ("start_utc_ns", "end_utc_ns"):
            facts.has(name)
        return f"demand-response limit ended{facts.text('who', ' by ')}"
    return (
        f"demand-response limit {facts.text('limit_kw')}{facts.text('start_utc_ns', ' from ')}"
        f"{facts.text('end_utc_ns', ' to ')}{facts.text('who', ' by ')}"
        f"{facts.text('refused', ', refused: ')}"
    )


def _plan(subject: str, facts: _Facts) -> str:
    refused = facts.text("refused", "refused: ")
    version = facts.text("version", "version ")
    if not version and not refused:
        return f"plan of {subject}: {facts.text('reason')}"
    facts.has("reason")
    by = facts.text("who", "by ") or facts.text("by", "by ")
    return f"plan of {subject}: " + _join(
        version, facts.text("slots", "", " slots"), facts.text("planned_kwh"), by, refused
    )


def _audit(subject: str, facts: _Facts) -> str:
    done = "done" if facts.has("done") else "refused"
    who = _join(facts.text("user"), facts.text("uid", "uid "), facts.text("pid", "pid "))
    answer = facts.text("answer")
    return f"{subject} asked by {who}: {done}" + (f", {answer}" if answer else "")


def _plain(before: str) -> Callable[[str, _Facts], str]:
    """A sentence for kinds whose reason says it all."""

    def sentence(subject: str, facts: _Facts) -> str:
        over = "over" if facts.cleared else ""
        reason = facts.text("reason") or facts.text("text")
        return ": ".join(part for part in (f"{before}{subject}", over, reason) if part)

    return sentence


_SENTENCES: Final[Mapping[EventKind, Callable[[str, _Facts], str]]] = {
    EventKind.STARTED: _plain("controller started on "),
    EventKind.STOPPED: _plain("controller stopped on "),
    EventKind.RELAY: _relay,
    EventKind.STAGE: _stage,
    EventKind.INTERVAL_CLOSED: _interval,
    EventKind.SLOT_CLOSED: _slot,
    EventKind.SOURCE: _source,
    EventKind.METER: _meter,
    EventKind.BUS: _bus,
    EventKind.CROSS_CHECK: _plain("cross-check of "),
    EventKind.COUNTER: _plain("counter of "),
    EventKind.LOAD: _load,
    EventKind.OVERRIDE: _override,
    EventKind.LIMIT: _limit,
    EventKind.PLAN: _plan,
    EventKind.CLOCK: _plain("clock of the "),
    EventKind.SYNC: _plain("end-of-interval pulse of "),
    EventKind.ACKNOWLEDGED: _plain("alarms acknowledged, "),
    EventKind.OUTPUT: _plain("output "),
    EventKind.AUDIT: _audit,
    EventKind.HEALTH: _plain("gateway, "),
}
