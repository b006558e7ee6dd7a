"""What the silence of a line says about who is to blame. Pure; time is an argument.

"No valid reply from any unit" accuses the adapter only where neither an echo nor the twin shows
that the adapter, or nobody, is able to get an answer. One silent meter among others is no case.
"""

from __future__ import annotations

from typing import Final

from edge.model.healing import LineFacts, PairFacts, Signature
from edge.model.scan import BusCondition
from edge.model.units import NS_PER_S

# The keep-alive puts a query of the twin on each line five times a second.
DEAF_NS: Final = 5 * NS_PER_S
# A holder without proof gives the bus up after 1 s, so one that has held it for longer has proof.
PEER_STEADY_NS: Final = 3 * NS_PER_S
# Younger than this an echo belongs to the polls that fail now.
ECHO_NS: Final = 5 * NS_PER_S
# Only ports of these folders are USB adapters whose place is known.
STEADY_FOLDERS: Final = ("/dev/serial/by-path/", "/dev/serial/by-id/")


def can_be_healed(port: str) -> bool:
    """Whether more than opening it anew can be done for a port of this name."""
    return port.startswith(STEADY_FOLDERS)


class PeerView:
    """What the twin's use of the bus shows, over time."""

    def __init__(self) -> None:
        self._held_since_mono_ns: int | None = None

    def step(self, pair: PairFacts | None, now_mono_ns: int) -> None:
        holds = pair is not None and pair.peer_heard and pair.peer_holds_bus
        if not holds:
            self._held_since_mono_ns = None
        elif self._held_since_mono_ns is None:
            self._held_since_mono_ns = now_mono_ns

    def works(self, now_mono_ns: int) -> bool:
        """The twin has proof from the bus: the line and its meters are alive."""
        since_mono_ns = self._held_since_mono_ns
        return since_mono_ns is not None and now_mono_ns - since_mono_ns >= PEER_STEADY_NS


def judge(
    facts: LineFacts, *, is_there: bool, pair: PairFacts | None, view: PeerView, now_mono_ns: int
) -> Signature:
    """Of a serial line. `is_there`: its device has its name in /dev."""
    if facts.condition is BusCondition.PORT_LOST:
        return Signature.SILENT if is_there else Signature.GONE
    if facts.condition is BusCondition.WORKER_LOST:
        return Signature.SILENT  # it hangs in the driver: others are replaced within seconds
    if not _is_silent(facts, pair, view, now_mono_ns):
        return Signature.WORKS
    if _has_echo(facts, now_mono_ns) or _is_dead_for_both(pair):
        return Signature.LINE
    return Signature.SILENT


def _is_silent(facts: LineFacts, pair: PairFacts | None, view: PeerView, now_mono_ns: int) -> bool:
    if facts.condition is BusCondition.NO_METER_ANSWERS:
        return True
    if pair is None:
        return False
    if pair.bus_lost:
        return True
    heard_mono_ns = max(facts.twin_mono_ns, facts.replied_mono_ns)
    is_deaf = now_mono_ns - heard_mono_ns > DEAF_NS
    return not pair.on_duty and view.works(now_mono_ns) and is_deaf


def _has_echo(facts: LineFacts, now_mono_ns: int) -> bool:
    """Own queries come back: the adapter carries both ways, and only the meters are not heard."""
    proof_mono_ns = facts.proof_mono_ns
    return facts.leased and proof_mono_ns > 0 and now_mono_ns - proof_mono_ns <= ECHO_NS


def _is_dead_for_both(pair: PairFacts | None) -> bool:
    return pair is not None and pair.peer_heard and pair.peer_impaired and not pair.peer_holds_bus
