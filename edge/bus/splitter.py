"""Finds the queries and replies in what is heard on an RTU line, however it is cut and whatever is
between. Pure; who asked and what it means is not judged here.

An adapter that gathers bytes destroys the silences that would separate frames, so frames are found
by their shape and check sum, and by what must follow: an answer has the shape that its query asked
for, and nothing within an answer is taken for a query.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Final

from edge.bus.frames import (
    IMPOSSIBLE,
    UNKNOWN,
    Frame,
    Query,
    answer_length,
    decode_query,
    decode_reply,
    query_length,
    reply_length,
)
from edge.bus.guard import crc_is_good
from edge.model.units import NS_PER_MS

# Fed in such pieces, so that no more than two of them are ever kept: a frame has 256 at most.
PIECE_BYTES_MAX: Final = 256
# No frame has a hole so long: what is incomplete is noise, most likely. Adapters gather for 16 ms.
HOLE_NS: Final = 100 * NS_PER_MS
# As much of a frame as says how long it is.
_HEAD_BYTES: Final = 11


class _Shape(enum.Enum):
    ANSWER = enum.auto()
    QUERY = enum.auto()
    REPLY = enum.auto()


class _Outlook(enum.Enum):
    """What may begin at a place: NOTHING; a frame, PERHAPS, if more bytes fit; or LIKELY, so that
    nothing behind is looked at before that is known.
    """

    NOTHING = enum.auto()
    PERHAPS = enum.auto()
    LIKELY = enum.auto()


class _Start:
    """A place where a frame may begin, and the lengths that had no good check sum there."""

    __slots__ = ("at", "unsound")

    def __init__(self, at: int) -> None:
        self.at = at
        self.unsound: tuple[int, ...] = ()


class Splitter:
    """One line's ear. `open_query` is the last query while no answer to it was heard."""

    def __init__(self) -> None:
        self.open_query: Query | None = None
        self._bytes = bytearray()
        self._times_mono_ns: list[int] = []
        self._starts: list[_Start] = []
        # Where a frame is due: behind another, or after a hole. Negative: nobody knows.
        self._due_at = 0
        # So many bytes came before a hole.
        self._old_count = 0
        self._fed_mono_ns = 0

    @property
    def kept_count(self) -> int:
        """How many bytes are kept, because they may be the beginning of a frame."""
        return len(self._bytes)

    def feed(self, received: bytes, mono_ns: int) -> list[Frame]:
        """Frames that are complete with what was received at `mono_ns`. Nothing received, after a
        hole, gives those that something incomplete before them held back.
        """
        frames: list[Frame] = []
        if mono_ns - self._fed_mono_ns > HOLE_NS:
            self._due_at = self._old_count = len(self._bytes)
            self._split(frames)
            self._fed_mono_ns = mono_ns
        for begin in range(0, len(received), PIECE_BYTES_MAX):
            self._add(received[begin : begin + PIECE_BYTES_MAX], mono_ns)
            self._split(frames)
        return frames

    def asked(self, query: Query) -> None:
        """A query of our own: its answer follows, and an adapter without echo hears no more."""
        self.open_query = query

    def _add(self, piece: bytes, mono_ns: int) -> None:
        begin = len(self._bytes)
        self._bytes += piece
        self._times_mono_ns += [mono_ns] * len(piece)
        self._starts += [_Start(at) for at in range(begin, len(self._bytes))]
        self._fed_mono_ns = mono_ns

    def _split(self, frames: list[Frame]) -> None:
        while (frame := self._next()) is not None:
            frames.append(frame)
            self.open_query = frame if isinstance(frame, Query) and frame.unit else None

    def _next(self) -> Frame | None:
        """The first frame that is whole; places where none can begin are forgotten."""
        waiting: list[_Start] = []
        for index, start in enumerate(self._starts):
            found = self._look(start)
            if not isinstance(found, _Outlook):
                return found
            if found is not _Outlook.NOTHING:
                waiting.append(start)
            if found is _Outlook.LIKELY:
                waiting += self._starts[index + 1 :]
                break
        self._starts = waiting
        self._drop(waiting[0].at if waiting else len(self._bytes))
        return None

    def _look(self, start: _Start) -> Frame | _Outlook:
        here_count = len(self._bytes) - start.at
        if here_count < 2:
            return _Outlook.PERHAPS
        is_late = start.at < self._old_count
        outlook = _Outlook.NOTHING
        for shape, length in self._shapes(start):
            if length == IMPOSSIBLE or length in start.unsound:
                continue
            if UNKNOWN < length <= here_count:
                if crc_is_good(bytes(self._bytes[start.at : start.at + length])):
                    return self._take(shape, start.at, length)
                start.unsound += (length,)
            elif shape is _Shape.ANSWER and length > 0 and not is_late:
                # Its first eight bytes may look like a query: not before its end is known.
                return _Outlook.LIKELY
            else:
                outlook = _Outlook.PERHAPS
                if shape is _Shape.QUERY and not is_late:
                    break  # an answer that nobody asked for is less likely, even if shorter
        is_due = start.at == self._due_at and not is_late
        return _Outlook.LIKELY if is_due and outlook is _Outlook.PERHAPS else outlook

    def _shapes(self, start: _Start) -> Iterator[tuple[_Shape, int]]:
        """What may begin there, the most likely first, with its length."""
        head = bytes(self._bytes[start.at : start.at + _HEAD_BYTES])
        if self.open_query is not None:
            yield _Shape.ANSWER, answer_length(self.open_query, head)
        yield _Shape.QUERY, query_length(head)
        yield _Shape.REPLY, reply_length(head)

    def _take(self, shape: _Shape, begin: int, length: int) -> Frame:
        end = begin + length
        frame, mono_ns = bytes(self._bytes[begin:end]), self._times_mono_ns[end - 1]
        self._drop(end)
        self._due_at = 0
        self._starts = [_Start(at) for at in range(len(self._bytes))]
        if shape is _Shape.QUERY:
            return decode_query(frame, mono_ns)
        return decode_reply(frame, mono_ns, self.open_query if shape is _Shape.ANSWER else None)

    def _drop(self, count: int) -> None:
        del self._bytes[:count]
        del self._times_mono_ns[:count]
        self._due_at -= count
        self._old_count = max(0, self._old_count - count)
        for start in self._starts:
            start.at -= count
