"""Which authentic datagrams are the peer's, of its present process, and new. Pure.

Needs no clock against replay: each process draws a nonce, a beat is believed only if it echoes the
receiver's nonce, and the sequence within a session only rises.
"""

from __future__ import annotations

import enum
from collections import deque
from typing import Final

from edge.model.units import NS_PER_S
from edge.peer.frame import NO_NONCE, Envelope, Refusal

# One for the beat, and the next for the farewell that is laid ready beside it.
SEQUENCES_A_BEAT: Final = 2
# A slower path may be this far behind the faster one and still counts as alive.
_BEHIND_MAX: Final = 16 * SEQUENCES_A_BEAT
# Restarts of the peer within the life of this process whose datagrams are known again.
_RETIRED_MAX: Final = 1024
# Nonces heard on one path, not proven yet, that are echoed in turn.
_CANDIDATES_MAX: Final = 4
# When two machines speak as the peer and one falls silent for so long, the other is heard again.
_GIVEN_UP_NS: Final = 10 * NS_PER_S


class Verdict(enum.Enum):
    """BEAT: believe it. ALIVE: the same or an older beat on a further path, which is alive."""

    BEAT = enum.auto()
    ALIVE = enum.auto()


class Session:
    """The pair of this process and the peer's. `count` rises when the peer's process changes."""

    def __init__(self, own_unit: int, peer_unit: int, boot_nonce: bytes) -> None:
        assert boot_nonce != NO_NONCE
        self.count = 0
        self.peer_nonce: bytes | None = None
        self._own_unit = own_unit
        self._peer_unit = peer_unit
        self._boot_nonce = boot_nonce
        self._sequence = 0
        self._newest = 0
        self._newest_on: dict[int, int] = {}
        self._heard_mono_ns = 0
        self._retired: dict[bytes, int] = {}
        self._candidates: dict[int, deque[bytes]] = {}

    def next_sequence(self) -> int:
        """For the next beat; the one after it is free for its farewell."""
        self._sequence += SEQUENCES_A_BEAT
        return self._sequence

    def envelope(self, path: int, sequence: int) -> Envelope:
        """Of a datagram to send on `path` (its index). Where no peer is proven yet, what was heard
        on that path is echoed: who drew it recognises it.
        """
        return Envelope(self._own_unit, path, self._boot_nonce, self._echo(path), sequence)

    def judge(self, envelope: Envelope, path: int, now_mono_ns: int) -> Verdict | Refusal:
        """`path` is the index of the one on which the datagram arrived."""
        if envelope.unit == self._own_unit:
            is_echo = envelope.boot_nonce == self._boot_nonce
            return Refusal.OWN_ECHO if is_echo else Refusal.OWN_UNIT
        if envelope.unit != self._peer_unit:
            return Refusal.OTHER_UNIT
        nonce = envelope.boot_nonce
        if nonce == NO_NONCE:
            return Refusal.MALFORMED
        if envelope.peer_nonce != self._boot_nonce:
            return self._note_unproven(nonce, path)
        if nonce in self._retired and not self._returns(envelope, now_mono_ns):
            return self._refuse_retired(envelope)
        if nonce != self.peer_nonce:
            self._begin(nonce)
        return self._admit(envelope.sequence, path, now_mono_ns)

    def _echo(self, path: int) -> bytes:
        if self.peer_nonce is not None:
            return self.peer_nonce
        heard = self._candidates.get(path)
        if not heard:
            return NO_NONCE
        heard.rotate()
        return heard[0]

    def _note_unproven(self, nonce: bytes, path: int) -> Refusal:
        if nonce in self._retired:
            return Refusal.STALE_SESSION
        if self.peer_nonce is None:
            heard = self._candidates.setdefault(path, deque(maxlen=_CANDIDATES_MAX))
            if nonce not in heard:
                heard.append(nonce)
        return Refusal.UNPROVEN

    def _returns(self, envelope: Envelope, now_mono_ns: int) -> bool:
        is_new = envelope.sequence > self._retired[envelope.boot_nonce] + SEQUENCES_A_BEAT
        return is_new and now_mono_ns - self._heard_mono_ns >= _GIVEN_UP_NS

    def _refuse_retired(self, envelope: Envelope) -> Refusal:
        """Nobody can replay what was never sent: a sequence that goes on rising is a live second
        machine (or, once or twice, the last words of the one before).
        """
        if envelope.sequence <= self._retired[envelope.boot_nonce]:
            return Refusal.STALE_SESSION
        self._retired[envelope.boot_nonce] = envelope.sequence
        return Refusal.SAME_UNIT

    def _begin(self, nonce: bytes) -> None:
        if self.peer_nonce is not None:
            self._retired[self.peer_nonce] = self._newest
        while len(self._retired) > _RETIRED_MAX:
            del self._retired[next(iter(self._retired))]
        self._newest = self._retired.pop(nonce, 0)
        self._newest_on.clear()
        self._candidates.clear()
        self.peer_nonce = nonce
        self.count += 1

    def _admit(self, sequence: int, path: int, now_mono_ns: int) -> Verdict | Refusal:
        is_repeated = sequence <= self._newest_on.get(path, 0)
        if is_repeated or sequence <= self._newest - _BEHIND_MAX:
            return Refusal.REPLAYED
        self._newest_on[path] = sequence
        if sequence <= self._newest:
            return Verdict.ALIVE
        self._newest = sequence
        self._heard_mono_ns = now_mono_ns
        return Verdict.BEAT
