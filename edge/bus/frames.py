"""Shapes of Modbus RTU frames as a third party sees them: how long a frame is that begins like
this, and what it says. Pure; check sums and the choice among them are the splitter's business.

Source: "MODBUS Application Protocol" V1.1b3, section 6.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from edge.bus.guard import EXCEPTION_BIT

UNIT_MAX: Final = 247
EXCEPTION_BYTES: Final = 5
# Of a shape that cannot be, and of one whose length is in bytes that have not come yet.
IMPOSSIBLE: Final = 0
UNKNOWN: Final = -1

_READS_BITS: Final = frozenset({1, 2})
_READS_WORDS: Final = frozenset({3, 4})
_WRITES_ONE: Final = frozenset({5, 6})
_WRITES_BITS: Final = 15
_WRITES_WORDS: Final = 16
_MASKS: Final = 22
_READS_AND_WRITES: Final = 23
# Functions whose frames are told apart; behind others the check sum finds the next known frame.
FUNCTIONS: Final = frozenset({1, 2, 3, 4, 5, 6, 15, 16, 22, 23})
_REPLY_FUNCTIONS: Final = FUNCTIONS | {function | EXCEPTION_BIT for function in FUNCTIONS}
_BITS_MAX: Final = 2000
_BITS_WRITTEN_MAX: Final = 1968
_WORDS_MAX: Final = 125
_WORDS_WRITTEN_MAX: Final = {_WRITES_WORDS: 123, _READS_AND_WRITES: 121}
_PAYLOAD_BYTES_MAX: Final = 250
_EXCEPTION_CODES: Final = frozenset({1, 2, 3, 4, 5, 6, 8, 10, 11})


class Query(Struct, frozen=True, gc=False):
    """A master's request. `mono_ns` is when its last byte came. `count` is of registers or bits,
    those that are read if it reads and writes; unit 0 is a broadcast.
    """

    unit: int
    function: int
    address: int
    count: int
    mono_ns: int


class Reply(Struct, frozen=True):
    """A unit's answer; `of` is the query that it fits, None if that was not heard.

    `payload` is what was read, else what follows the function code. `function` has the exception
    bit of a refusal.
    """

    unit: int
    function: int
    payload: bytes
    mono_ns: int
    of: Query | None = None


Frame = Query | Reply


def query_length(head: bytes) -> int:
    """Length of the query that begins so; IMPOSSIBLE, or UNKNOWN before enough of it has come."""
    unit, function = head[0], head[1]
    if unit > UNIT_MAX or function not in FUNCTIONS or (unit == 0 and function <= 4):
        return IMPOSSIBLE
    if function in {_WRITES_BITS, _WRITES_WORDS}:
        return _written_length(head, 4, 9)
    if function == _READS_AND_WRITES:
        return _written_length(head, 8, 13)
    if function == _MASKS:
        return 10
    if len(head) >= 6 and not _may_ask(function, int.from_bytes(head[4:6], "big")):
        return IMPOSSIBLE
    return 8


def _may_ask(function: int, value: int) -> bool:
    if function in _READS_WORDS:
        return 0 < value <= _WORDS_MAX
    if function in _READS_BITS:
        return 0 < value <= _BITS_MAX
    return function != 5 or value in {0x0000, 0xFF00}


def _written_length(head: bytes, count_at: int, bytes_around: int) -> int:
    """A query that writes several: their count, then that of their bytes, which must agree."""
    if len(head) <= count_at + 2:
        return UNKNOWN
    count = int.from_bytes(head[count_at : count_at + 2], "big")
    is_bits = head[1] == _WRITES_BITS
    count_max = _BITS_WRITTEN_MAX if is_bits else _WORDS_WRITTEN_MAX[head[1]]
    byte_count = (count + 7) // 8 if is_bits else 2 * count
    if not 0 < count <= count_max or head[count_at + 2] != byte_count:
        return IMPOSSIBLE
    return bytes_around + byte_count


def reply_length(head: bytes) -> int:
    """Length of the reply that begins so, whatever was asked; IMPOSSIBLE, or UNKNOWN."""
    unit, function = head[0], head[1]
    if not 0 < unit <= UNIT_MAX or function not in _REPLY_FUNCTIONS:
        return IMPOSSIBLE
    if function in _WRITES_ONE or function in {_WRITES_BITS, _WRITES_WORDS}:
        return 8
    if function == _MASKS:
        return 10
    if len(head) < 3:
        return UNKNOWN
    if function & EXCEPTION_BIT:
        return EXCEPTION_BYTES if head[2] in _EXCEPTION_CODES else IMPOSSIBLE
    is_odd = head[2] % 2 == 1 and function not in _READS_BITS
    return IMPOSSIBLE if is_odd or not 0 < head[2] <= _PAYLOAD_BYTES_MAX else 5 + head[2]


def answer_length(query: Query, head: bytes) -> int:
    """Length of the reply that begins so if it can be the answer to `query`; IMPOSSIBLE, or
    UNKNOWN.
    """
    if head[0] != query.unit or head[1] & ~EXCEPTION_BIT != query.function:
        return IMPOSSIBLE
    length = reply_length(head)
    if length <= 0 or head[1] & EXCEPTION_BIT:
        return length
    if _has_payload(query.function):
        return length if length == 5 + payload_bytes(query) else IMPOSSIBLE
    says = int.from_bytes(head[2:4], "big") if len(head) >= 4 else query.address
    return length if says == query.address else IMPOSSIBLE


def payload_bytes(query: Query) -> int:
    """How many bytes `query` reads."""
    if query.function in _READS_BITS:
        return (query.count + 7) // 8
    return 2 * query.count if _has_payload(query.function) else 0


def _has_payload(function: int) -> bool:
    return function <= 4 or function == _READS_AND_WRITES


def decode_query(frame: bytes, mono_ns: int) -> Query:
    """What a whole, sound query says."""
    function = frame[1]
    counts = function <= 4 or function in {_WRITES_BITS, _WRITES_WORDS, _READS_AND_WRITES}
    count = int.from_bytes(frame[4:6], "big") if counts else 1
    return Query(frame[0], function, int.from_bytes(frame[2:4], "big"), count, mono_ns)


def decode_reply(frame: bytes, mono_ns: int, of: Query | None) -> Reply:
    """What a whole, sound reply says."""
    start = 3 if _has_payload(frame[1]) else 2
    return Reply(frame[0], frame[1], frame[start:-2], mono_ns, of)
