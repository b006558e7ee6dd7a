"""What the frames on a line mean to one of the site's two units: its own echo, the twin at work, a
stranger, and readings that the twin has asked for. Pure; time is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from edge.bus.frames import Query, Reply, decode_query, payload_bytes
from edge.bus.guard import EXCEPTION_BIT
from edge.bus.reading import sample_of
from edge.bus.splitter import Splitter
from edge.core.line_timing import REPLY_BYTES_MAX, character_ns, reply_bytes
from edge.core.metering.registers import Request, plan_requests
from edge.model.bus import BusPlan, PolledMeter
from edge.model.scan import MeterFault, MeterSample
from edge.model.units import NS_PER_MS, NS_PER_S

# Replies that make one reading belong together: a master asks for them in a row.
READING_NS_MAX: Final = 2 * NS_PER_S
# An echo comes with its query; one that has not come by then never will.
ECHO_NS_MAX: Final = NS_PER_S


class Heard(Struct):
    """What one piece of the line's traffic was. Instants are those of the newest; None: none.

    `readings` are whole: the meter's place in the plan, and the sample.
    """

    twin_mono_ns: int | None = None
    twin_count: int = 0
    stranger_mono_ns: int | None = None
    echo_mono_ns: int | None = None
    readings: list[tuple[int, MeterSample]] = field(default_factory=list)


class Eavesdropper:
    """One line. Tell it what we ask (`asked`), give it all that is received (`hear`)."""

    def __init__(self, plan: BusPlan) -> None:
        self._plan = plan
        self._splitter = Splitter()
        self._places = {meter.unit_id: place for place, meter in enumerate(plan.meters)}
        self._requests = [plan_requests(meter.map) for meter in plan.meters]
        self._collected: list[dict[Request, Reply]] = [{} for _ in plan.meters]
        self._own: Query | None = None
        self._awaits_echo = False

    def asked(self, frame: bytes, mono_ns: int) -> None:
        """A query of ours is on its way: an equal one that is heard next is its echo."""
        self._own = decode_query(frame, mono_ns)
        self._awaits_echo = True
        self._splitter.asked(self._own)

    def hear(self, received: bytes, mono_ns: int) -> Heard:
        """What `received` means; nothing received lets an old doubt be settled."""
        heard = Heard()
        for frame in self._splitter.feed(received, mono_ns):
            if isinstance(frame, Query):
                self._judge(frame, heard)
            else:
                heard.readings.extend(self._collect(frame))
        return heard

    @property
    def answer_until_mono_ns(self) -> int:
        """Until when the answer to another master's query may still come; 0: none is open."""
        query = self._splitter.open_query
        if query is None or query is self._own:
            return 0
        place = self._places.get(query.unit)
        meters = self._plan.meters if place is None else (self._plan.meters[place],)
        latency_ms = max((meter.response_ms_max for meter in meters), default=0)
        payload = payload_bytes(query)
        reply_ns = (reply_bytes(0) + payload if payload else REPLY_BYTES_MAX) * character_ns(
            self._plan
        )
        return query.mono_ns + latency_ms * NS_PER_MS + reply_ns

    def _judge(self, query: Query, heard: Heard) -> None:
        """An adapter that is not declared to echo but does must not make a twin of ourselves; nor
        may the twin's query prove that ours was on the line: that one says nothing.
        """
        if self._is_echo(query):
            self._own, self._awaits_echo = query, False
            if self._plan.echo:
                heard.echo_mono_ns = query.mono_ns
        elif self._place(query) is not None:
            heard.twin_mono_ns = query.mono_ns
            heard.twin_count += 1
        else:
            heard.stranger_mono_ns = query.mono_ns

    def _is_echo(self, query: Query) -> bool:
        own = self._own
        return (
            self._awaits_echo
            and own is not None
            and _address(query) == _address(own)
            and query.mono_ns - own.mono_ns <= ECHO_NS_MAX
        )

    def _place(self, query: Query) -> int | None:
        """The meter that is polled so, by its place in the plan; None if it is no poll of ours."""
        place = self._places.get(query.unit)
        if place is None or _request(query) not in self._requests[place]:
            return None
        return place

    def _collect(self, reply: Reply) -> Iterator[tuple[int, MeterSample]]:
        """The meter's reading, once all its requests are answered (its refusal is one)."""
        query = reply.of
        if query is not None and query is self._own:
            self._awaits_echo = False  # which would have come before
            return
        if query is None or (place := self._place(query)) is None:
            return
        meter, collected = self._plan.meters[place], self._collected[place]
        if reply.function & EXCEPTION_BIT:
            collected.clear()
            yield place, MeterSample(meter.name, reply.mono_ns, fault=MeterFault.EXCEPTION)
            return
        collected[_request(query)] = reply
        if all(
            request in collected and reply.mono_ns - collected[request].mono_ns <= READING_NS_MAX
            for request in self._requests[place]
        ):
            yield place, _reading(meter, collected, reply.mono_ns)
            collected.clear()


def _reading(meter: PolledMeter, collected: dict[Request, Reply], mono_ns: int) -> MeterSample:
    return sample_of(
        meter, {request: _words(reply.payload) for request, reply in collected.items()}, mono_ns
    )


def _words(payload: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(payload[at : at + 2], "big") for at in range(0, len(payload), 2))


def _request(query: Query) -> Request:
    return Request(query.function, query.address, query.count)


def _address(query: Query) -> tuple[int, int, int, int]:
    return query.unit, query.function, query.address, query.count
