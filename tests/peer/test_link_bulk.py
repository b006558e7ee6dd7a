"""State, orders and keys on the link, over restarts of either unit."""

from __future__ import annotations

import pytest

from edge.model.units import NS_PER_S
from edge.peer.fragments import ReceivedState
from tests.peer.beats import KEY, OTHER_KEY
from tests.peer.ends import SCAN_NS, Make, TestClock, met, turn


def test_clocks_of_different_boots_are_brought_together(make: Make) -> None:
    hours_ns = 5 * 3600 * NS_PER_S
    kita, minami = make(0), make(1, clock=TestClock(hours_ns))
    shift_ns = hours_ns - kita.clock.now_ns
    turn(kita, minami, times=4)
    assert minami.heard[-1].offset_ns == pytest.approx(shift_ns, abs=SCAN_NS)
    kita.link.post_state(b"state", kita.clock.now_ns)
    posted_ns = kita.clock.now_ns + shift_ns
    turn(kita, minami, times=2)
    state = minami.link.take_state()
    assert state is not None
    assert state.data == b"state"
    assert state.mono_ns == pytest.approx(posted_ns, abs=SCAN_NS)


def test_state_and_orders_go_along_with_the_beats(make: Make) -> None:
    kita, minami = met(make)
    state = bytes(range(256)) * 16
    assert kita.link.post_state(state, kita.clock.now_ns)
    assert minami.link.post_order(b"override chiller-1")
    assert minami.link.post_order(b"limit" * 300)
    turn(kita, minami, times=12)
    received = minami.link.take_state()
    assert isinstance(received, ReceivedState)
    assert received.data == state
    assert minami.link.take_state() is None
    assert kita.link.take_orders() == [b"override chiller-1", b"limit" * 300]
    turn(kita, minami, times=12)
    assert kita.link.take_orders() == []
    assert minami.link.withdraw_orders() == []


def test_order_for_a_unit_that_died_is_taken_back(make: Make) -> None:
    kita, _minami = met(make)
    kita.link.post_order(b"override")
    assert kita.link.withdraw_orders() == [b"override"]


def test_orders_over_a_restart_of_either_unit_arrive(make: Make) -> None:
    kita, minami = met(make)
    minami.link.close()
    kita.link.post_order(b"to the new process")
    turn(kita, times=5)
    minami = make(1, clock=minami.clock)
    turn(kita, minami, times=8)
    assert minami.link.take_orders() == [b"to the new process"]
    kita.link.close()
    kita = make(0, clock=kita.clock)
    kita.link.post_order(b"from the new process")
    turn(kita, minami, times=8)
    assert minami.link.take_orders() == [b"from the new process"]


def test_keys_are_changed_on_one_unit_after_the_other_without_a_beat_lost(make: Make) -> None:
    old, both, new = {1: KEY}, {2: OTHER_KEY, 1: KEY}, {2: OTHER_KEY}
    units = [make(0, keys=old), make(1, keys=old)]
    turn(*units, times=4)
    for own, keys in ((0, both), (1, both), (0, new), (1, new)):
        units[own].link.close()
        units[own] = make(own, keys=keys, clock=units[own].clock)
        turn(*units, times=5)
        for end in units:
            end.heard.clear()
        turn(*units, times=10)
        assert [len(end.heard) for end in units] == [10, 10]
        assert [end.standing() for end in units] == [[], []]


def test_order_that_is_withdrawn_before_the_peer_is_proven_hides_no_later_one(make: Make) -> None:
    kita, minami = make(0), make(1)
    kita.link.post_order(b"withdrawn")
    minami.say()
    kita.hear()
    for _ in range(2):
        kita.say()
        minami.hear()
    assert minami.heard, "it believes kita, which does not know that yet"
    assert kita.link.withdraw_orders() == [b"withdrawn"]
    kita.link.post_order(b"later")
    turn(kita, minami, times=6)
    assert minami.link.take_orders() == [b"later"]
    assert kita.link.withdraw_orders() == []
