"""What the handle holds for a keeper that dies, hangs, drops or answers nonsense."""

from __future__ import annotations

from collections import deque

import msgspec
import pytest

from edge.keeper import handle as handle_module
from edge.keeper import link
from edge.keeper.handle import KeeperHandle
from edge.keeper.link import Alive, Bye, Condition, EventRecord, OrderRecord, Saved
from edge.model.checkpoint import Checkpoint
from edge.model.event import Event, EventKind
from edge.model.order import Acknowledge
from edge.model.scan import ClockTrust, HealthSample
from tests.keeper.fake_keeper import KEPT_MAX, WRITER, event, handle_of_fake

_S = 1_000_000_000


def _standing(handle: KeeperHandle) -> set[str]:
    return {sample.name for sample in handle.conditions if sample.text}


def test_events_of_a_dead_keeper_all_reach_the_next_one_in_order() -> None:
    handle, keeper = handle_of_fake()
    handle.keep_alive(0)
    handle.post_events((event(0), event(1)))
    keeper.take()
    keeper.die()
    handle.post_events((event(2),))
    handle.keep_alive(0)
    handle.post_events(())
    keeper.take()
    assert list(keeper.pending) == [
        EventRecord(WRITER, 0, (event(0), event(1))),
        EventRecord(WRITER, 2, (event(2),)),
    ]


def test_many_events_of_one_scan_go_in_packets_that_fit() -> None:
    handle, keeper = handle_of_fake()
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
    handle, keeper = handle_of_fake()
    handle.keep_alive(0)
    huge = Event(0, 0, EventKind.HEALTH, "x", facts={"text": "x" * link.PACKET_BYTES_MAX})
    handle.post_events((huge,))
    handle.post_events((event(1),))
    handle.keep_alive(0)
    assert (handle.events_lost, _standing(handle)) == (1, {"journal"})
    keeper.take()
    assert list(keeper.pending) == [EventRecord(WRITER, 1, (event(1),))]


def test_lost_events_are_an_alarm_until_the_disk_takes_events_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handle, keeper = handle_of_fake(monkeypatch)
    keeper.room = 100
    handle.keep_alive(0)
    for number in range(KEPT_MAX + 2):
        handle.post_events((event(number),))
    handle.keep_alive(0)
    assert (handle.events_lost, _standing(handle)) == (2, {"journal"})
    keeper.answers.append(link.encode(Saved(WRITER, KEPT_MAX + 1)))
    handle.drain(0)
    handle.keep_alive(0)
    assert (len(handle._unsaved), _standing(handle)) == (0, set())


def test_saved_of_another_run_is_not_ours() -> None:
    handle, keeper = handle_of_fake()
    handle.keep_alive(0)
    handle.post_events((event(0),))
    keeper.answers.append(link.encode(Saved(WRITER + 1, 5)))
    handle.drain(0)
    assert len(handle._unsaved) == 1


def test_keeper_that_is_silent_for_a_minute_is_killed_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handle, keeper = handle_of_fake()
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
    handle, keeper = handle_of_fake()
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
    handle, keeper = handle_of_fake()
    handle.keep_alive(0)
    keeper.answers += [nonsense, link.encode(OrderRecord(Acknowledge("kita")))]
    assert handle.drain(0) == [Acknowledge("kita")]
    handle.keep_alive(0)
    assert _standing(handle) == {"keeper"}


def test_what_the_keeper_says_of_itself_stands_until_it_or_the_next_takes_it_back() -> None:
    handle, keeper = handle_of_fake()
    handle.keep_alive(0)
    for text in ("full", ""):
        sample = HealthSample("disk", severe=True, text=text)
        keeper.answers.append(link.encode(Condition(sample)))
        handle.drain(0)
        assert sample in handle.conditions


def test_state_too_large_to_be_kept_is_an_alarm_until_it_fits() -> None:
    handle, keeper = handle_of_fake()
    for size, standing in ((link.PACKET_BYTES_MAX, {"checkpoint"}), (10, set())):
        raw = msgspec.Raw(msgspec.msgpack.encode(b"x" * size))
        handle.keep_alive(0)
        handle.post_state(Checkpoint("boot", 0, 0, ClockTrust.NTP, "digest", 0, raw))
        handle.keep_alive(0)
        assert _standing(handle) == standing
    assert len(keeper.queue) == 1


def test_close_sends_what_is_left_and_says_goodbye() -> None:
    handle, keeper = handle_of_fake()
    handle.keep_alive(0)
    handle._queue((event(0),))
    handle.close()
    messages = list(map(link.decode_to_keeper, keeper.queue))
    assert messages == [EventRecord(WRITER, 0, (event(0),)), Bye()]
    assert handle_module._STOP_WAIT_S > 0
