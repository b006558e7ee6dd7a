"""Fields of a beat that run out of room in a gateway's life: they wrap or stay at their most."""

from __future__ import annotations

from msgspec.structs import replace

from edge.model.twin import RelayState
from edge.model.units import NS_PER_HOUR
from edge.peer.body import Extras, decode_body, encode_beat, encode_extras
from edge.peer.frame import Sealed
from tests.peer.beats import BEAT, ENVELOPE, SEAL

_YEAR_NS = 8_766 * NS_PER_HOUR
_AGE_NS_MAX = (2**31 - 1) * 100_000_000  # 6.8 years


def test_beat_after_more_beats_than_its_number_counts_says_the_rest() -> None:
    """Ten a second fill 32 bits in 13.6 years of one process; nobody decides by the number."""
    for number, said in ((2**32 - 1, 2**32 - 1), (2**32, 0), (2**32 + 5, 5)):
        sealed = SEAL.open(SEAL.close(replace(BEAT, number=number), ENVELOPE, b"", 1))
        assert isinstance(sealed, Sealed)
        assert sealed.beat.number == said


def test_beat_of_a_relay_that_has_not_moved_for_twenty_years_says_the_longest_age() -> None:
    relays = (
        RelayState(shed=True, age_ns=20 * _YEAR_NS),
        RelayState(shed=False, age_ns=20 * _YEAR_NS),
    )
    body = encode_beat(replace(BEAT, relays=relays)) + encode_extras(Extras())
    sealed = SEAL.open(SEAL.close(BEAT, ENVELOPE, body, 1))
    assert isinstance(sealed, Sealed)
    opened = decode_body(sealed)
    assert opened is not None
    assert opened.beat.relays == (
        RelayState(shed=True, age_ns=_AGE_NS_MAX),
        RelayState(shed=False, age_ns=_AGE_NS_MAX),
    )


def test_beat_at_the_ages_of_twenty_years_comes_back_as_it_was() -> None:
    """Ten beats a second on two paths; the clock since the boot; the sequence counts by twos."""
    beats = 20 * 365 * 86_400 * 10
    old = replace(
        BEAT, mono_ns=20 * _YEAR_NS, sent_count=2 * beats, heard_count=2 * beats, number=1
    )
    envelope = replace(ENVELOPE, sequence=2 * beats)
    body = encode_beat(old) + encode_extras(Extras())
    sealed = SEAL.open(SEAL.close(old, envelope, body, 1))
    assert isinstance(sealed, Sealed)
    opened = decode_body(sealed)
    assert opened is not None
    assert (opened.beat, sealed.envelope) == (old, envelope)
