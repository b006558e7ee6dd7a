"""Frames on a serial line, in any pieces and with noise between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.peer import cobs


@given(st.binary(max_size=1300))
def test_frame_comes_back_and_has_no_zero_inside(frame: bytes) -> None:
    stuffed = cobs.encode(frame)
    assert stuffed.count(0) == 1
    assert cobs.decode(stuffed[:-1]) == frame


@given(st.integers(250, 260), st.integers(0, 2), st.binary(max_size=3))
def test_frame_with_long_runs_comes_back(length: int, zeros: int, tail: bytes) -> None:
    frame = b"a" * length + bytes(zeros) + b"b" * length + tail
    assert cobs.decode(cobs.encode(frame)[:-1]) == frame


def test_known_vector() -> None:
    """Cheshire and Baker, IEEE/ACM Trans. Networking 7(2), 1999."""
    assert cobs.encode(bytes.fromhex("45 00 00 2c 4c 79 00 00 40 06 4f 37")) == bytes.fromhex(
        "02 45 01 04 2c 4c 79 01 05 40 06 4f 37 00"
    )


@given(st.binary(max_size=300))
def test_any_bytes_are_a_frame_or_none(stuffed: bytes) -> None:
    frame = cobs.decode(stuffed)
    assert frame is None or len(frame) <= len(stuffed)


def test_deframer_finds_frames_in_any_pieces() -> None:
    stream = b"".join(cobs.encode(frame) for frame in (b"one", b"", b"two\0", b"three"))
    for size in range(1, 12):
        deframer = cobs.Deframer(100)
        frames = []
        for at in range(0, len(stream), size):
            frames += deframer.feed(stream[at : at + size])
        assert frames == [b"one", b"two\0", b"three"]


def test_deframer_after_noise_begins_anew_at_a_zero() -> None:
    deframer = cobs.Deframer(100)
    assert deframer.feed(b"\xff noise \0" + cobs.encode(b"frame")) == [b"frame"]


def test_deframer_drops_what_is_too_long_and_holds_no_more_than_a_frame() -> None:
    deframer = cobs.Deframer(100)
    for _ in range(1000):
        assert deframer.feed(b"x" * 99) == []
        assert len(deframer._partial) <= 101
    assert deframer.feed(b"\0" + cobs.encode(b"frame")) == [b"frame"]
    assert deframer.feed(b"\0" + cobs.encode(bytes(100))) == [bytes(100)]
