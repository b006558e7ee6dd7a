"""Who asked for what at the desk, and what came of it, as an entry of the journal; and the chain
that shows whether entries were changed or taken out since.

Each entry carries the digest of the one before it and its own over both. Whoever may write the
journal can make the chain anew: its head is worth what the other place where it is kept is worth.
"""

from __future__ import annotations

# hashlib itself would bring OpenSSL along, 4 MB for the keeper.
from _blake2 import blake2s
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from edge.keeper.asker import Asker
from edge.keeper.requests import Answer, AskStop, Request, TellOutcome
from edge.keeper.wording import plain
from edge.model.event import Event, EventKind, Fact, Severity

# Of the first entry.
CHAIN_BEGIN: Final = "0" * 32
_DIGEST_BYTES: Final = 16


def audit_event(
    asker: Asker, request: Request, answer: Answer, now_mono_ns: int, now_utc_ns: int
) -> Event:
    """The request's own words are facts too, but for the bytes of a file."""
    words: dict[str, Fact] = {
        key: plain(value) if isinstance(value, str) else value
        for key, value in msgspec.to_builtins(request).items()
        if isinstance(value, int | float | str | bool | None) and key != "data"
    }
    subject = str(words.pop("type"))
    severity = Severity.INFO
    done, text = answer.ok, answer.text
    if isinstance(request, AskStop):
        subject = str(words.pop("kind"))
        if not request.leaves_site:
            del words["leaves_site"]
        elif answer.ok:
            severity = Severity.ALARM  # it may have been an emergency; somebody has to look
    elif isinstance(request, TellOutcome):
        done = answer.ok and request.done
        text = answer.text or plain(str(words.pop("text")))
    facts: dict[str, Fact] = {
        "user": asker.user,
        "uid": asker.uid,
        "pid": asker.pid,
        "login": asker.login or None,
        "origin": asker.origin or None,
        "done": done,
        "answer": text,
    }
    return Event(now_mono_ns, now_utc_ns, EventKind.AUDIT, subject, severity, words | facts)


def chained(event: Event, before: str) -> Event:
    """The entry with its place in the chain behind the digest `before`."""
    facts = {**event.facts, "chain_before": before}
    entry = replace(event, facts=facts)
    return replace(entry, facts={**facts, "chain": _digest(entry)})


class Verdict(Struct, frozen=True):
    """Of a journal's audit, oldest entry first. `broken_at`: the first entry that is not as it was
    written, or behind which entries are missing, by its place from 0; None where all are whole.
    `unchained` older ones come before the chain. `head` is the digest of the newest whole entry.
    """

    whole: int
    unchained: int
    head: str
    broken_at: int | None = None
    why: str = ""
    from_begin: bool = True


def verify(entries: Iterable[Event]) -> Verdict:
    """Walk the chain up to its first broken place."""
    whole = unchained = 0
    head = ""
    from_begin = True
    for place, entry in enumerate(entries):
        before, digest = entry.facts.get("chain_before"), entry.facts.get("chain")
        if digest is None and not head:
            unchained += 1
            continue
        why = _fault(entry, before, digest, head)
        if why:
            return Verdict(whole, unchained, head, place, why, from_begin)
        if not head:
            from_begin = before == CHAIN_BEGIN
        head = str(digest)
        whole += 1
    return Verdict(whole, unchained, head, from_begin=from_begin)


def _fault(entry: Event, before: Fact, digest: Fact, head: str) -> str:
    if digest is None:
        return "it is not in the chain"
    facts = {key: value for key, value in entry.facts.items() if key != "chain"}
    if digest != _digest(replace(entry, facts=facts)):
        return "it is not as it was written"
    if head and before != head:
        return "entries before it are missing or were moved"
    return ""


def _digest(entry: Event) -> str:
    """Over all of it; facts in an order of their own, so that no storage changes it."""
    facts = sorted(entry.facts.items())
    words = (entry.mono_ns, entry.utc_ns, entry.kind, entry.subject, entry.severity, facts)
    return blake2s(msgspec.json.encode(words), digest_size=_DIGEST_BYTES).hexdigest()
