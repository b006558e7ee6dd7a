"""Frames found in a stream, however it is cut and whatever is between; none that is not there."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.bus.frames import Query, Reply
from edge.bus.splitter import HOLE_NS, Splitter
from tests.bus.exchanges import (
    CUTS,
    EXCHANGES,
    Exchange,
    cut,
    has_frame_by_chance,
    is_clear,
    queries,
    query_of,
    reads,
    replies,
    reply_of,
    shown,
    split,
    truth,
)
from tests.bus.line import framed, registers

QUERY = framed("0104000c0002")
REPLY = registers(1, 4, 0x41FA, 0x177C)


@given(EXCHANGES, CUTS)
def test_splitter_with_any_cutting_finds_every_frame(
    exchanges: list[Exchange], sizes: list[int]
) -> None:
    stream = b"".join(query + reply for query, reply in exchanges)
    assert shown(split(stream, sizes)) == truth(exchanges)


@given(EXCHANGES, CUTS, st.lists(st.binary(max_size=30), min_size=1, max_size=9))
def test_splitter_with_noise_between_finds_every_frame(
    exchanges: list[Exchange], sizes: list[int], noises: list[bytes]
) -> None:
    frames = [frame for exchange in exchanges for frame in exchange]
    stream = b"".join(
        frame + noises[turn % len(noises)] for turn, frame in enumerate(frames) if frame
    )
    assert shown(split(stream, sizes)) == truth(exchanges)


@given(
    st.lists(reads().filter(is_clear), min_size=2, max_size=8),
    CUTS,
    st.randoms(use_true_random=False),
)
def test_splitter_with_broken_frames_finds_all_others_and_invents_no_query(
    exchanges: list[Exchange], sizes: list[int], choose: random.Random
) -> None:
    stream, asked, answered = b"", [], []
    spans = set()
    for query, reply in exchanges:
        for frame, found, what in ((query, asked, query_of), (reply, answered, reply_of)):
            spans.add((len(stream), len(stream) + len(frame)))
            if frame and choose.random() < 0.3:
                at = choose.randrange(len(frame))
                stream += frame[:at] + bytes([frame[at] ^ 1 << choose.randrange(8)])
                stream += frame[at + 1 :]
            elif frame:
                stream += frame
                found.append(what(frame))
    assume(not has_frame_by_chance(stream, spans))
    frames = split(stream, sizes)
    assert [(q.unit, q.function, q.address) for q in queries(frames)] == asked
    assert [(r.unit, r.function, r.payload) for r in replies(frames)] == answered


@pytest.mark.parametrize("size", [1, 2, 5, 8, 9, 64])
def test_splitter_with_queries_within_an_answer_takes_none_of_them_for_a_query(size: int) -> None:
    """A reply of 40 registers that are whole frames themselves, each query of them a sound one."""
    inner = QUERY + REPLY + QUERY + framed("01060001 0002") + QUERY + bytes(39)
    ask, answer = framed("0104 0000 0028"), framed("010450" + inner.hex())
    assert len(inner) == 80
    frames = split((ask + answer) * 3 + QUERY, [size])
    assert [query_of(QUERY)] == [
        (q.unit, q.function, q.address) for q in queries(frames) if q.address != 0
    ]
    assert [reply.payload for reply in replies(frames)] == [inner] * 3


def test_splitter_with_an_answer_that_begins_like_a_query_waits_for_its_end() -> None:
    """Eight bytes with a sound check sum are the head of an answer of 55 registers."""
    head = framed("01046ed00002")
    assert shown(split(head)) == [("query", (1, 4, 0x6ED0), None)]
    answer = framed("01046e" + head[3:].hex() + "00" * 105)
    exchange = (framed("010400000037"), answer)
    assert shown(split(b"".join(exchange), [1])) == truth([exchange])


def test_splitter_with_a_query_that_begins_like_the_missing_answer_finds_it() -> None:
    """Address 0x0200 is a byte count too; the answer that it would be has a byte more."""
    exchanges = [(framed("010410000001"), b""), (framed("010402000001"), registers(1, 4, 7))]
    for size in (1, 8, 40):
        stream = b"".join(query + reply for query, reply in exchanges)
        assert shown(split(stream, [size])) == truth(exchanges)


def test_splitter_with_a_known_function_after_unknown_ones_finds_it() -> None:
    stream = framed("0111") + framed("01110a00ff") + framed("012b0e0100") + QUERY + REPLY
    assert shown(split(stream, [3])) == truth([(QUERY, REPLY)])


def test_splitter_with_an_echo_of_each_query_shows_both_and_the_answer() -> None:
    frames = split(QUERY + QUERY + REPLY, [4])
    assert [type(frame) for frame in frames] == [Query, Query, Reply]
    assert replies(frames)[0].of is frames[1]


def test_splitter_gives_each_frame_the_instant_of_its_last_byte() -> None:
    splitter = Splitter()
    splitter.feed(QUERY[:3], 10)
    (query,) = splitter.feed(QUERY[3:] + REPLY[:4], 20)
    (reply,) = splitter.feed(REPLY[4:] + QUERY[:1], 30)
    (again,) = splitter.feed(QUERY[1:], 40)
    assert (query.mono_ns, reply.mono_ns, again.mono_ns) == (20, 30, 40)


def test_splitter_with_noise_that_looks_like_a_long_reply_shows_what_it_held_after_a_hole() -> None:
    """The frames keep their own instants, however late they are shown."""
    splitter = Splitter()
    assert splitter.feed(bytes([9, 4, 0xF0]) + QUERY, 5) == []
    assert splitter.feed(REPLY, 6) == []
    assert splitter.feed(b"", 6 + HOLE_NS) == []
    frames = splitter.feed(b"", 7 + HOLE_NS)
    assert [frame.mono_ns for frame in frames] == [5, 6]
    assert shown(splitter.feed(QUERY + REPLY, 8 + HOLE_NS)) == truth([(QUERY, REPLY)])


def test_splitter_with_an_answer_that_breaks_off_shows_what_it_held_after_a_hole() -> None:
    ask = framed("01040000007d")
    splitter = Splitter()
    frames = splitter.feed(ask + bytes.fromhex("0104fa") + QUERY, 5)
    assert len(frames) == 1
    frames += splitter.feed(b"", 6 + HOLE_NS)
    assert shown(frames) == truth([(ask, b""), (QUERY, b"")])


def test_splitter_that_was_fed_late_loses_no_frame() -> None:
    """The process was stopped within a frame."""
    splitter = Splitter()
    frames = splitter.feed(QUERY + REPLY[:5], 5)
    frames += splitter.feed(REPLY[5:] + QUERY, 6 + 10 * HOLE_NS)
    assert shown(frames) == [*truth([(QUERY, REPLY), (QUERY, b"")])]


def test_splitter_with_a_query_to_all_expects_no_answer() -> None:
    splitter = Splitter()
    (query,) = splitter.feed(framed("0006 0001 0002"), 1)
    assert isinstance(query, Query)
    assert splitter.open_query is None


@given(st.lists(st.binary(max_size=700), max_size=6), CUTS)
def test_splitter_with_any_bytes_keeps_little(streams: list[bytes], sizes: list[int]) -> None:
    for stream in streams:
        split(stream, sizes)


def test_splitter_with_random_bytes_hardly_ever_finds_a_query() -> None:
    """One in some millions of bytes: a check sum of 16 bits, and few shapes to fit. The seed is
    fixed; none of those that were found is a read.
    """
    noise = random.Random(20).randbytes(400_000)
    splitter, found = Splitter(), []
    for piece in cut(noise, [16]):
        found += splitter.feed(piece, 1)
    assert len(queries(found)) <= 1
    assert [query for query in queries(found) if query.function in {3, 4}] == []
