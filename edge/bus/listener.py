"""The worker's ear on a line that it shares with a twin: what is heard goes to the page at once,
and readings that the twin has asked for go to the worker.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.bus.eavesdrop import Eavesdropper
from edge.bus.lease import BusPage, Count
from edge.model.bus import BusPlan
from edge.model.scan import MeterSample


class Listener:
    """`take` gets each overheard reading: the meter's place in the plan, and the sample."""

    def __init__(
        self, plan: BusPlan, page: BusPage, take: Callable[[int, MeterSample], None]
    ) -> None:
        self._page = page
        self._eavesdropper = Eavesdropper(plan)
        self._take = take
        self.asked = self._eavesdropper.asked

    @property
    def answer_until_mono_ns(self) -> int:
        """Until when the answer to another master's query may still come; 0: none is open."""
        return self._eavesdropper.answer_until_mono_ns

    def hear(self, received: bytes, mono_ns: int) -> None:
        """Everything that the port receives, own echoes and replies too; nothing, now and then."""
        heard = self._eavesdropper.hear(received, mono_ns)
        page = self._page
        if heard.twin_mono_ns is not None:
            page.twin_mono_ns = heard.twin_mono_ns
            for _ in range(heard.twin_count):
                page.add(Count.TWIN_HEARD)
        if heard.stranger_mono_ns is not None:
            page.stranger_mono_ns = heard.stranger_mono_ns
        if heard.echo_mono_ns is not None:
            page.proof_mono_ns = heard.echo_mono_ns
        for place, sample in heard.readings:
            self._take(place, sample)
