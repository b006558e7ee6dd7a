"""Short lines for people: the controller's journal entries and figures in the demo's words.

An entry of a kind without a sentence is shown with its facts as they are, so nothing is hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from hil.events import Event

STAGES: Final = ("normal", "caution", "SHED", "LIMIT", "OVER")
STAGE_SHAPES: Final = ("□□□□", "■□□□", "■■□□", "■■■□", "■■■■")
_REASONS: Final[Mapping[str, str]] = {
    "projected_over": "projection over target",
    "optimistic_over": "low bound over target",
    "restored": "room for it again",
    "max_shed": "shed long enough",
    "override": "by hand",
    "plan_met": "plan met",
    "under_plan": "under plan",
    "lost_policy": "no meter believable",
    "emergency": "instant limit",
    "safe": "as wired, no decision yet",
}
# Facts that a line of eighty columns has no room for.
_OMITTED: Final = frozenset(
    {"cleared", "energy_uwh", "new_uwh", "metered_uwh", "digest", "uid", "pid", "label_trusted"}
)


def reason_text(code: str) -> str:
    """The reason of a move, in words."""
    return _REASONS.get(code, code.replace("_", " "))


def event_text(event: Event) -> str:
    """One line: what happened to what, and why."""
    sentence = _SENTENCES.get(event.kind)
    if sentence is not None:
        return sentence(event.subject, event.facts)
    over = "over: " if event.facts.get("cleared") is True else ""
    said = ", ".join(
        f"{key} {_written(value)}" for key, value in event.facts.items() if key not in _OMITTED
    )
    return f"{event.kind.replace('_', ' ')} {event.subject}: {over}{said}"


def _written(value: Any) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value).replace("_", " ")


def _relay(load: str, facts: dict[str, Any]) -> str:
    verb = "shed" if facts["shed"] else "restored"
    text = f"{load} {verb}: {reason_text(facts['reason'])}"
    if facts.get("projected_kw") is None:
        return text
    return (
        f"{text}, {facts.get('limit')} {facts['projected_kw']:.0f} of {facts['target_kw']:.0f} kW,"
        f" {facts['remaining_s']:.0f} s left"
    )


def _stage(limit: str, facts: dict[str, Any]) -> str:
    return f"stage of {limit}: {facts['from']} to {facts['to']}"


def _interval(_subject: str, facts: dict[str, Any]) -> str:
    partial = " (partial)" if facts["partial"] else ""
    estimated = " (partly estimated)" if facts["estimated"] else ""
    return (
        f"interval closed: {facts['energy_kwh']:.3f} kWh, {facts['demand_kw']:.1f} kW of"
        f" {facts['target_kw']:.0f} kW{partial}{estimated}"
    )


def _slot(_subject: str, facts: dict[str, Any]) -> str:
    planned = facts.get("planned_kwh")
    if planned is None:
        return f"slot closed: metered {facts['metered_kwh']:.3f} kWh, no plan"
    return (
        f"slot closed: settled {facts['settled_kwh']:.3f} kWh of {planned:.3f} planned,"
        f" cost {facts['cost_low']:.0f} to {facts['cost_high']:.0f} {facts['currency']}"
    )


def _source(best: str, facts: dict[str, Any]) -> str:
    if "to" in facts:
        before = f", not {facts['from']}" if "from" in facts else ""
        return f"energy now from {facts['to']}{before}: {_written(facts['reason'])}"
    return f"energy of {best}: {_written(facts.get('reason', ''))}"


def _bus(bus: str, facts: dict[str, Any]) -> str:
    return f"bus {bus}: {_written(facts['condition'])}"


def _meter(meter: str, facts: dict[str, Any]) -> str:
    if facts.get("cleared"):
        return f"meter {meter} answers again"
    return f"meter {meter}: {_written(facts['fault'])}"


def _plan(subject: str, facts: dict[str, Any]) -> str:
    if "refused" in facts:
        return f"plan {subject} refused: {first_line(str(facts['refused']))}"
    if "version" in facts:
        return f"plan of {subject}: version {facts['version']}, {facts['planned_kwh']:.0f} kWh"
    return f"plan of {subject}: {_written(facts.get('reason', ''))}"


def _started(_unit: str, facts: dict[str, Any]) -> str:
    return f"control process started, checkpoint {facts.get('checkpoint', 'none')}"


def _twin(subject: str, facts: dict[str, Any]) -> str:
    if subject == "role" and "to" in facts:
        return f"{facts['from']} to {facts['to'].upper()}: {facts['why']}"
    said = {key: value for key, value in facts.items() if key not in _OMITTED and value is not None}
    return f"twin {subject}: " + ", ".join(f"{key} {_written(said[key])}" for key in said)


def _health(subject: str, facts: dict[str, Any]) -> str:
    if facts.get("cleared"):
        return f"{subject}: over"
    text = str(facts.get("text") or _written(facts.get("reason", "")))
    return text if text.startswith(subject) else f"{subject}: {text}"


def _clock(_subject: str, facts: dict[str, Any]) -> str:
    if facts.get("cleared"):
        return "the wall clock is believed now"
    if facts.get("reason") == "label_untrusted":
        return "nothing keeps this machine's clock right; intervals may carry wrong labels"
    return f"clock: {_written(facts.get('reason', ''))}"


def first_line(text: str) -> str:
    """A plan may be refused for many reasons, one a line; the first tells most."""
    first, _, rest = text.partition("\n")
    return f"{first} ..." if rest else first


def _override(load: str, facts: dict[str, Any]) -> str:
    said = {key: value for key, value in facts.items() if key not in _OMITTED and value is not None}
    return f"override of {load}: " + ", ".join(f"{key} {said[key]}" for key in said)


_SENTENCES: Final[Mapping[str, Callable[[str, dict[str, Any]], str]]] = {
    "relay": _relay,
    "stage": _stage,
    "interval_closed": _interval,
    "slot_closed": _slot,
    "source": _source,
    "bus": _bus,
    "meter": _meter,
    "plan": _plan,
    "override": _override,
    "clock": _clock,
    "twin": _twin,
    "health": _health,
    "started": _started,
}
