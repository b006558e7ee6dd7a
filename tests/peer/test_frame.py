"""A beat on the wire: what goes in comes out, and any other bytes are refused."""

from __future__ import annotations

import hashlib
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.model.twin import Beat, Grade, Role
from edge.peer.body import (
    Extras,
    Opened,
    decode_body,
    encode_beat,
    encode_bulk,
    encode_extras,
)
from edge.peer.frame import (
    BODY_BYTES_MAX,
    DATAGRAM_BYTES_MAX,
    HEADER_BYTES,
    MAC_BYTES,
    Envelope,
    Refusal,
    Seal,
    Sealed,
)
from tests.peer.beats import (
    BEAT,
    ENVELOPE,
    KEY,
    OTHER_KEY,
    OWN_NONCE,
    PEER_NONCE,
    SEAL,
    SITE,
    any_beats,
    any_envelopes,
    any_extras,
    link_plan,
)


def _body(beat: Beat, extras: Extras) -> bytes:
    return encode_beat(beat) + encode_extras(extras) + encode_bulk(extras)


def _datagram(beat: Beat = BEAT, extras: Extras = Extras()) -> bytes:  # noqa: B008 -- frozen
    return SEAL.close(beat, ENVELOPE, _body(beat, extras), 1)


def _resealed(datagram: bytes, change: dict[int, int]) -> bytes:
    """Authentic bytes that this version would not send."""
    changed = bytearray(datagram[:-MAC_BYTES])
    for at, value in change.items():
        changed[at] = value
    return (
        bytes(changed)
        + hashlib.blake2s(changed, digest_size=MAC_BYTES, key=KEY, person=b"denban-1").digest()
    )


def _opened(datagram: bytes) -> Opened:
    sealed = SEAL.open(datagram)
    assert isinstance(sealed, Sealed)
    opened = decode_body(sealed)
    assert opened is not None
    return opened


def test_core_has_the_frozen_layout_byte_by_byte() -> None:
    """docs/heartbeat.md: no later version may move any of it."""
    beat = Beat(Role.YIELD, 0x01020304, Grade.IMPAIRED, 0x1112131415161718, 0x2122, ready=True)
    datagram = SEAL.close(beat, Envelope(1, 2, PEER_NONCE, OWN_NONCE, 0x31), b"", 1)
    assert datagram[:HEADER_BYTES] == (
        b"DNBN\x01\x00\x01\x01"
        + SITE.site_id
        + b"peerboot"
        + b"own-boot"
        + bytes.fromhex("0000000000000031 1112131415161718 01020304 00002122 0008 06 02 00 02 0000")
    )
    mac = hashlib.blake2s(datagram[:64], digest_size=16, key=KEY, person=b"denban-1").digest()
    assert datagram[64:] == mac


@given(any_beats, any_extras, any_envelopes)
def test_beat_that_is_sent_arrives_as_it_was(
    beat: Beat, extras: Extras, envelope: Envelope
) -> None:
    datagram = SEAL.close(beat, envelope, _body(beat, extras), 1)
    assert len(datagram) <= DATAGRAM_BYTES_MAX
    sealed = SEAL.open(datagram)
    assert isinstance(sealed, Sealed)
    assert (sealed.envelope, sealed.key_id, sealed.is_compatible) == (envelope, 1, True)
    assert decode_body(sealed) == Opened(beat, extras)


@given(st.binary(max_size=DATAGRAM_BYTES_MAX + 50))
def test_any_bytes_are_refused(data: bytes) -> None:
    assert isinstance(SEAL.open(data), Refusal)


@given(st.binary(max_size=BODY_BYTES_MAX))
def test_any_authentic_body_is_a_value_or_nothing(body: bytes) -> None:
    sealed = SEAL.open(SEAL.close(BEAT, ENVELOPE, body, 1))
    assert isinstance(sealed, Sealed)
    opened = decode_body(sealed)
    assert opened is None or isinstance(opened, Opened)


@given(
    st.dictionaries(st.integers(4, HEADER_BYTES - 3), st.integers(0, 255), max_size=8),
)
def test_any_authentic_core_is_a_value_or_a_refusal(change: dict[int, int]) -> None:
    sealed = SEAL.open(_resealed(_datagram(), change))
    assert isinstance(sealed, Sealed | Refusal)
    if isinstance(sealed, Sealed):
        decode_body(sealed)


def test_every_single_changed_bit_is_refused() -> None:
    datagram = _datagram()
    for bit in range(8 * len(datagram)):
        changed = bytearray(datagram)
        changed[bit // 8] ^= 1 << bit % 8
        assert isinstance(SEAL.open(bytes(changed)), Refusal), bit


def test_every_piece_cut_off_or_put_on_is_refused() -> None:
    datagram = _datagram()
    for length in range(len(datagram)):
        assert SEAL.open(datagram[:length]) is Refusal.TRUNCATED
    assert SEAL.open(datagram + b"\0") is Refusal.OVERSIZED
    assert SEAL.open(datagram + bytes(DATAGRAM_BYTES_MAX)) is Refusal.OVERSIZED


def test_mutated_datagrams_are_refused() -> None:
    rng = random.Random(20)
    datagram = _datagram()
    for _ in range(2000):
        changed = bytearray(datagram)
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(changed))
            match rng.randrange(3):
                case 0:
                    changed[at] = rng.randrange(256)
                case 1:
                    del changed[at : at + rng.randrange(1, 20)]
                case _:
                    changed[at:at] = rng.randbytes(rng.randrange(1, 20))
        assert bytes(changed) == datagram or isinstance(SEAL.open(bytes(changed)), Refusal)


