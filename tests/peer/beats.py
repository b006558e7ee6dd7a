"""Beats, keys and envelopes as the tests of the link use them."""

from __future__ import annotations

from hypothesis import strategies as st

from edge.config.io import PathPlan
from edge.model.twin import Account, Beat, Grade, RelayState, Role, YieldReason
from edge.peer.body import IDENTIFY_S_MAX, RELAYS_MAX, WHY_BYTES_MAX, Extras
from edge.peer.fragments import CHUNK_BYTES, Fragment
from edge.peer.frame import Envelope, Seal
from edge.peer.plan import LinkPlan

UNITS = ("EG-KITA", "EG-MINAMI")
KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
OWN_NONCE = b"own-boot"
PEER_NONCE = b"peerboot"
SITE = LinkPlan("Rolling mill", UNITS, UNITS[0], ())
SEAL = Seal(SITE.site_id, {1: KEY})
BEAT = Beat(
    Role.ACTIVE,
    epoch=7,
    grade=Grade.FIT,
    mono_ns=123_456_789,
    number=42,
    on_duty=True,
    holds_bus=True,
    site_digest=b"sitefile",
    plan_digest=b"planfile",
    version=(0, 1, 0),
    sent_count=900,
    heard_count=3,
    stage=2,
    why="projected 612 kW, allowed 600 kW",
    account=Account(1_700_000_000_000_000_000, 123_456),
    relays=(RelayState(shed=True, age_ns=3_600_000_000_000), RelayState(shed=False, age_ns=0)),
)
ENVELOPE = Envelope(1, 0, PEER_NONCE, OWN_NONCE, 10)


def link_plan(own: str, paths: tuple[PathPlan, ...] = (), site: str = SITE.site) -> LinkPlan:
    return LinkPlan(site, UNITS, own, paths)


_u32 = st.integers(0, 2**32 - 1)
_u64 = st.integers(0, 2**64 - 1)
_i64 = st.integers(-(2**63), 2**63 - 1)
_digests = st.binary(min_size=8, max_size=8)
_parts = st.integers(0, 2**16 - 1)
_relays = st.builds(
    RelayState, st.booleans(), st.integers(0, 2**31 - 1).map(lambda tenths: tenths * 100_000_000)
)
_texts = st.text(max_size=WHY_BYTES_MAX).filter(
    lambda text: (
        len(text.encode("utf-8", "replace")) <= WHY_BYTES_MAX
        and text.encode("utf-8", "replace").decode() == text
    )
)

any_beats = st.builds(
    Beat,
    st.sampled_from(Role),
    _u32,
    st.sampled_from(Grade),
    _u64,
    _u32,
    on_duty=st.booleans(),
    holds_bus=st.booleans(),
    let_go=st.booleans(),
    ready=st.booleans(),
    farewell=st.booleans(),
    wants_duty=st.booleans(),
    yield_reason=st.sampled_from(YieldReason),
    site_digest=_digests,
    plan_digest=_digests,
    version=st.tuples(_parts, _parts, _parts),
    sent_count=_u64,
    heard_count=_u64,
    stage=st.integers(0, 255),
    why=_texts,
    account=st.builds(Account, _i64, _i64),
    relays=st.lists(_relays, max_size=RELAYS_MAX).map(tuple),
)
_pieces = st.builds(
    Fragment,
    st.integers(1, 2**32 - 1),
    st.just(0),
    st.just(1),
    _u32,
    _u64,
    st.binary(min_size=1, max_size=CHUNK_BYTES),
)
any_extras = st.one_of(
    st.builds(
        Extras,
        _u32,
        st.lists(st.integers(0, 255), max_size=16).map(tuple),
        _u32,
        st.integers(0, IDENTIFY_S_MAX),
        state=st.none() | _pieces,
    ),
    st.builds(Extras, _u32, order=_pieces),
)
any_envelopes = st.builds(
    Envelope,
    st.integers(0, 255),
    st.integers(0, 255),
    _digests,
    _digests,
    _u64,
)
