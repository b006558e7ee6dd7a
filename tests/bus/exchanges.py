"""Exchanges on a line as other implementations frame them, and ways to cut what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as words

from edge.bus.frames import Frame, Query, Reply
from edge.bus.splitter import HOLE_NS, Splitter
from tests.bus.line import crc

_FRAMER = FramerRTU(DecodePDU(True))

UNITS = st.integers(1, 247)
ADDRESSES = st.integers(0, 0xFF00)
WORDS = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=20)
BITS = st.lists(st.booleans(), min_size=1, max_size=40)

Exchange = tuple[bytes, bytes]


def is_clear(exchange: Exchange) -> bool:
    """Whether no beginning of a frame is sound too, as one in 65536 is by chance."""
    return not any(
        crc(frame[: end - 2]) == frame[end - 2 : end]
        for frame in exchange
        for end in range(4, len(frame))
    )


def has_frame_by_chance(stream: bytes, spans: set[tuple[int, int]]) -> bool:
    """Whether a sound query or reply lies where none was put, as one in 65536 does by chance."""
    for at in range(len(stream) - 4):
        lengths = {5} if stream[at + 1] & 0x80 else {8, 5 + stream[at + 2]}
        for end in (at + length for length in lengths):
            is_sound = end <= len(stream) and crc(stream[at : end - 2]) == stream[end - 2 : end]
            if is_sound and (at, end) not in spans:
                return True
    return False


def framed_by_pymodbus(pdu: ModbusPDU) -> bytes:
    return _FRAMER.buildFrame(pdu)


@st.composite
def reads(draw: st.DrawFn) -> Exchange:
    """A read of registers or bits, answered, refused or left alone."""
    unit, address = draw(UNITS), draw(ADDRESSES)
    kind = draw(st.sampled_from([1, 2, 3, 4, 4, 4]))
    if kind <= 2:
        values = draw(BITS)
        ask = bits.ReadCoilsRequest if kind == 1 else bits.ReadDiscreteInputsRequest
        say = bits.ReadCoilsResponse if kind == 1 else bits.ReadDiscreteInputsResponse
        query = ask(address=address, count=len(values), dev_id=unit)
        reply = say(bits=values, dev_id=unit)
    else:
        numbers = draw(WORDS)
        ask_words = (
            words.ReadHoldingRegistersRequest if kind == 3 else words.ReadInputRegistersRequest
        )
        say_words = (
            words.ReadHoldingRegistersResponse if kind == 3 else words.ReadInputRegistersResponse
        )
        query = ask_words(address=address, count=len(numbers), dev_id=unit)
        reply = say_words(registers=numbers, dev_id=unit)
    outcome = draw(st.sampled_from(["answered", "answered", "refused", "alone"]))
    if outcome == "refused":
        return framed_by_pymodbus(query), framed_by_pymodbus(ExceptionResponse(kind, 2, unit))
    return framed_by_pymodbus(query), framed_by_pymodbus(reply) if outcome == "answered" else b""


@st.composite
def writes(draw: st.DrawFn) -> Exchange:
    """A write as a foreign master may do it, answered."""
    unit, address, numbers = draw(UNITS), draw(ADDRESSES), draw(WORDS)
    kind = draw(st.sampled_from([5, 6, 15, 16, 22, 23]))
    query: ModbusPDU
    reply: ModbusPDU
    if kind == 5:
        query = bits.WriteSingleCoilRequest(address=address, bits=[True], dev_id=unit)
        reply = bits.WriteSingleCoilResponse(address=address, bits=[True], dev_id=unit)
    elif kind == 6:
        query = words.WriteSingleRegisterRequest(unit, 0, address, registers=numbers[:1])
        reply = words.WriteSingleRegisterResponse(unit, 0, address, registers=numbers[:1])
    elif kind == 15:
        values = draw(BITS)
        query = bits.WriteMultipleCoilsRequest(address, values, unit)
        reply = bits.WriteMultipleCoilsResponse(unit, 0, address, len(values))
    elif kind == 16:
        query = words.WriteMultipleRegistersRequest(
            unit, 0, address, len(numbers), registers=numbers
        )
        reply = words.WriteMultipleRegistersResponse(unit, 0, address, len(numbers))
    elif kind == 22:
        query = words.MaskWriteRegisterRequest(address, 0x1234, 0x5678, unit)
        reply = words.MaskWriteRegisterResponse(address, 0x1234, 0x5678, unit)
    else:
        query = words.ReadWriteMultipleRegistersRequest(address, len(numbers), 7, numbers, unit)
        reply = words.ReadWriteMultipleRegistersResponse(unit, registers=numbers)
    return framed_by_pymodbus(query), framed_by_pymodbus(reply)


EXCHANGES = st.lists((reads() | writes()).filter(is_clear), min_size=1, max_size=12)
CUTS = st.lists(st.integers(1, 40), min_size=1, max_size=12)


def cut(stream: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    """The stream in pieces of these sizes, over and over."""
    at = turn = 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        yield stream[at : at + size]
        at, turn = at + size, turn + 1


def split(stream: bytes, sizes: Sequence[int] = (1 << 20,)) -> list[Frame]:
    """All frames of the stream, with the silence at its end."""
    splitter, frames = Splitter(), []
    for piece in cut(stream, sizes):
        frames += splitter.feed(piece, 1)
        assert splitter.kept_count <= 512
    return frames + splitter.feed(b"", 2 + HOLE_NS)


def query_of(frame: bytes) -> tuple[int, int, int]:
    return frame[0], frame[1], int.from_bytes(frame[2:4], "big")


def reply_of(frame: bytes) -> tuple[int, int, bytes]:
    has_payload = frame[1] in {1, 2, 3, 4, 23}
    return frame[0], frame[1], frame[3 if has_payload else 2 : -2]


Shown = tuple[str, tuple[int, int, int] | tuple[int, int, bytes], tuple[int, int, int] | None]


def shown(frames: Sequence[Frame]) -> list[Shown]:
    """Frames without their instants, replies with the query that they were found to answer."""
    return [_shown(frame) for frame in frames]


def _shown(frame: Frame) -> Shown:
    if isinstance(frame, Query):
        return "query", (frame.unit, frame.function, frame.address), None
    asked = frame.of
    of = None if asked is None else (asked.unit, asked.function, asked.address)
    return "reply", (frame.unit, frame.function, frame.payload), of


def truth(exchanges: Sequence[Exchange]) -> list[Shown]:
    """What an ear that misses nothing shows."""
    frames: list[Shown] = []
    for query, reply in exchanges:
        frames.append(("query", query_of(query), None))
        if reply:
            frames.append(("reply", reply_of(reply), query_of(query)))
    return frames


def queries(frames: Sequence[Frame]) -> list[Query]:
    return [frame for frame in frames if isinstance(frame, Query)]


def replies(frames: Sequence[Frame]) -> list[Reply]:
    return [frame for frame in frames if isinstance(frame, Reply)]
