"""Frames and ways of the switch, without a network."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.network.frames import Address, find_datagram, make_frame, without_checksum
from hil.network.path import Impairment, Way

_A = Address(bytes.fromhex("024d00000001"), "10.77.1.1")
_B = Address(bytes.fromhex("024d00000002"), "10.77.1.2")
_ARP = bytes.fromhex("ffffffffffff024d000000010806") + bytes(28)


@given(st.binary(max_size=1400))
def test_frame_made_of_a_payload_gives_the_payload(payload: bytes) -> None:
    datagram = find_datagram(make_frame(_A, _B, 47474, payload))
    assert datagram is not None
    assert datagram.payload == payload


def test_frame_has_the_addresses_and_a_header_checksum_that_adds_up() -> None:
    frame = make_frame(_A, _B, 47474, b"x")
    assert frame[:12] == _B.mac + _A.mac
    header = frame[14:34]
    assert (header[12:16], header[16:20]) == (
        socket.inet_aton(_A.host),
        socket.inet_aton(_B.host),
    )
    total = sum(struct.unpack("!10H", header))
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF


def test_frame_loses_its_udp_checksum_and_nothing_else() -> None:
    frame = make_frame(_A, _B, 47474, b"payload")
    summed = frame[:40] + b"\x12\x34" + frame[42:]
    assert without_checksum(summed) == frame
    assert without_checksum(_ARP) == _ARP


@given(st.binary(max_size=80))
def test_frame_of_any_bytes_is_taken_or_left(frame: bytes) -> None:
    find_datagram(frame)
    assert len(without_checksum(frame)) == len(frame)


@pytest.mark.parametrize(("byte", "value"), [(12, 0x86), (20, 0x20), (21, 0x01), (23, 6)], ids=str)
def test_frame_that_is_no_whole_datagram_is_none(byte: int, value: int) -> None:
    frame = bytearray(make_frame(_A, _B, 47474, b"payload"))
    frame[byte] = value
    assert find_datagram(bytes(frame)) is None


def test_way_without_impairment_passes_each_frame_at_once() -> None:
    way = Way("seed")
    assert [way.due_ns(now_ns) for now_ns in range(3)] == [[0], [1], [2]]


def test_way_that_is_cut_passes_nothing() -> None:
    way = Way("seed")
    way.cut = True
    assert way.due_ns(0) == []
    assert (way.counts.sent, way.counts.cut) == (1, 1)


def test_way_loses_and_doubles_its_share_alike_with_one_seed() -> None:
    def play() -> tuple[list[list[int]], Way]:
        way = Way("seed")
        way.impairment = Impairment(loss_ratio=0.1, duplicate_ratio=0.2, delay_ms=5, jitter_ms=10)
        return [way.due_ns(number) for number in range(2000)], way

    played, way = play()
    assert played == play()[0]
    assert 150 < way.counts.lost < 250
    assert 300 < way.counts.duplicated < 420
    delays_ns = [due - number for number, dues in enumerate(played) for due in dues]
    assert 5_000_000 <= min(delays_ns) < 5_100_000
    assert 14_900_000 < max(delays_ns) <= 15_000_000
