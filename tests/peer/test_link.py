"""The link over real sockets on loopback addresses: what one unit says the other one knows."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from edge.model.twin import PathSample
from edge.model.units import NS_PER_S
from tests.peer.beats import BEAT
from tests.peer.ends import SCAN_NS, End, Make, TestClock, met, texts_of, turn, udp_paths


def test_two_units_hear_each_others_beats_once_from_the_third_scan_on(make: Make) -> None:
    kita, minami = make(0), make(1)
    turn(kita, minami, times=10)
    assert [beat.beat.number for beat in kita.heard] == list(range(1, 10))
    assert [beat.beat.number for beat in minami.heard] == list(range(2, 11))
    assert replace(minami.heard[-1].beat, mono_ns=0, number=0) == replace(BEAT, mono_ns=0, number=0)
    assert kita.standing() == minami.standing() == []
    assert kita.link.counts()["received"] == 9


def test_paths_say_when_each_was_last_heard(make: Make) -> None:
    kita, minami = make(0), make(1)
    turn(minami, kita, times=1)
    nothing = tuple(PathSample(name, None) for name in ("net0", "net1"))
    assert minami.link.paths(minami.clock.now_ns) == nothing
    turn(minami, kita, times=2)
    kita.hear()
    heard = [path.heard_mono_ns for path in kita.link.paths(kita.clock.now_ns)]
    assert heard == [pytest.approx(kita.clock.now_ns, abs=2 * SCAN_NS)] * 2


def test_path_that_is_cut_leaves_the_beats_to_the_other_one(make: Make) -> None:
    kita, minami = met(make)
    for end in (kita, minami):
        end.link._paths[0].send = lambda _datagram: None  # type: ignore[method-assign]
    minami.hear()
    before = len(minami.heard)
    cut_ns = minami.clock.now_ns
    turn(kita, minami, times=20)
    assert len(minami.heard) == before + 20
    first, second = (path.heard_mono_ns for path in minami.link.paths(minami.clock.now_ns))
    assert first is not None
    assert first <= cut_ns
    assert second is not None
    assert second == pytest.approx(minami.clock.now_ns, abs=2 * SCAN_NS)


def test_own_address_that_is_not_there_is_a_path_that_can_not_send(ports: list[int]) -> None:
    """192.0.2.0/24 is nobody's; the other path works on."""
    paths = udp_paths(0, ports)
    lost = replace(paths[0], own_host="192.0.2.1", peer_host="192.0.2.2")
    kita, minami = End(0, (lost, paths[1])), End(1, udp_paths(1, ports))
    try:
        turn(kita, minami, times=5)
        assert len(kita.heard) == 4
        assert [path.can_send for path in kita.link.paths(0)] == [False, True]
        assert kita.standing() == []
    finally:
        kita.link.close()
        minami.link.close()


def test_port_of_another_program_is_told_and_taken_when_it_is_free(
    make: Make, ports: list[int]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.1.1", ports[0]))
        kita, minami = make(0), make(1)
        turn(kita, minami, times=5)
        assert kita.standing() == ["twin port"]
        assert f"net0: 127.0.1.1 port {ports[0]}: Address already in use" in texts_of(kita)
        assert len(minami.heard) == 4
    turn(kita, minami, times=10)
    assert kita.standing() == []
    assert kita.link.paths(0)[0].heard_mono_ns is not None


def test_restarted_unit_is_heard_again_within_three_scans(make: Make) -> None:
    kita, minami = met(make)
    minami.link.close()
    minami = make(1, clock=minami.clock)
    before = len(kita.heard)
    turn(kita, minami, times=4)
    assert len(kita.heard) >= before + 2
    assert len(minami.heard) >= 2
    assert kita.link.counts()["sessions"] == 2


def test_link_with_ipv6_addresses_works() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        port = probe.getsockname()[1]
    path = replace(udp_paths(0, [port])[0], own_host="::1", peer_host="::1")
    kita = End(0, (path,))
    try:
        kita.hear()
        kita.say()
        kita.hear()
        assert kita.link.counts()["own_echo"] == 1
        assert kita.link.paths(0) == (PathSample("net0", None, can_send=True),)
    finally:
        kita.link.close()


def test_peer_that_booted_anew_is_read_by_its_new_clock(make: Make) -> None:
    hours_ns = 5 * 3600 * NS_PER_S
    kita, minami = make(0), make(1, clock=TestClock(hours_ns))
    turn(kita, minami, times=4)
    minami.link.close()
    minami = make(1, clock=TestClock(NS_PER_S))
    turn(kita, minami, times=4)
    shift_ns = kita.clock.now_ns - minami.clock.now_ns
    assert kita.heard[-1].offset_ns == pytest.approx(shift_ns, abs=SCAN_NS)


def test_link_that_is_closed_lets_its_ports_and_its_herald_go(ports: list[int]) -> None:
    told = []

    class Herald:
        is_alive = True

        def leave(self, farewell: bytes, worker_pids: Sequence[int]) -> None:
            told.append((len(farewell) > 80, worker_pids))

        def close(self, *, farewell: bool) -> None:
            told.append(farewell)

    kita = End(0, udp_paths(0, ports), herald=Herald())
    kita.say(worker_pids=(7, 8))
    kita.link.close(farewell=True)
    assert told == [(True, (7, 8)), True]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as successor:
        successor.bind(("127.0.1.1", ports[0]))


def test_peer_is_asked_to_blink_until_the_time_is_over(make: Make) -> None:
    kita, minami = met(make)
    kita.link.ask_identify(3 * NS_PER_S)
    seen = []
    for _ in range(35):
        turn(kita, minami)
        seen.append(minami.link.identify_s)
    assert [sorted(set(seen)), seen[0], seen[-1]] == [[0, 1, 2, 3], 3, 0]
    assert kita.link.identify_s == 0
