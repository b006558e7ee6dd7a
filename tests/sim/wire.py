"""The real bytes of edge.peer between the units: frames, keys, sessions, clock offset.

Without sockets, which the tests of edge.peer and the process bench have.
"""

from __future__ import annotations

from typing import Final

from edge.model.twin import Beat, PeerBeat
from edge.peer.body import Extras, decode_body, encode_beat, encode_extras
from edge.peer.frame import Refusal, Seal
from edge.peer.offset import ClockOffset
from edge.peer.session import Session, Verdict
from tests.sim.path import Datagram

_SITE: Final = b"rolling "
_KEYS: Final = {1: bytes(range(32))}


class ByteWire:
    """One process's end, as edge.peer.link has it."""

    def __init__(self, unit: int, nonce: int) -> None:
        self.nonce = nonce
        self._seal = Seal(_SITE, _KEYS)
        self._session = Session(unit, 1 - unit, nonce.to_bytes(8, "big"))
        self._offset = ClockOffset()
        self._sessions = 0
        self._said: tuple[int, int] = (-1, 0)
        self._body = b""

    def encode(self, beat: Beat, path: int, sequence: int) -> Datagram:
        """The same sequence on each path, as one beat goes out on all."""
        if self._said[0] != sequence:
            self._said = (sequence, self._session.next_sequence())
            self._body = encode_beat(beat) + encode_extras(Extras(key_ids=tuple(_KEYS)))
        envelope = self._session.envelope(path, self._said[1])
        raw = self._seal.close(beat, envelope, self._body, 1)
        return Datagram(beat, self.nonce, 0, self._said[1], raw=raw, path=path)

    def accept(self, datagram: object, arrived_mono_ns: int) -> tuple[bool, PeerBeat | None]:
        assert isinstance(datagram, Datagram)
        sealed = self._seal.open(datagram.raw)
        if isinstance(sealed, Refusal):
            return False, None
        verdict = self._session.judge(sealed.envelope, datagram.path, arrived_mono_ns)
        if isinstance(verdict, Refusal):
            return False, None
        if self._session.count != self._sessions:
            self._sessions = self._session.count
            self._offset = ClockOffset()
        if verdict is Verdict.ALIVE:
            return True, None
        opened = decode_body(sealed)
        if opened is None:
            return True, None
        heard_ns = self._offset.credible_mono_ns(sealed.beat.mono_ns, arrived_mono_ns)
        offset_ns = self._offset.note(opened.beat.mono_ns, arrived_mono_ns)
        return True, PeerBeat(opened.beat, heard_ns, offset_ns, sealed.is_compatible)
