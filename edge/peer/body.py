"""The part of a beat behind the core: type-length-value fields, each at most once.

Pure. A receiver skips the types that it does not know, so that a later minor version may add some;
a known type never changes its form. See docs/heartbeat.md.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from edge.model.twin import Account, Beat, RelayState
from edge.model.units import NS_PER_MS
from edge.peer.fragments import CHUNK_BYTES, Fragment
from edge.peer.frame import BODY_BYTES_MAX, Sealed

# Relays of a beat; with more (no site comes near) none are told, and the mirror does not follow.
RELAYS_MAX: Final = 64
KEY_IDS_MAX: Final = 16
WHY_BYTES_MAX: Final = 96
# Long enough to walk to the cabinet.
IDENTIFY_S_MAX: Final = 600

_FIELD: Final = struct.Struct(">BH")
_DIGESTS: Final = struct.Struct(">8s8s")
_VERSION: Final = struct.Struct(">HHH")
_COUNTS: Final = struct.Struct(">QQ")
_ACCOUNT: Final = struct.Struct(">qq")
_SENT_AFTER: Final = struct.Struct(">I")
_ACK: Final = struct.Struct(">I")
_PIECE: Final = struct.Struct(">IHHIQ")
_IDENTIFY: Final = struct.Struct(">H")
_AGE_NS: Final = 100 * NS_PER_MS
_AGE_MAX: Final = 2**31 - 1
_U16_MAX: Final = 2**16 - 1
_U32_MAX: Final = 2**32 - 1

_Found = dict[int, bytes]


class Extras(Struct, frozen=True):
    """What the link itself says in a beat. `sent_after_ns`: from the beat's instant until it was
    signed. `identify_s`: the receiver is asked to blink its LED for so long, 0: it is not.
    `key_ids`: the keys that the sender accepts. `order_ack`: the number of the newest order
    that has arrived here.
    """

    sent_after_ns: int = 0
    key_ids: tuple[int, ...] = ()
    order_ack: int = 0
    identify_s: int = 0
    state: Fragment | None = None
    order: Fragment | None = None


class Opened(Struct, frozen=True):
    """A whole beat as it was received."""

    beat: Beat
    extras: Extras


def encode_beat(beat: Beat) -> bytes:
    """The beat's own fields, without the core's."""
    why = beat.why.encode("utf-8", "replace")[:WHY_BYTES_MAX].decode("utf-8", "ignore").encode()
    fields = [
        _field(1, _DIGESTS.pack(beat.site_digest, beat.plan_digest)),
        _field(2, _VERSION.pack(*(min(part, _U16_MAX) for part in beat.version))),
        _field(3, _COUNTS.pack(beat.sent_count, beat.heard_count)),
        _field(4, _ACCOUNT.pack(beat.account.start_utc_ns, beat.account.import_uwh)),
        _field(5, bytes((beat.stage,)) + why),
    ]
    if 0 < len(beat.relays) <= RELAYS_MAX:
        told = [_relay_code(relay) for relay in beat.relays]
        fields.append(_field(6, struct.pack(f">{len(told)}I", *told)))
    return b"".join(fields)


def encode_extras(extras: Extras) -> bytes:
    """The link's fields but for the pieces of bulk."""
    fields = [
        _field(7, _SENT_AFTER.pack(min(max(extras.sent_after_ns, 0), _U32_MAX))),
        _field(8, bytes(extras.key_ids[:KEY_IDS_MAX])),
        _field(9, _ACK.pack(extras.order_ack)),
    ]
    if extras.identify_s > 0:
        fields.append(_field(12, _IDENTIFY.pack(min(extras.identify_s, IDENTIFY_S_MAX))))
    return b"".join(fields)


def encode_bulk(extras: Extras) -> bytes:
    """The pieces of bulk; at most one of the two fits into a beat."""
    pieces = ((10, extras.state), (11, extras.order))
    return b"".join(_field(kind, _piece(piece)) for kind, piece in pieces if piece is not None)


def decode_body(sealed: Sealed) -> Opened | None:
    """The whole beat; None if its fields make no sense. Of another major version only the core."""
    if not sealed.is_compatible:
        return Opened(sealed.beat, Extras())
    found = _fields(sealed.body)
    if found is None:
        return None
    try:
        beat_values = _decode(found, _BEAT_FIELDS)
        extras = Extras(**_decode(found, _EXTRA_FIELDS))
    except (struct.error, UnicodeDecodeError, ValueError):
        return None
    return Opened(replace(sealed.beat, **beat_values), extras)


