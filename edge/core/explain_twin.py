"""What happened between the two gateways, as one sentence each. Decides nothing."""

from __future__ import annotations

from edge.core.facts import Facts, joined


def twin_sentence(subject: str, facts: Facts) -> str:
    """A change of role with its reason and numbers; of an order, why it was not carried out."""
    return _role(facts) if subject == "role" else _order(subject, facts)


def _role(facts: Facts) -> str:
    change = f"role: {facts.text('from')} to {facts.text('to')}{facts.text('why', ': ')}"
    peer = joined(
        facts.text("peer_role"), facts.text("peer_grade"), facts.text("peer_epoch", "epoch ")
    )
    numbers = joined(
        facts.text("epoch", "epoch "),
        facts.text("grade"),
        facts.text("silence_s", "no query of the peer for "),
        facts.text("heard_s", "peer heard ", " ago") + (f" ({peer})" if peer else ""),
    )
    return f"{change}; {numbers}" if numbers else change


def _order(subject: str, facts: Facts) -> str:
    state = "refused" if facts.has("refused") else ""
    over = "over" if facts.cleared else ""
    why = facts.text("why")
    return ": ".join(part for part in (f"twin, {subject}", over, state, why) if part)
