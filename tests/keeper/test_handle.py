"""What the handle holds for a keeper that dies, hangs, drops or answers nonsense."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.keeper import handle as handle_module
from edge.keeper import link
from edge.keeper.handle import KeeperHandle
from edge.keeper.link import Alive, Bye, Condition, EventRecord, OrderRecord, Saved
from edge.keeper.requests import Identity
from edge.keeper.setup import KeeperSetup
from edge.model.event import Event, EventKind
from edge.model.order import Acknowledge
from edge.model.scan import HealthSample

_WRITER = 7
_S = 1_000_000_000
_SETUP = KeeperSetup(Identity("", "", "", "", "", "", 0), b"", "", "", 0, 0, "", "", "")
_LINK_ROOM = 4
_KEPT_MAX = 6


def _event(number: int) -> Event:
    return Event(number, number, EventKind.STAGE, "site")


class FakeKeeper:
    """In the place of the child: a link of a few packets, and a keeper that the test turns."""

    def __init__(self) -> None:
        self.room = _LINK_ROOM
        self.queue: deque[bytes] = deque()
        self.answers: deque[bytes] = deque()
        self.pending: deque[EventRecord] = deque(maxlen=_KEPT_MAX)
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


def _handle(monkeypatch: pytest.MonkeyPatch | None = None) -> tuple[KeeperHandle, FakeKeeper]:
    handle = KeeperHandle(_SETUP, _WRITER)
    fake = FakeKeeper()
    handle._child = fake  # type: ignore[assignment]
    if monkeypatch is not None:
        monkeypatch.setattr(link, "RECORDS_KEPT_MAX", _KEPT_MAX)
    return handle, fake


def _standing(handle: KeeperHandle) -> set[str]:
    return {sample.name for sample in handle.conditions if sample.text}


class EventsOverDeaths(RuleBasedStateMachine):
    """Whatever happens to the keeper: an event is in the journal, is held, or was counted lost."""

    def __init__(self) -> None:
        super().__init__()
        self.handle, self.keeper = _handle()
        self.numbers = itertools.count()
        self.posted: list[int] = []
        self.journal: dict[int, Event] = {}
        self._kept_before = link.RECORDS_KEPT_MAX
        link.RECORDS_KEPT_MAX = _KEPT_MAX

    def teardown(self) -> None:
        link.RECORDS_KEPT_MAX = self._kept_before

    @rule(count=st.integers(0, 70))
    def post(self, count: int) -> None:
        new = list(itertools.islice(self.numbers, count))
        self.posted += new
        self.handle.post_events(tuple(map(_event, new)))

    @rule()
    def turn(self) -> None:
        self.handle.keep_alive(0)
        self.handle.drain(0)

    @rule()
    def keeper_reads(self) -> None:
        self.keeper.take()

    @rule(is_acknowledged=st.booleans())
    def keeper_saves(self, is_acknowledged: bool) -> None:
        for record in self.keeper.pending:
            for offset, event in enumerate(record.events):
                known = self.journal.setdefault(record.first + offset, event)
                assert known == event, "a number stands for one event"
        if self.keeper.pending:
            last = self.keeper.pending[-1]
            self.keeper.saved = Saved(last.writer, last.first + len(last.events) - 1)
        self.keeper.pending.clear()
        if self.keeper.saved is not None and is_acknowledged:  # else the link was full: next time
            self.keeper.answers.append(link.encode(self.keeper.saved))
            self.keeper.saved = None

    @precondition(lambda self: self.keeper.is_alive)
    @rule()
    def keeper_dies(self) -> None:
        self.keeper.die()

    @rule()
    def all_goes_well_again(self) -> None:
        """Whatever came before, what is held reaches the journal and is held no longer."""
        for _ in range(_KEPT_MAX + 1):
            self.turn()
            self.handle.post_events(())
            self.keeper_reads()
            self.keeper_saves(is_acknowledged=True)
        self.turn()
        assert len(self.handle._unsaved) == 0

    @invariant()
    def what_is_unsent_is_held(self) -> None:
        assert 0 <= self.handle._unsent <= len(self.handle._unsaved) <= _KEPT_MAX

    @invariant()
    def no_event_is_missing_uncounted(self) -> None:
        held = {event.mono_ns for record in self.handle._unsaved for event in record.events}
        stored = {event.mono_ns for event in self.journal.values()}
        missing = [number for number in self.posted if number not in held | stored]
        assert len(missing) <= self.handle.events_lost

    @invariant()
    def journal_numbers_are_in_the_order_of_the_events(self) -> None:
        assert all(number == event.mono_ns for number, event in self.journal.items())


TestEventsOverDeaths = EventsOverDeaths.TestCase


def test_events_of_a_dead_keeper_all_reach_the_next_one_in_order() -> None:
    handle, keeper = _handle()
    handle.keep_alive(0)
    handle.post_events((_event(0), _event(1)))
    keeper.take()
    keeper.die()
    handle.post_events((_event(2),))
    handle.keep_alive(0)
    handle.post_events(())
    keeper.take()
    assert list(keeper.pending) == [
        EventRecord(_WRITER, 0, (_event(0), _event(1))),
        EventRecord(_WRITER, 2, (_event(2),)),
    ]


def test_many_events_of_one_scan_go_in_packets_that_fit() -> None:
    handle, keeper = _handle()
    keeper.room = 1000
    handle.keep_alive(0)
    events = tuple(
        Event(n, n, EventKind.HEALTH, "wiring", facts={"text": "x" * 3000}) for n in range(200)
    )
    handle.post_events(events)
    assert max(map(len, keeper.queue)) <= link.PACKET_BYTES_MAX
    keeper.pending = deque()
    keeper.take()
    assert [event for record in keeper.pending for event in record.events] == list(events)


def test_event_too_large_for_any_packet_is_lost_and_told_and_holds_up_none() -> None:
    handle, keeper = _handle()
    handle.keep_alive(0)
    huge = Event(0, 0, EventKind.HEALTH, "x", facts={"text": "x" * link.PACKET_BYTES_MAX})
    handle.post_events((huge,))
    handle.post_events((_event(1),))
    handle.keep_alive(0)
    assert (handle.events_lost, _standing(handle)) == (1, {"journal"})
    keeper.take()
    assert list(keeper.pending) == [EventRecord(_WRITER, 1, (_event(1),))]


def test_lost_events_are_an_alarm_until_the_disk_takes_events_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handle, keeper = _handle(monkeypatch)
    keeper.room = 100
    handle.keep_alive(0)
    for number in range(_KEPT_MAX + 2):
        handle.post_events((_event(number),))
    handle.keep_alive(0)
    assert (handle.events_lost, _standing(handle)) == (2, {"journal"})
    keeper.answers.append(link.encode(Saved(_WRITER, _KEPT_MAX + 1)))
    handle.drain(0)
    handle.keep_alive(0)
    assert (len(handle._unsaved), _standing(handle)) == (0, set())


def test_saved_of_another_run_is_not_ours() -> None:
    handle, keeper = _handle()
    handle.keep_alive(0)
    handle.post_events((_event(0),))
    keeper.answers.append(link.encode(Saved(_WRITER + 1, 5)))
    handle.drain(0)
    assert len(handle._unsaved) == 1


def test_keeper_that_is_silent_for_a_minute_is_killed_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handle, keeper = _handle()
    handle.keep_alive(0)
    keeper.answers.append(link.encode(Alive()))
    handle.drain(50 * _S)
    handle.keep_alive(110 * _S)
    assert (keeper.kills, _standing(handle)) == (0, set())
    # One that hangs in the kernel is killed, but stays.
    monkeypatch.setattr(keeper, "die", lambda: None)
    handle.keep_alive(110 * _S + 1)
    assert (keeper.kills, _standing(handle)) == (1, {"keeper"})
    keeper.is_alive = False
    handle.keep_alive(120 * _S)
    handle.keep_alive(121 * _S)
    assert (keeper.starts, _standing(handle)) == (2, set())


def test_keeper_that_always_dies_young_is_an_alarm() -> None:
    handle, keeper = _handle()
    keeper.is_failing_now = True
    handle.keep_alive(0)
    (sample,) = [sample for sample in handle.conditions if sample.text]
    assert sample == HealthSample(
        "keeper",
        severe=True,
        text="keeper: ends again and again soon after its start; see the service's log; control"
        " goes on, nothing is recorded",
    )


@pytest.mark.parametrize(
    "nonsense", [b"", b"\xff" * 40, msgspec.msgpack.encode(["order", ["unheard_of", 1]])]
)
def test_nonsense_from_the_keeper_never_stops_the_scan(nonsense: bytes) -> None:
    handle, keeper = _handle()
    handle.keep_alive(0)
    keeper.answers += [nonsense, link.encode(OrderRecord(Acknowledge("kita")))]
    assert handle.drain(0) == [Acknowledge("kita")]
    handle.keep_alive(0)
    assert _standing(handle) == {"keeper"}


def test_what_the_keeper_says_of_itself_stands_until_it_or_the_next_takes_it_back() -> None:
    handle, keeper = _handle()
    handle.keep_alive(0)
    for text in ("full", ""):
        sample = HealthSample("disk", severe=True, text=text)
        keeper.answers.append(link.encode(Condition(sample)))
        handle.drain(0)
        assert sample in handle.conditions


def test_close_sends_what_is_left_and_says_goodbye() -> None:
    handle, keeper = _handle()
    handle.keep_alive(0)
    handle._queue((_event(0),))
    handle.close()
    messages = list(map(link.decode_to_keeper, keeper.queue))
    assert messages == [EventRecord(_WRITER, 0, (_event(0),)), Bye()]
    assert handle_module._STOP_WAIT_S > 0
