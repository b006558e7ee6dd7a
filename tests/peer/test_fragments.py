"""State and orders in pieces: whole, newest, once, in order, whatever the link does to them."""

from __future__ import annotations

import random

import pytest

from edge.peer.fragments import (
    BULK_BYTES_MAX,
    CHUNK_BYTES,
    CHUNKS_MAX,
    ORDERS_WAITING_MAX,
    Fragment,
    OrderReceiver,
    OrderSender,
    ReceivedState,
    StateReceiver,
    StateSender,
)

_LARGE = random.Random(1).randbytes(10 * CHUNK_BYTES + 7)


def _give(sender: StateSender, receiver: StateReceiver, times: int) -> ReceivedState | None:
    for _ in range(times):
        piece = sender.piece()
        if piece is not None:
            receiver.offer(piece)
    return receiver.take()


@pytest.mark.parametrize(
    "length", [1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, BULK_BYTES_MAX]
)
def test_state_of_any_length_arrives_whole_with_its_instant(length: int) -> None:
    state = random.Random(length).randbytes(length)
    sender, receiver = StateSender(), StateReceiver()
    assert sender.post(state, 77)
    assert _give(sender, receiver, -(-length // CHUNK_BYTES)) == ReceivedState(state, 77)
    assert receiver.take() is None


@pytest.mark.parametrize("length", [0, BULK_BYTES_MAX + 1])
def test_state_that_is_empty_or_too_large_is_not_sent(length: int) -> None:
    sender = StateSender()
    assert not sender.post(bytes(length), 1)
    assert sender.piece() is None


def test_lost_piece_of_a_state_comes_again_and_then_it_is_quiet() -> None:
    sender, receiver = StateSender(), StateReceiver()
    sender.post(_LARGE, 1)
    sender.piece()
    assert _give(sender, receiver, 10) is None
    assert _give(sender, receiver, 1) == ReceivedState(_LARGE, 1)
    assert [sender.piece() is None for _ in range(40)] == [False] * 21 + [True] * 19


def test_newer_state_waits_for_one_whole_turn_of_the_one_on_its_way() -> None:
    sender, receiver = StateSender(), StateReceiver()
    arrived = []
    for second in range(6):
        sender.post(_LARGE + bytes((second,)), second)
        arrived.append(_give(sender, receiver, 5))
    assert [state.mono_ns for state in arrived if state is not None] == [0, 2]
    assert _give(sender, receiver, 3 + 11) == ReceivedState(_LARGE + b"\x05", 5)


def test_older_pieces_do_not_disturb_a_newer_state() -> None:
    sender, receiver = StateSender(), StateReceiver()
    sender.post(_LARGE, 1)
    old = [sender.piece() for _ in range(11)]
    sender.post(_LARGE[::-1], 2)
    assert _give(sender, receiver, 11) == ReceivedState(_LARGE[::-1], 2)
    for piece in old:
        assert piece is not None
        receiver.offer(piece)
    assert receiver.take() is None


def test_state_that_was_changed_on_its_way_is_not_given() -> None:
    receiver = StateReceiver()
    receiver.offer(Fragment(1, 0, 1, 12345, 0, b"state"))
    assert receiver.take() is None


@pytest.mark.parametrize(
    "piece",
    [
        Fragment(0, 0, 1, 0, 0, b"x"),
        Fragment(1, 1, 1, 0, 0, b"x"),
        Fragment(1, 0, 0, 0, 0, b"x"),
        Fragment(1, 0, CHUNKS_MAX + 1, 0, 0, bytes(CHUNK_BYTES)),
        Fragment(1, 0, 1, 0, 0, b""),
        Fragment(1, 0, 1, 0, 0, bytes(CHUNK_BYTES + 1)),
        Fragment(1, 0, 2, 0, 0, b"short"),
    ],
)
def test_piece_that_can_not_be_is_ignored(piece: Fragment) -> None:
    state, orders = StateReceiver(), OrderReceiver()
    state.offer(piece)
    orders.offer(piece)
    assert (state.take(), orders.take()) == (None, [])


def test_restart_of_the_peer_begins_a_state_anew() -> None:
    sender, receiver = StateSender(), StateReceiver()
    sender.restart()
    sender.post(_LARGE, 1)
    for _ in range(40):
        sender.piece()
    sender.restart()
    assert _give(sender, receiver, 11) == ReceivedState(_LARGE, 1)
    receiver.restart()
    sender.restart()
    assert _give(sender, receiver, 11) == ReceivedState(_LARGE, 1)


class _Carrier:
    """Two ends of a link that loses, doubles and reorders, both ways."""

    def __init__(self, seed: int, loss: float) -> None:
        self.rng = random.Random(seed)
        self.loss = loss
        self.sender, self.receiver = OrderSender(), OrderReceiver()
        self.there: list[Fragment] = []
        self.back: list[int] = []

    def turn(self) -> list[bytes]:
        piece = self.sender.piece()
        if piece is not None:
            self._put(self.there, piece)
        self._put(self.back, self.receiver.acknowledged)
        for waiting, take in ((self.there, self.receiver.offer), (self.back, self._acknowledge)):
            while waiting and self.rng.random() < 0.6:
                take(waiting.pop(self.rng.randrange(len(waiting))))
        return self.receiver.take()

    def _acknowledge(self, number: int) -> None:
        self.sender.acknowledge(number)

    def _put(self, queue: list, item: object) -> None:
        while self.rng.random() > self.loss:
            queue.append(item)
            if self.rng.random() < 0.7:
                return


def _order(number: int) -> bytes:
    return b"order %d " % number + bytes(number % 5 * 500)


@pytest.mark.parametrize("seed", range(10))
def test_orders_arrive_once_and_in_order_over_a_link_that_loses_doubles_and_reorders(
    seed: int,
) -> None:
    link = _Carrier(seed, loss=0.4)
    orders, arrived = [_order(number) for number in range(40)], []
    waiting = list(orders)
    for _ in range(20_000):
        while waiting and link.sender.post(waiting[0]):
            waiting.pop(0)
        arrived += link.turn()
        if len(arrived) == len(orders):
            break
    assert arrived == orders
    for _ in range(200):
        assert link.turn() == []


@pytest.mark.parametrize("seed", range(10))
def test_orders_over_restarts_of_the_receiver_all_arrive_in_order(seed: int) -> None:
    """Each process gets each at most once; none is lost, whoever restarts."""
    link = _Carrier(seed, loss=0.3)
    orders = [_order(number) for number in range(12)]
    for order in orders:
        assert link.sender.post(order)
    lives: list[list[bytes]] = [[]]
    for turn in range(3000):
        if turn in {20, 45, 60}:
            link.receiver = OrderReceiver()
            link.there, link.back = [], []
            link.sender.restart()
            lives.append([])
        lives[-1] += link.turn()
    heard = [order for life in lives for order in life]
    assert all(life == sorted(set(life), key=orders.index) for life in lives)
    assert sorted(set(heard), key=orders.index) == orders


def test_restart_of_the_sender_lets_its_new_orders_in() -> None:
    link = _Carrier(1, loss=0.0)
    link.sender.post(b"first")
    arrived = [order for _ in range(20) for order in link.turn()]
    link.sender = OrderSender()
    link.there, link.back = [], []
    link.receiver.restart()
    link.sender.post(b"second")
    arrived += [order for _ in range(20) for order in link.turn()]
    assert arrived == [b"first", b"second"]


def test_order_that_finds_the_box_full_comes_when_there_is_room() -> None:
    sender, receiver = OrderSender(), OrderReceiver()
    for number in range(ORDERS_WAITING_MAX):
        assert sender.post(_order(number))
    assert not sender.post(b"one too many")
    for _ in range(200):
        piece = sender.piece()
        if piece is not None:
            receiver.offer(piece)
        sender.acknowledge(receiver.acknowledged)
    assert sender.post(b"last")
    for _ in range(5):
        piece = sender.piece()
        assert piece is not None
        receiver.offer(piece)
        sender.acknowledge(receiver.acknowledged)
    assert len(receiver.take()) == ORDERS_WAITING_MAX
    piece = sender.piece()
    assert piece is not None
    receiver.offer(piece)
    assert receiver.take() == [b"last"]


@pytest.mark.parametrize("length", [0, BULK_BYTES_MAX + 1])
def test_order_that_is_empty_or_too_large_is_not_taken(length: int) -> None:
    assert not OrderSender().post(bytes(length))


def test_orders_that_are_withdrawn_are_not_sent_and_the_next_one_arrives() -> None:
    sender, receiver = OrderSender(), OrderReceiver()
    assert sender.withdraw() == []
    sender.restart()
    sender.post(b"a")
    sender.post(b"b")
    piece = sender.piece()
    assert piece is not None
    receiver.offer(piece)
    assert sender.withdraw() == [b"a", b"b"]
    assert sender.piece() is None
    sender.post(b"c")
    sender.acknowledge(receiver.acknowledged)
    piece = sender.piece()
    assert piece is not None
    receiver.offer(piece)
    assert receiver.take() == [b"a", b"c"]


def test_order_that_is_refused_stays_with_its_sender_and_comes_again() -> None:
    sender, receiver = OrderSender(), OrderReceiver()
    sender.post(b"taken")
    sender.post(b"refused")
    taken: list[bytes] = []
    for turn in range(6):
        piece = sender.piece()
        if piece is not None:
            receiver.offer(piece)
        if 0 < turn < 4:
            receiver.refuse()
        else:
            taken += receiver.take()
        sender.acknowledge(receiver.acknowledged)
        assert len(taken) == (1 if turn < 4 else 2)
    assert taken == [b"taken", b"refused"]
    assert sender.piece() is None
