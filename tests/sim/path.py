"""The link between the units: several paths, each direction with its own faults, and sessions.

A datagram is a value here; with `wire.py` it has the real bytes of edge.peer. What it needs
against replay (boot nonces, rising sequence) is the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct

from edge.model.twin import Beat, PeerBeat
from edge.model.units import NS_PER_MS

# A store of old datagrams that an attacker has recorded.
TAPE_MAX: Final = 400


class Datagram(Struct, frozen=True):
    """`forged`: wrong check sum. `echo`: the receiver's nonce as the sender knows it. `raw`: its
    bytes, where the run has them; then nothing else of it is believed.
    """

    beat: Beat
    nonce: int
    echo: int
    sequence: int
    forged: bool = False
    raw: bytes = b""
    path: int = 0


class Wire(Protocol):
    """One run of a control process on the link; `nonce` rises from run to run."""

    nonce: int

    def encode(self, beat: Beat, path: int, sequence: int) -> object: ...

    def accept(self, datagram: object, arrived_mono_ns: int) -> tuple[bool, PeerBeat | None]: ...


class ModelWire:
    """Sessions without bytes: what edge.peer.session promises."""

    def __init__(
        self, nonce: int, is_compatible: Callable[[], bool], *, believes_replays: bool = False
    ) -> None:
        self.nonce = nonce
        self._believes_replays = believes_replays
        self.is_compatible = is_compatible
        self._peer = 0
        self._retired: set[int] = set()
        self._newest = -1
        self._offset_ns: int | None = None

    def encode(self, beat: Beat, path: int, sequence: int) -> Datagram:  # noqa: ARG002
        return Datagram(beat, self.nonce, self._peer, sequence)

    def accept(self, datagram: object, arrived_mono_ns: int) -> tuple[bool, PeerBeat | None]:
        """Whether it proves the path alive, and the beat if it is new."""
        assert isinstance(datagram, Datagram)
        if datagram.forged or datagram.nonce in self._retired:
            return False, None
        if datagram.echo != self.nonce:
            # A peer that has restarted, or an old datagram: answered, not believed.
            if datagram.nonce > self._peer:
                self._meet(datagram.nonce)
            return False, None
        if datagram.nonce != self._peer:
            self._meet(datagram.nonce)
        if datagram.sequence <= self._newest and not self._believes_replays:
            return datagram.sequence == self._newest, None
        self._newest = datagram.sequence
        beat = datagram.beat
        offset_ns = arrived_mono_ns - beat.mono_ns
        if self._offset_ns is None or offset_ns < self._offset_ns:
            self._offset_ns = offset_ns
        return True, PeerBeat(beat, arrived_mono_ns, self._offset_ns, self.is_compatible())

    def _meet(self, nonce: int) -> None:
        if self._peer:
            self._retired.add(self._peer)
        self._peer, self._newest, self._offset_ns = nonce, -1, None


class Path:
    """One way of one path. Loss, delay and their like are set by faults."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.cuts = 0
        self.loss = 0.0
        self.duplicate = 0.0
        self.reorder_s = 0.0
        self.delay_s = 0.0
        self.tape: list[object] = []

    @property
    def works(self) -> bool:
        return self.cuts == 0

    def arrivals(self, datagram: object, now_ns: int) -> list[int]:
        """When copies of it reach the other end."""
        if len(self.tape) < TAPE_MAX and self._rng.random() < 0.02:
            self.tape.append(datagram)
        if self.cuts:
            return []
        if self.loss and self._rng.random() < self.loss:
            return []
        base = now_ns + int((0.3 + self._rng.random()) * NS_PER_MS)
        if self.delay_s or self.reorder_s:
            base += int((self.delay_s + self._rng.random() * self.reorder_s) * 1e9)
        if self.duplicate and self._rng.random() < self.duplicate:
            return [base, base + int(self._rng.random() * 50 * NS_PER_MS)]
        return [base]
