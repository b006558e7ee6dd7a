"""Who is believed: the peer's present process, each beat once, and no recording of any."""

from __future__ import annotations

import random

from edge.model.units import NS_PER_S
from edge.peer.frame import NO_NONCE, Envelope, Refusal
from edge.peer.session import Session, Verdict
from tests.peer.beats import OWN_NONCE, PEER_NONCE

NET0, NET1 = 0, 1
LATER = b"peer-new"


def _session() -> Session:
    return Session(0, 1, OWN_NONCE)


def _from_peer(sequence: int, nonce: bytes = PEER_NONCE, echo: bytes = OWN_NONCE) -> Envelope:
    return Envelope(1, NET0, nonce, echo, sequence)


def _judge(session: Session, *beats: Envelope, path: int = NET0, now_ns: int = 0) -> list[object]:
    return [session.judge(beat, path, now_ns) for beat in beats]


def test_two_fresh_processes_believe_each_other_after_one_echo_each() -> None:
    ours, theirs = Session(0, 1, OWN_NONCE), Session(1, 0, PEER_NONCE)
    heard = []
    for _ in range(3):
        for sender, receiver in ((ours, theirs), (theirs, ours)):
            beat = sender.envelope(NET0, sender.next_sequence())
            heard.append(receiver.judge(beat, NET0, 0))
    assert heard == [Refusal.UNPROVEN, *(Verdict.BEAT,) * 5]


def test_restarted_peer_is_believed_again_and_known_to_be_another_process() -> None:
    ours, theirs = Session(0, 1, OWN_NONCE), Session(1, 0, PEER_NONCE)
    for _ in range(2):
        ours.judge(theirs.envelope(NET0, theirs.next_sequence()), NET0, 0)
        theirs.judge(ours.envelope(NET0, ours.next_sequence()), NET0, 0)
    assert ours.count == 1
    theirs = Session(1, 0, LATER)
    assert ours.judge(theirs.envelope(NET0, theirs.next_sequence()), NET0, 0) is Refusal.UNPROVEN
    assert theirs.judge(ours.envelope(NET0, ours.next_sequence()), NET0, 0) is Refusal.UNPROVEN
    assert ours.judge(theirs.envelope(NET0, theirs.next_sequence()), NET0, 0) is Verdict.BEAT
    assert theirs.judge(ours.envelope(NET0, ours.next_sequence()), NET0, 0) is Verdict.BEAT
    assert ours.count == 2


def test_beat_that_echoes_another_nonce_is_not_believed() -> None:
    session = _session()
    assert _judge(session, _from_peer(2, echo=NO_NONCE), _from_peer(4, echo=b"own-last")) == [
        Refusal.UNPROVEN,
        Refusal.UNPROVEN,
    ]
    assert session.peer_nonce is None


def test_recording_from_before_this_start_is_never_believed() -> None:
    """An hour of the last boot's beats, while the real peer speaks too: nothing, and no harm."""
    session = _session()
    _judge(session, _from_peer(2))
    recording = [_from_peer(2 * n, b"peer-old", b"own-last") for n in range(1, 36_000)]
    assert set(_judge(session, *recording)) == {Refusal.UNPROVEN}
    assert session.envelope(NET0, 1).peer_nonce == PEER_NONCE
    assert _judge(session, _from_peer(4)) == [Verdict.BEAT]


def test_recording_at_the_start_does_not_keep_the_peer_from_being_proven() -> None:
    session = _session()
    echoed = set()
    for n in range(8):
        _judge(session, _from_peer(n + 1, b"peer-old", b"own-last"), _from_peer(n, echo=NO_NONCE))
        echoed.add(session.envelope(NET0, n).peer_nonce)
    assert PEER_NONCE in echoed


def test_recording_of_this_session_is_replayed() -> None:
    session = _session()
    recording = [_from_peer(2 * n) for n in range(1, 100)]
    assert set(_judge(session, *recording)) == {Verdict.BEAT}
    assert set(_judge(session, *recording)) == {Refusal.REPLAYED}
    assert set(_judge(session, *recording[:-20], path=NET1)) == {Refusal.REPLAYED}


