"""The frozen core of a beat on the wire: 64 bytes of header, a body, 16 bytes of keyed hash.

Pure: bytes to values and back, after docs/heartbeat.md. Any bytes at all give a value or a Refusal;
nothing raises, and nothing of a datagram is believed before its hash is checked.
"""

from __future__ import annotations

import enum
import struct

# hashlib and hmac would bring OpenSSL along, 4 MB for the control process: these are their own.
from _blake2 import blake2s
from _operator import _compare_digest as compare_digest
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from edge.model.twin import Beat, Grade, Role, YieldReason
from edge.peer.plan import SITE_ID_BYTES

MAGIC: Final = b"DNBN"
MAJOR: Final = 1
MINOR: Final = 0
NONCE_BYTES: Final = 8
NO_NONCE: Final = bytes(NONCE_BYTES)
# Below every MTU that still occurs (IPv6's least is 1280), so that no datagram is ever cut in two.
DATAGRAM_BYTES_MAX: Final = 1200
# Path index of a datagram that says the same on every path.
ANY_PATH: Final = 255

_HEADER: Final = struct.Struct(">4sBBBB8s8s8sQQIIHBBBBH")
HEADER_BYTES: Final = _HEADER.size
MAC_BYTES: Final = 16
BODY_BYTES_MAX: Final = DATAGRAM_BYTES_MAX - HEADER_BYTES - MAC_BYTES
_SITE_AT: Final = 8
_PERSON: Final = b"denban-1"

# Positions are codes on the wire: append only.
_ROLES: Final = (
    Role.BOOT,
    Role.LISTEN,
    Role.STANDBY,
    Role.SUSPECT,
    Role.CLAIM,
    Role.ACTIVE,
    Role.YIELD,
    Role.MAINTENANCE,
)
_YIELD_REASONS: Final = (
    YieldReason.NONE,
    YieldReason.ORDER,
    YieldReason.STOP,
    YieldReason.HEALTH,
    YieldReason.MAINTENANCE,
)
_ROLE_CODES: Final = {role: code for code, role in enumerate(_ROLES)}
_YIELD_CODES: Final = {reason: code for code, reason in enumerate(_YIELD_REASONS)}
_GRADES: Final = {int(grade): grade for grade in Grade}


class Refusal(enum.StrEnum):
    """Why bytes that arrived are not a beat of the peer.

    TRUNCATED, OVERSIZED: by length. NOT_OURS: something else altogether. OTHER_SITE: another pair.
    WRONG_KEY: unknown key, or changed on its way. MALFORMED: authentic, but makes no sense.
    OTHER_UNIT: a third gateway. OWN_ECHO: what this process sent. OWN_UNIT: another machine speaks
    as this unit. SAME_UNIT: two speak as the peer. REPLAYED: seen before, or long overtaken.
    STALE_SESSION: of a process that a later one has replaced. UNPROVEN: does not echo this
    process's nonce.
    """

    TRUNCATED = "truncated"
    OVERSIZED = "oversized"
    NOT_OURS = "not_ours"
    OTHER_SITE = "other_site"
    WRONG_KEY = "wrong_key"
    MALFORMED = "malformed"
    OTHER_UNIT = "other_unit"
    OWN_ECHO = "own_echo"
    OWN_UNIT = "own_unit"
    SAME_UNIT = "same_unit"
    REPLAYED = "replayed"
    STALE_SESSION = "stale_session"
    UNPROVEN = "unproven"


class Envelope(Struct, frozen=True, gc=False):
    """What a datagram says of itself. `boot_nonce` is drawn at the start of the sender's process;
    `peer_nonce` is the receiver's as the sender last heard it. `sequence` rises with each beat.
    """

    unit: int
    path: int
    boot_nonce: bytes
    peer_nonce: bytes
    sequence: int


class Sealed(Struct, frozen=True):
    """An authentic datagram: `beat` has the core's fields only, `body` is not yet looked at."""

    envelope: Envelope
    key_id: int
    major: int
    minor: int
    beat: Beat
    body: bytes

    @property
    def is_compatible(self) -> bool:
        return self.major == MAJOR