@pytest.mark.parametrize(
    ("datagram", "refusal"),
    [
        (b"", Refusal.TRUNCATED),
        (b"DN", Refusal.TRUNCATED),
        (b"GET / HTTP/1.1\r\n" + bytes(100), Refusal.NOT_OURS),
        (Seal(link_plan("EG-KITA", site="Wire mill").site_id, {1: KEY}), Refusal.OTHER_SITE),
        (Seal(SITE.site_id, {1: OTHER_KEY}), Refusal.WRONG_KEY),
        (Seal(SITE.site_id, {1: KEY, 2: KEY}), Refusal.WRONG_KEY),
    ],
    ids=["empty", "short", "foreign", "other site", "wrong key", "unknown key id"],
)
def test_datagram_that_is_not_the_sites_is_refused(
    datagram: bytes | Seal, refusal: Refusal
) -> None:
    if isinstance(datagram, Seal):
        key_id = max(datagram._hashes)
        datagram = datagram.close(BEAT, ENVELOPE, encode_beat(BEAT), key_id)
    assert SEAL.open(datagram) is refusal


@pytest.mark.parametrize("at", [58, 59, 60], ids=["role", "grade", "yield reason"])
def test_core_with_an_unknown_code_is_malformed(at: int) -> None:
    assert SEAL.open(_resealed(_datagram(), {at: 9})) is Refusal.MALFORMED


def test_beat_of_a_later_major_version_gives_its_core_only() -> None:
    sealed = SEAL.open(_resealed(_datagram(), {4: 2, HEADER_BYTES: 0xEE}))
    assert isinstance(sealed, Sealed)
    assert not sealed.is_compatible
    core = Beat(BEAT.role, BEAT.epoch, BEAT.grade, BEAT.mono_ns, BEAT.number, True, True)
    assert decode_body(sealed) == Opened(core, Extras())


def test_beat_of_a_later_minor_version_is_understood_without_what_is_new() -> None:
    body = struct.pack(">BH", 200, 5) + b"novel" + encode_beat(BEAT)
    assert _opened(_resealed(SEAL.close(BEAT, ENVELOPE, body, 1), {5: 9})).beat == BEAT


@pytest.mark.parametrize(
    "body",
    [
        encode_beat(BEAT) + encode_beat(BEAT),
        b"\x01",
        b"\x01\x00\x11" + bytes(16),
        b"\x01\x00\x0f" + bytes(15),
        b"\xc8\xff\xff",
        b"\x05\x00\x00",
        b"\x05\x00\x03\x01\xff\xfe",
        b"\x05\x00\x63" + bytes(0x63),
        b"\x06\x00\x00",
        b"\x06\x00\x05" + bytes(5),
        b"\x06\x02\x00" + bytes(0x200),
        b"\x08\x00\x11" + bytes(17),
        b"\x0a\x00\x03" + bytes(3),
        b"\x0a\x00\x15" + bytes(21),
    ],
    ids=[
        "fields twice",
        "half a head",
        "past the end",
        "digests too short",
        "length past the end",
        "decision empty",
        "words not UTF-8",
        "words too long",
        "no relay",
        "relay cut",
        "too many relays",
        "too many keys",
        "piece cut",
        "piece that can not be",
    ],
)
def test_body_that_makes_no_sense_is_refused(body: bytes) -> None:
    sealed = SEAL.open(SEAL.close(BEAT, ENVELOPE, body, 1))
    assert isinstance(sealed, Sealed)
    assert decode_body(sealed) is None


def test_reason_that_is_too_long_is_cut_between_two_characters() -> None:
    beat = Beat(Role.ACTIVE, 1, Grade.FIT, 0, 0, why="電力" * 40)
    assert _opened(_datagram(beat)).beat.why == "電力" * 16


def test_relay_ages_are_told_in_tenths_of_a_second_and_never_too_old() -> None:
    relays = tuple(type(BEAT.relays[0])(True, age_ns) for age_ns in (0, 99_999_999, 250_000_000))
    beat = Beat(Role.ACTIVE, 1, Grade.FIT, 0, 0, relays=relays)
    ages = [relay.age_ns for relay in _opened(_datagram(beat)).beat.relays]
    assert ages == [0, 0, 200_000_000]


def test_more_relays_than_a_beat_carries_are_not_told_at_all() -> None:
    beat = Beat(Role.ACTIVE, 1, Grade.FIT, 0, 0, relays=BEAT.relays * 33)
    assert _opened(_datagram(beat)).beat.relays == ()


def test_site_id_tells_sites_and_pairs_apart() -> None:
    other = link_plan("EG-KITA", site="Rolling millE")
    assert len(SITE.site_id) == 8
    assert SITE.site_id == link_plan("EG-MINAMI").site_id
    assert SITE.site_id != other.site_id
