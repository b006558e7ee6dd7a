"""What is not the peer's present word is not believed, and somebody is told."""

from __future__ import annotations

import hashlib
import socket

from msgspec.structs import replace

from edge.model.units import NS_PER_S
from edge.peer.frame import Envelope, Seal
from tests.peer.beats import BEAT, KEY, OTHER_KEY, SITE
from tests.peer.ends import SCAN_NS, End, Make, met, turn, udp_paths


def test_beats_that_waited_while_this_process_was_stopped_are_not_fresh(make: Make) -> None:
    kita, minami = met(make)
    kita.hear()
    stopped_ns = kita.clock.now_ns
    for _ in range(5):
        minami.say()
        minami.clock.now_ns += SCAN_NS
    kita.clock.now_ns += 3600 * NS_PER_S
    beats = kita.hear()
    assert len(beats) == 5
    assert max(beat.received_mono_ns for beat in beats) < stopped_ns + NS_PER_S
    heard = [path.heard_mono_ns for path in kita.link.paths(kita.clock.now_ns)]
    assert all(at_ns is not None and at_ns < stopped_ns + NS_PER_S for at_ns in heard)


def test_unit_with_another_key_is_told_as_such(make: Make) -> None:
    kita, minami = make(0), make(1, keys={1: OTHER_KEY})
    turn(kita, minami, times=12)
    assert (kita.heard, minami.heard) == ([], [])
    assert kita.standing() == minami.standing() == ["twin key"]
    kita.clock.now_ns += 11 * NS_PER_S
    kita.link.receive(kita.clock.now_ns)
    kita.clock.now_ns += 11 * NS_PER_S
    kita.link.receive(kita.clock.now_ns)
    assert kita.standing() == []


def test_unit_of_another_site_is_told_as_such(make: Make) -> None:
    kita, minami = make(0), make(1, site="Wire mill")
    turn(kita, minami, times=2)
    assert kita.heard == []
    assert "twin other site" in kita.standing()


def test_two_machines_that_speak_as_one_unit_are_told(make: Make, ports: list[int]) -> None:
    kita, minami = met(make)
    paths = tuple(
        replace(path, own_host=f"127.0.{index + 1}.3")
        for index, path in enumerate(udp_paths(1, ports))
    )
    impostor = End(1, paths, clock=minami.clock)
    try:
        _overhear(kita, impostor)
        turn(kita, minami, times=3)
        for _ in range(10):
            impostor.say()
            minami.say()
            kita.hear()
        assert "twin same unit" in kita.standing()
    finally:
        impostor.link.close()


def _overhear(kita: End, impostor: End) -> None:
    """The second machine has learned of the other unit's process, as it would on the same cable."""
    impostor.link._session.peer_nonce = kita.link._session._boot_nonce


def test_beats_of_its_own_unit_and_of_a_third_gateway_are_told(
    make: Make, ports: list[int], stranger: socket.socket
) -> None:
    kita, _minami = met(make)
    seal = Seal(SITE.site_id, {1: KEY})
    for unit, sequence in ((2, 1), *((0, number) for number in range(5))):
        envelope = Envelope(unit, 0, b"someboot", kita.link._session._boot_nonce, sequence)
        stranger.sendto(seal.close(BEAT, envelope, b"", 1), ("127.0.1.1", ports[0]))
    kita.hear()
    assert kita.standing() == ["twin own unit", "twin third unit"]
    assert kita.link.hears_own_unit
    kita.clock.now_ns += 11 * NS_PER_S
    kita.hear()
    assert not kita.link.hears_own_unit


def test_replayed_datagrams_of_an_hour_give_no_beat(
    make: Make, ports: list[int], stranger: socket.socket
) -> None:
    kita, minami = make(0), make(1)
    path = minami.link._paths[0]
    recording, send = [], path.send

    def send_and_record(datagram: bytes) -> None:
        recording.append(datagram)
        send(datagram)

    path.send = send_and_record  # type: ignore[method-assign]
    turn(kita, minami, times=30)
    kita.hear()
    kita.heard.clear()
    heard_before = kita.link.paths(0)
    for datagram in recording:
        stranger.sendto(datagram, ("127.0.1.1", ports[0]))
    for _ in range(3):
        kita.clock.now_ns += SCAN_NS
        kita.hear()
    assert kita.heard == []
    assert kita.link.paths(0) == heard_before
    assert kita.standing() == ["twin replay"]


def test_flood_takes_a_bounded_part_of_a_scan_and_leaves_the_other_path_alone(
    make: Make, ports: list[int], stranger: socket.socket
) -> None:
    kita, minami = met(make)
    kita.hear()
    for _ in range(20):
        kita.heard.clear()
        for _ in range(300):
            stranger.sendto(b"flood" * 20, ("127.0.1.1", ports[0]))
        minami.hear()
        minami.say()
        kita.clock.now_ns += SCAN_NS
        before = kita.link.counts().get("not_ours", 0)
        assert len(kita.hear()) == 1
        assert kita.link.counts()["not_ours"] - before <= 32
        minami.clock.now_ns += SCAN_NS
        kita.say()
    assert "twin flood" in kita.standing()


def test_beat_whose_body_makes_no_sense_is_counted_and_not_believed(
    make: Make, ports: list[int], stranger: socket.socket
) -> None:
    kita, minami = met(make)
    kita.hear()
    session = minami.link._session
    seal = Seal(SITE.site_id, {1: KEY})
    envelope = session.envelope(0, session.next_sequence())
    stranger.sendto(seal.close(BEAT, envelope, b"\x01", 1), ("127.0.1.1", ports[0]))
    assert kita.hear() == ()
    assert kita.link.counts()["malformed"] == 1


def test_beat_of_another_major_version_is_heard_by_its_core(
    make: Make, ports: list[int], stranger: socket.socket
) -> None:
    kita, minami = met(make)
    kita.hear()
    session = minami.link._session
    envelope = session.envelope(0, session.next_sequence())
    seal = Seal(SITE.site_id, {1: KEY})
    later = bytearray(seal.close(BEAT, envelope, b"another form", 1)[:-16])
    later[4] = 2
    mac = hashlib.blake2s(later, digest_size=16, key=KEY, person=b"denban-1").digest()
    stranger.sendto(bytes(later) + mac, ("127.0.1.1", ports[0]))
    (heard,) = kita.hear()
    assert (heard.is_compatible, heard.beat.role, heard.beat.relays) == (False, BEAT.role, ())


def test_paths_that_are_crossed_are_heard_and_told(ports: list[int]) -> None:
    kita, minami = End(0, udp_paths(0, ports)), End(1, udp_paths(1, ports)[::-1])
    try:
        turn(kita, minami, times=6)
        assert len(kita.heard) == 5
        assert kita.standing() == minami.standing() == ["twin crossed"]
    finally:
        kita.link.close()
        minami.link.close()
