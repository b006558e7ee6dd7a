"""Events as one line of text for people, made from their values and nothing else.

Each kind has its own sentence; a fact that no sentence uses is shown as ``key=value``, so that
nothing of the journal is hidden. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Final

from edge.core.explain_twin import twin_sentence
from edge.core.facts import REASONS, Facts, joined
from edge.model.event import Event, EventKind


def explain(event: Event, zone: tzinfo) -> str:
    """One line: what happened to what, why, with which numbers. Times are local to `zone`."""
    facts = Facts(event.facts, zone)
    sentence = _SENTENCES[event.kind](event.subject, facts)
    return "; ".join(part for part in (sentence, facts.rest()) if part)


def _relay(subject: str, facts: Facts) -> str:
    reason = facts.text("reason")
    shed = facts.has("shed")
    verb = "shed" if shed else "restored"
    # An absorb load's action is to be switched on.
    if reason == REASONS["under_plan"] and shed:
        verb = "switched on"
    elif reason == REASONS["plan_met"]:
        verb = "switched off"
    return f"{subject} {verb}: {reason}{facts.text('load_kw', ' (', ')')}{_situation(facts)}"


def _situation(facts: Facts) -> str:
    numbers = joined(
        facts.text("projected_kw", "projected "),
        facts.text("target_kw", "target "),
        facts.text("adjustable_kw", "adjustable "),
        facts.text("remaining_s", "", " left"),
    )
    limit = facts.text("limit")
    if not numbers:
        return ""
    return f"; {limit}: {numbers}" if limit else f"; {numbers}"


def _stage(subject: str, facts: Facts) -> str:
    facts.has("limit")
    change = f"stage of {subject}: {facts.text('from')} to {facts.text('to')}"
    return f"{change}{_situation(facts)}"


def _interval(subject: str, facts: Facts) -> str:
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


def _slot(subject: str, facts: Facts) -> str:
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


def _source(subject: str, facts: Facts) -> str:
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


def _meter(subject: str, facts: Facts) -> str:
    fault = facts.text("fault")
    if facts.cleared:
        return f"meter {subject} answers again, was {fault}"
    return f"meter {subject}: {fault}{facts.text('age_s', ', last good reading ', ' ago')}"


def _bus(subject: str, facts: Facts) -> str:
    return f"bus {subject}: {facts.text('condition')}{facts.text('was', ', was ')}"


def _heal(subject: str, facts: Facts) -> str:
    rung = facts.text("rung", "rung ", ", ")
    outcome = facts.text("outcome").replace("_", " ")
    about = facts.text("duration_s", " after ") + facts.text("text", ": ")
    return f"healing of bus {subject}: {rung}{outcome}{about}"


def _load(subject: str, facts: Facts) -> str:
    over = "over: " if facts.cleared else ""
    return f"load {subject}: {over}{facts.text('fault')}{facts.text('load_kw', ', counted with ')}"


def _override(subject: str, facts: Facts) -> str:
    refused = facts.text("refused", "refused: ")
    expired = facts.text("expired", "time of ", " is over")
    stage = facts.text("stage", "shedding falls short, stage ")
    who = facts.text("who", "by ")
    mode = facts.text("mode")
    length = facts.text("duration_s", "for ") if mode != "auto" else ""
    facts.has("duration_s")
    return f"override of {subject}: {joined(mode, length, who, expired, stage, refused)}"


def _limit(_subject: str, facts: Facts) -> str:
    if facts.cleared:
        for name in ("start_utc_ns", "end_utc_ns"):
            facts.has(name)
        return f"demand-response limit ended{facts.text('who', ' by ')}"
    return (
        f"demand-response limit {facts.text('limit_kw')}{facts.text('start_utc_ns', ' from ')}"
        f"{facts.text('end_utc_ns', ' to ')}{facts.text('who', ' by ')}"
        f"{facts.text('refused', ', refused: ')}"
    )


def _plan(subject: str, facts: Facts) -> str:
    refused = facts.text("refused", "refused: ")
    version = facts.text("version", "version ")
    if not version and not refused:
        return f"plan of {subject}: {facts.text('reason')}"
    facts.has("reason")
    by = facts.text("who", "by ") or facts.text("by", "by ")
    return f"plan of {subject}: " + joined(
        version, facts.text("slots", "", " slots"), facts.text("planned_kwh"), by, refused
    )


def _audit(subject: str, facts: Facts) -> str:
    done = "done" if facts.has("done") else "refused"
    who = joined(
        facts.text("user"),
        facts.text("uid", "uid "),
        facts.text("pid", "pid "),
        facts.text("login", "logged in as "),
        facts.text("origin", "from "),
    )
    answer = facts.text("answer")
    return f"{subject} asked by {who}: {done}" + (f", {answer}" if answer else "")


def _plain(before: str) -> Callable[[str, Facts], str]:
    """A sentence for kinds whose reason says it all."""

    def sentence(subject: str, facts: Facts) -> str:
        over = "over" if facts.cleared else ""
        reason = facts.text("reason") or facts.text("text")
        return ": ".join(part for part in (f"{before}{subject}", over, reason) if part)

    return sentence


_SENTENCES: Final[Mapping[EventKind, Callable[[str, Facts], str]]] = {
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
    EventKind.TWIN: twin_sentence,
    EventKind.HEAL: _heal,
}
