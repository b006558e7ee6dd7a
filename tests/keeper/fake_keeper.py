"""A keeper in the place of the child: a link of a few packets, turned by the test."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import pytest

from edge.keeper import link
from edge.keeper.handle import KeeperHandle
from edge.keeper.link import EventRecord, Saved
from edge.keeper.requests import Identity
from edge.keeper.setup import KeeperSetup
from edge.model.event import Event, EventKind

WRITER = 7
_SETUP = KeeperSetup(Identity("", "", "", "", "", "", 0), b"", "", "", 0, 0, "", "", "")
_LINK_ROOM = 4
KEPT_MAX = 6


def event(number: int) -> Event:
    return Event(number, number, EventKind.STAGE, "site")


class FakeKeeper:
    """In the place of the child: a link of a few packets, and a keeper that the test turns."""

    def __init__(self) -> None:
        self.room = _LINK_ROOM
        self.queue: deque[bytes] = deque()
        self.answers: deque[bytes] = deque()
        self.pending: deque[EventRecord] = deque(maxlen=KEPT_MAX)
        self.saved: Saved | None = None
        self.is_alive = False
        self.is_failing_now = False
        self.starts = 0
        self.kills = 0
        self.started_mono_ns = 0

    @property
    def pid(self) -> int | None:
        return 1 if self.is_alive else None

    def keep_alive(self, now_mono_ns: int) -> bool:
        if self.is_alive:
            return False
        self.is_alive = True
        self.started_mono_ns = now_mono_ns
        self.starts += 1
        return True

    def is_failing(self, _now_mono_ns: int) -> bool:
        return self.is_failing_now

    def kill(self) -> None:
        self.kills += 1
        self.die()

    def die(self) -> None:
        """Everything that it held goes with it."""
        self.is_alive = False
        self.queue.clear()
        self.answers.clear()
        self.pending.clear()
        self.saved = None

    def send(self, packet: bytes) -> bool:
        if not self.is_alive or len(self.queue) >= self.room:
            return False
        self.queue.append(packet)
        return True

    def packets(self, count_max: int) -> Iterator[bytes]:
        for _ in range(min(count_max, len(self.answers))):
            yield self.answers.popleft()

    def close(self, _wait_s: float) -> None:
        self.is_alive = False

    def take(self) -> None:
        """Read what has come."""
        while self.queue:
            message = link.decode_to_keeper(self.queue.popleft())
            if isinstance(message, EventRecord):
                self.pending.append(message)


def handle_of_fake(
    monkeypatch: pytest.MonkeyPatch | None = None,
) -> tuple[KeeperHandle, FakeKeeper]:
    handle = KeeperHandle(_SETUP, WRITER)
    fake = FakeKeeper()
    handle._child = fake  # type: ignore[assignment]
    if monkeypatch is not None:
        monkeypatch.setattr(link, "RECORDS_KEPT_MAX", KEPT_MAX)
    return handle, fake
