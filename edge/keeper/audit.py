"""Who asked for what at the desk, and what came of it, as an entry of the journal."""

from __future__ import annotations

import msgspec

from edge.keeper.desk import Asker
from edge.keeper.requests import Answer, Request
from edge.keeper.wording import plain
from edge.model.event import Event, EventKind, Fact


def audit_event(
    asker: Asker, request: Request, answer: Answer, now_mono_ns: int, now_utc_ns: int
) -> Event:
    """The request's own words are facts too, but for the bytes of a file."""
    words: dict[str, Fact] = {
        key: plain(value) if isinstance(value, str) else value
        for key, value in msgspec.to_builtins(request).items()
        if isinstance(value, int | float | str | bool | None) and key != "data"
    }
    facts: dict[str, Fact] = {
        "user": asker.user,
        "uid": asker.uid,
        "pid": asker.pid,
        "done": answer.ok,
        "answer": answer.text,
    }
    subject = str(words.pop("type"))
    return Event(now_mono_ns, now_utc_ns, EventKind.AUDIT, subject, facts=facts | words)