def _field(kind: int, value: bytes) -> bytes:
    return _FIELD.pack(kind, len(value)) + value


def _fields(body: bytes) -> _Found | None:
    """Values by type. None: a type twice, or a length past the end."""
    found: _Found = {}
    at = 0
    while at < len(body):
        if at + _FIELD.size > len(body):
            return None
        kind, length = _FIELD.unpack_from(body, at)
        at += _FIELD.size
        if kind in found or at + length > len(body):
            return None
        found[kind] = body[at : at + length]
        at += length
    return found


def _decode(
    found: _Found, decoders: Mapping[int, Callable[[bytes], dict[str, Any]]]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for kind, decode in decoders.items():
        if kind in found:
            values.update(decode(found[kind]))
    return values


def _digests(value: bytes) -> dict[str, Any]:
    site_digest, plan_digest = _DIGESTS.unpack(value)
    return {"site_digest": site_digest, "plan_digest": plan_digest}


def _version(value: bytes) -> dict[str, Any]:
    return {"version": _VERSION.unpack(value)}


def _counts(value: bytes) -> dict[str, Any]:
    sent_count, heard_count = _COUNTS.unpack(value)
    return {"sent_count": sent_count, "heard_count": heard_count}


def _account(value: bytes) -> dict[str, Any]:
    return {"account": Account(*_ACCOUNT.unpack(value))}


def _decision(value: bytes) -> dict[str, Any]:
    if not 0 < len(value) <= 1 + WHY_BYTES_MAX:
        raise ValueError
    return {"stage": value[0], "why": value[1:].decode("utf-8")}


def _relays(value: bytes) -> dict[str, Any]:
    count, rest = divmod(len(value), 4)
    if rest or not 0 < count <= RELAYS_MAX:
        raise ValueError
    codes = struct.unpack(f">{count}I", value)
    relays = tuple(RelayState(bool(code >> 31), (code & _AGE_MAX) * _AGE_NS) for code in codes)
    return {"relays": relays}


def _relay_code(relay: RelayState) -> int:
    age = min(max(relay.age_ns, 0) // _AGE_NS, _AGE_MAX)
    return age | relay.shed << 31


def _sent_after(value: bytes) -> dict[str, Any]:
    return {"sent_after_ns": _SENT_AFTER.unpack(value)[0]}


def _key_ids(value: bytes) -> dict[str, Any]:
    if len(value) > KEY_IDS_MAX:
        raise ValueError
    return {"key_ids": tuple(value)}


def _order_ack(value: bytes) -> dict[str, Any]:
    return {"order_ack": _ACK.unpack(value)[0]}


def _identify(value: bytes) -> dict[str, Any]:
    return {"identify_s": min(_IDENTIFY.unpack(value)[0], IDENTIFY_S_MAX)}


def _piece(piece: Fragment) -> bytes:
    head = (piece.number, piece.index, piece.count, piece.crc, piece.mono_ns)
    return _PIECE.pack(*head) + piece.chunk


def _fragment(value: bytes) -> Fragment:
    number, index, count, crc, mono_ns = _PIECE.unpack(value[: _PIECE.size])
    piece = Fragment(number, index, count, crc, mono_ns, value[_PIECE.size :])
    if not piece.is_sound:
        raise ValueError
    return piece


def _state(value: bytes) -> dict[str, Any]:
    return {"state": _fragment(value)}


def _order(value: bytes) -> dict[str, Any]:
    return {"order": _fragment(value)}


# Types are codes on the wire: append only.
_BEAT_FIELDS: Final = {
    1: _digests,
    2: _version,
    3: _counts,
    4: _account,
    5: _decision,
    6: _relays,
}
_EXTRA_FIELDS: Final = {
    7: _sent_after,
    8: _key_ids,
    9: _order_ack,
    10: _state,
    11: _order,
    12: _identify,
}

_WORST_BYTES: Final = (
    sum(_FIELD.size for _ in (*_BEAT_FIELDS, 7, 8, 9, 10, 12))
    + sum(part.size for part in (_DIGESTS, _VERSION, _COUNTS, _ACCOUNT, _SENT_AFTER, _ACK, _PIECE))
    + _IDENTIFY.size
    + (1 + WHY_BYTES_MAX)
    + 4 * RELAYS_MAX
    + KEY_IDS_MAX
    + CHUNK_BYTES
)
assert _WORST_BYTES <= BODY_BYTES_MAX, "the fullest beat with one piece of bulk fits"
