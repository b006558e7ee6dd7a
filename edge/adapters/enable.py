"""The enable lines between two gateways: a one-shot that each complete scan retriggers, and the
peer's, read back.

Hardware keeps the line up for 300 ms after the last edge (docs/twin.md); this only makes the edges.
Whether a scan deserves one is decided elsewhere.
"""

from __future__ import annotations

from edge.adapters.contacts import Contact, OpenInput
from edge.adapters.output_pin import OpenOutput, OutputPin
from edge.config.io import Bias
from edge.model.problem import Problem


class EnableLines:
    """`enable_pin` drives this unit's one-shot, `peer_enable_pin` reads the peer's output."""

    def __init__(
        self,
        enable_pin: int,
        peer_enable_pin: int,
        open_output: OpenOutput,
        open_input: OpenInput,
    ) -> None:
        self._output = OutputPin(
            "twin enable",
            enable_pin,
            open_output,
            active_high=True,
            value=False,
            keep_driven=False,
        )
        # A wire that is cut reads as a peer that does not scan; the bus still has its say.
        self._peer = Contact(
            "twin peer_enable",
            peer_enable_pin,
            Bias.PULL_DOWN,
            open_input,
            what="the peer's enable line cannot be read",
            effect="a takeover waits for the silence of the bus; the line is tried again by itself",
        )
        self.peer_scans(0)

    def peer_scans(self, now_mono_ns: int) -> bool | None:
        """The peer's line; None while it cannot be read, which is tried again each second."""
        return self._peer.level(now_mono_ns)

    def rearm(self, now_mono_ns: int) -> None:
        """At a scan's begin: the line goes down, so that its end can make an edge."""
        self._output.write(False, now_mono_ns)

    def trigger(self, now_mono_ns: int) -> None:
        """At a scan's end: the edge that keeps this unit's drivers enabled."""
        self._output.write(True, now_mono_ns)
        self._output.verify(now_mono_ns)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What stands in the way of the two lines."""
        found = (self._output.problem, self._peer.problem)
        return tuple(problem for problem in found if problem is not None)
