"""Which bytes are the reply. Vectors: Eastron SDM120 and SDM630 manuals' frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bus.guard import MbapGuard, RtuGuard, crc_is_good
from tests.bus.line import crc, framed, registers

REQUEST = bytes.fromhex("0104000c0002b1c8")
REPLY = bytes.fromhex("01040441fa177cc198")
MBAP_REQUEST = bytes.fromhex("0007 0000 0006 01 04 000c 0002")
MBAP_REPLY = bytes.fromhex("0007 0000 0007 01 04 04 41fa177c")


def expecting(request: bytes = REQUEST) -> RtuGuard:
    guard = RtuGuard()
    guard.expect(request)
    return guard


def expecting_mbap() -> MbapGuard:
    guard = MbapGuard()
    guard.expect(MBAP_REQUEST)
    return guard


@pytest.mark.parametrize(
    "frame",
    [
        "010404466C35BB79F2",
        "010404C2EACCCD735D",
        "01040446 70F6D3E92A",
        "01040446 70F6D4A8E8",
        "01040441fa177cc198",
    ],
)
def test_guard_finds_the_vector_frames(frame: str) -> None:
    reply = bytes.fromhex(frame)
    assert crc_is_good(reply)
    assert expecting().find(reply) == reply


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_guard_finds_the_reply_in_any_noise(before: bytes, after: bytes) -> None:
    assert expecting().find(before + REPLY + after) == REPLY


@given(st.integers(0, 8))
def test_guard_with_a_part_of_the_reply_waits(length: int) -> None:
    assert expecting().find(REPLY[:length]) == b""


@given(st.integers(0, 8), st.integers(1, 255))
def test_guard_with_any_wrong_byte_refuses(position: int, flip: int) -> None:
    broken = bytearray(REPLY)
    broken[position] ^= flip
    assert expecting().find(bytes(broken)) == b""


def test_guard_with_an_echo_that_looks_like_a_header_finds_the_reply_behind_it() -> None:
    """Register 0x0400: the echo begins 01 04 04, as a reply with four bytes does."""
    request = framed("010404000002")
    assert expecting(request).find(request) == b""
    assert expecting(request).find(request + REPLY) == REPLY


def test_guard_with_an_exception_takes_it_if_it_is_of_our_function() -> None:
    assert expecting().find(framed("018402")) == framed("018402")
    assert expecting().find(framed("018302")) == b""


@pytest.mark.parametrize(
    ("heard", "why"),
    [
        (b"", ""),
        (REQUEST, ""),
        (REQUEST + registers(2, 4, 1, 2), "reply of unit 2, need unit 1"),
        (framed("018302"), "reply to function 131, need function 4"),
        (b"\x01", "1 bytes that are no sound frame"),
    ],
)
def test_guard_explains_what_it_heard(heard: bytes, why: str) -> None:
    assert expecting().explain(heard) == why


def test_guard_tells_a_garbled_echo() -> None:
    assert not expecting().echo_is_garbled(REQUEST + REPLY)
    assert expecting().echo_is_garbled(b"\xff" + REQUEST[1:] + REPLY)


def test_mbap_guard_finds_the_reply_after_older_ones() -> None:
    older = bytes.fromhex("0006 0000 0007 01 04 04 00000000")
    assert expecting_mbap().find(older + MBAP_REPLY) == MBAP_REPLY
    exception = bytes.fromhex("0007 0000 0003 01 84 02")
    assert expecting_mbap().find(older + exception) == exception


@pytest.mark.parametrize(
    ("heard", "why"),
    [
        ("", ""),
        ("0006 0000 0007 01 04 04 41fa177c", "reply of another transaction"),
        ("0000 0000 0007 01 04 04 41fa177c", "reply of another transaction"),
        ("0007 0000 0007 02 04 04 41fa177c", "reply of unit 2, need unit 1"),
        ("0007 0000 0007 01 03 04 41fa177c", "reply to function 3, need function 4"),
        ("0007 0000 0009 01 04 06 41fa177c0000", "6 bytes of registers, need 4"),
        ("0007 0000 0007 01 04 02 41fa177c", "2 bytes of registers, need 4"),
        ("0007 0001 0007 01 04 04 41fa177c", "13 bytes that are no sound frame"),
        ("0007 0000 0001 01 04 04 41fa177c", "13 bytes that are no sound frame"),
        ("0007 0000 0007 01 04 04 41fa17", "12 bytes that are no sound frame"),
        ("0007 0000 0009 01 04 04 41fa177c 0000", "15 bytes that are no sound frame"),
    ],
)
def test_mbap_guard_with_another_frame_refuses_and_says_why(heard: str, why: str) -> None:
    received = bytes.fromhex(heard)
    assert expecting_mbap().find(received) == b""
    assert expecting_mbap().explain(received) == why


def test_mbap_guard_knows_no_echo() -> None:
    assert expecting_mbap().without_echo(MBAP_REQUEST) == MBAP_REQUEST
    assert not expecting_mbap().echo_is_garbled(b"\xff")


def test_crc_of_the_product_is_the_one_computed_bit_by_bit() -> None:
    data = bytes(range(256))
    assert crc_is_good(data + crc(data))
    assert not crc_is_good(data + crc(data)[::-1])