def test_recording_of_the_process_before_is_of_a_stale_session() -> None:
    session = _session()
    recording = [_from_peer(2 * n) for n in range(1, 10)]
    _judge(session, *recording, _from_peer(2, LATER))
    assert set(_judge(session, *recording)) == {Refusal.STALE_SESSION}
    assert _judge(session, _from_peer(99, PEER_NONCE, b"own-last")) == [Refusal.STALE_SESSION]
    assert _judge(session, _from_peer(4, LATER)) == [Verdict.BEAT]


def test_same_beat_on_the_second_path_only_shows_that_path_alive() -> None:
    session = _session()
    assert _judge(session, _from_peer(2), path=NET0) == [Verdict.BEAT]
    assert _judge(session, _from_peer(2), path=NET1) == [Verdict.ALIVE]
    assert _judge(session, _from_peer(2), path=NET1) == [Refusal.REPLAYED]


def test_slower_path_is_alive_while_it_is_not_far_behind() -> None:
    session = _session()
    _judge(session, *(_from_peer(2 * n) for n in range(1, 101)))
    near, far = _from_peer(2 * 90), _from_peer(2 * 80)
    assert _judge(session, far, near, path=NET1) == [Refusal.REPLAYED, Verdict.ALIVE]


def test_paths_that_reorder_give_rising_beats_only() -> None:
    rng = random.Random(3)
    session = _session()
    sent = [(2 * n, path) for n in range(1, 500) for path in (NET0, NET1)]
    sent.sort(key=lambda beat: beat[0] + rng.randrange(12))
    believed = [
        sequence
        for sequence, path in sent
        if session.judge(_from_peer(sequence), path, 0) is Verdict.BEAT
    ]
    assert believed == sorted(set(believed))
    assert len(believed) > 100


def test_farewell_laid_ready_with_a_beat_is_newer_than_it_and_older_than_the_next() -> None:
    theirs, session = Session(1, 0, PEER_NONCE), _session()
    first, second = theirs.next_sequence(), theirs.next_sequence()
    assert (
        _judge(session, _from_peer(first), _from_peer(first + 1), _from_peer(second))
        == [Verdict.BEAT] * 3
    )


def test_other_speakers_are_told_apart() -> None:
    session = _session()
    assert _judge(
        session,
        Envelope(0, NET0, OWN_NONCE, PEER_NONCE, 1),
        Envelope(0, NET0, b"impostor", PEER_NONCE, 1),
        Envelope(2, NET0, b"thirdone", OWN_NONCE, 1),
        Envelope(1, NET0, NO_NONCE, OWN_NONCE, 1),
    ) == [Refusal.OWN_ECHO, Refusal.OWN_UNIT, Refusal.OTHER_UNIT, Refusal.MALFORMED]


def test_two_machines_that_speak_as_the_peer_are_told_and_one_is_believed() -> None:
    session = _session()
    verdicts = []
    for n in range(1, 20):
        verdicts += _judge(session, _from_peer(2 * n), _from_peer(2 * n, LATER))
    assert verdicts[:2] == [Verdict.BEAT, Verdict.BEAT]
    assert set(verdicts[2::2]) == {Refusal.SAME_UNIT}
    assert set(verdicts[3::2]) == {Verdict.BEAT}


def test_machine_that_was_overridden_is_heard_again_when_the_other_has_gone() -> None:
    session = _session()
    _judge(session, _from_peer(10), _from_peer(2, LATER))
    assert _judge(session, _from_peer(20), now_ns=9 * NS_PER_S) == [Refusal.SAME_UNIT]
    after = 10 * NS_PER_S
    recording = [_from_peer(2 * n) for n in range(1, 11)]
    assert set(_judge(session, *recording, now_ns=after)) == {Refusal.STALE_SESSION}
    assert _judge(session, _from_peer(24), now_ns=after) == [Verdict.BEAT]
    assert session.peer_nonce == PEER_NONCE


def test_many_restarts_of_the_peer_are_remembered_within_a_bound() -> None:
    session = _session()
    for boot in range(1, 1100):
        _judge(session, _from_peer(2, b"%08d" % boot))
    assert len(session._retired) == 1024
    assert _judge(session, _from_peer(2, b"%08d" % 1098)) == [Refusal.STALE_SESSION]