class Seal:
    """The site's mark and its keys (id to 32 bytes): makes datagrams and opens them."""

    def __init__(self, site_id: bytes, keys: Mapping[int, bytes]) -> None:
        assert len(site_id) == SITE_ID_BYTES
        self._site_id = site_id
        self._hashes = {
            key_id: blake2s(key=key, digest_size=MAC_BYTES, person=_PERSON)
            for key_id, key in keys.items()
        }

    def close(self, beat: Beat, envelope: Envelope, body: bytes, key_id: int) -> bytes:
        """The datagram. `body` is at most BODY_BYTES_MAX long, `key_id` one of the seal's."""
        assert len(body) <= BODY_BYTES_MAX
        header = _HEADER.pack(
            MAGIC,
            MAJOR,
            MINOR,
            key_id,
            envelope.unit,
            self._site_id,
            envelope.boot_nonce,
            envelope.peer_nonce,
            envelope.sequence,
            beat.mono_ns,
            beat.epoch,
            beat.number & 0xFFFFFFFF,
            _flags(beat),
            _ROLE_CODES[beat.role],
            beat.grade,
            _YIELD_CODES[beat.yield_reason],
            envelope.path,
            len(body),
        )
        return header + body + self._mac(key_id, header, body)

    def open(self, datagram: bytes) -> Sealed | Refusal:
        """The core and the body's bytes, if the datagram is of this site and unchanged."""
        refusal = self._refuse(datagram)
        if refusal is not None:
            return refusal
        header, body = datagram[:HEADER_BYTES], datagram[HEADER_BYTES:-MAC_BYTES]
        key_id = header[6]
        if key_id not in self._hashes or not compare_digest(
            self._mac(key_id, header, body), datagram[-MAC_BYTES:]
        ):
            return Refusal.WRONG_KEY
        return _unpack(header, body)

    def _refuse(self, datagram: bytes) -> Refusal | None:
        """What can be told without the key; believed no further than to count it."""
        if datagram[:4] != MAGIC[: len(datagram)]:
            return Refusal.NOT_OURS
        if len(datagram) > DATAGRAM_BYTES_MAX:
            return Refusal.OVERSIZED
        if len(datagram) < HEADER_BYTES + MAC_BYTES:
            return Refusal.TRUNCATED
        body_bytes = int.from_bytes(datagram[HEADER_BYTES - 2 : HEADER_BYTES], "big")
        if len(datagram) != HEADER_BYTES + body_bytes + MAC_BYTES:
            short = len(datagram) < HEADER_BYTES + body_bytes + MAC_BYTES
            return Refusal.TRUNCATED if short else Refusal.OVERSIZED
        if datagram[_SITE_AT : _SITE_AT + SITE_ID_BYTES] != self._site_id:
            return Refusal.OTHER_SITE
        return None

    def _mac(self, key_id: int, header: bytes, body: bytes) -> bytes:
        keyed = self._hashes[key_id].copy()
        keyed.update(header)
        keyed.update(body)
        return keyed.digest()


def _flags(beat: Beat) -> int:
    return (
        beat.on_duty
        | beat.holds_bus << 1
        | beat.let_go << 2
        | beat.ready << 3
        | beat.farewell << 4
        | beat.wants_duty << 5
    )


def _unpack(header: bytes, body: bytes) -> Sealed | Refusal:
    (
        _magic,
        major,
        minor,
        key_id,
        unit,
        _site_id,
        boot_nonce,
        peer_nonce,
        sequence,
        mono_ns,
        epoch,
        number,
        flags,
        role,
        grade,
        yield_reason,
        path,
        _body_bytes,
    ) = _HEADER.unpack(header)
    if role >= len(_ROLES) or grade not in _GRADES or yield_reason >= len(_YIELD_REASONS):
        return Refusal.MALFORMED
    beat = Beat(
        _ROLES[role],
        epoch,
        _GRADES[grade],
        mono_ns,
        number,
        on_duty=bool(flags & 1),
        holds_bus=bool(flags & 2),
        let_go=bool(flags & 4),
        ready=bool(flags & 8),
        farewell=bool(flags & 16),
        wants_duty=bool(flags & 32),
        yield_reason=_YIELD_REASONS[yield_reason],
    )
    envelope = Envelope(unit, path, boot_nonce, peer_nonce, sequence)
    return Sealed(envelope, key_id, major, minor, beat, body)
