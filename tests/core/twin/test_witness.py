"""The bus as a witness: silence, and whether one's own ear can be believed."""

from __future__ import annotations

from msgspec.structs import replace

from edge.core.twin.state import Receiver
from edge.model.twin import Grade, Role
from edge.model.units import NS_PER_MS
from tests.core.twin.pair import Pair, Unit, beat
from tests.core.twin.scenarios import settled


def _verdict(unit: Unit) -> Receiver:
    assert unit.twin is not None
    return unit.twin.state.receiver


def test_receiver_that_keeps_up_with_the_peer_is_proven() -> None:
    pair = settled()
    assert _verdict(pair.second) is Receiver.PROVEN


def test_deaf_standby_is_known_within_a_second_and_is_impaired() -> None:
    pair = settled()
    pair.second.hears_bus = False
    pair.run(1.5)
    assert _verdict(pair.second) is Receiver.DEAF
    assert pair.second.outputs is not None
    assert pair.second.outputs.beat.grade is Grade.IMPAIRED
    assert "twin receiver" in pair.second.standing
    pair.second.hears_bus = True
    pair.run(2)
    assert _verdict(pair.second) is Receiver.PROVEN
    assert pair.second.standing == {}


def test_deaf_standby_takes_the_duty_of_a_silent_peer_but_not_the_bus() -> None:
    """All paths are cut and the peer polls on: only this unit's ear is dead."""
    pair = settled()
    pair.second.hears_bus = False
    pair.run(1.5)
    pair.cut()
    pair.run(30)
    assert (pair.first.role, pair.second.role) == (Role.ACTIVE, Role.ACTIVE)
    assert pair.first.drives
    assert pair.both_drove == 0
    pair.second.hears_bus = True
    pair.run(1)
    assert pair.second.role is Role.SUSPECT
    assert _verdict(pair.second) is not Receiver.DEAF
    assert pair.first.drives


def test_deaf_unit_on_duty_gets_the_bus_when_it_is_linked_with_a_peer_that_let_go() -> None:
    pair = settled()
    pair.second.hears_bus = False
    pair.run(1.5)
    pair.first.kill()
    pair.run(5)
    assert (pair.second.role, pair.second.drives) == (Role.ACTIVE, False)
    pair.second.hears_bus = True
    pair.say(pair.second, beat(Role.LISTEN))
    pair.scan()
    assert pair.second.drives


def test_dead_transmitter_of_the_peer_is_not_taken_for_a_deaf_receiver() -> None:
    """The peer has an echo for a while; then it says itself that it lost the bus."""
    pair = settled()
    pair.first.speaks_bus = False
    pair.run(4)
    assert not pair.first.drives
    assert _verdict(pair.second) is Receiver.UNKNOWN
    assert pair.second.outputs is not None
    assert pair.second.outputs.beat.grade is Grade.FIT


def test_worker_that_restarts_counts_anew_and_makes_nobody_deaf() -> None:
    pair = settled()
    pair.second.evidence = replace(pair.second.evidence, heard_count=0)
    pair.run(0.5)
    pair.first.evidence = replace(pair.first.evidence, sent_count=0)
    pair.run(3)
    assert _verdict(pair.second) is Receiver.PROVEN
    pair.cut()
    pair.second.evidence = replace(pair.second.evidence, heard_count=0)
    pair.run(2)
    assert _verdict(pair.second) is Receiver.PROVEN


def test_deaf_unit_whose_worker_restarts_unheard_is_cured_by_the_first_query() -> None:
    """Its count has begun anew, below the one that it was compared with."""
    pair = settled()
    pair.second.hears_bus = False
    pair.run(1.5)
    pair.cut()
    pair.run(1)
    pair.second.evidence = replace(pair.second.evidence, heard_count=0)
    pair.scan()
    assert _verdict(pair.second) is Receiver.DEAF
    pair.second.hears_bus = True
    pair.scan(2)
    assert _verdict(pair.second) is Receiver.UNKNOWN


def test_worker_that_has_no_port_yet_makes_nobody_deaf() -> None:
    """After a start of the standby its worker needs some scans until it can hear."""
    pair = settled()
    pair.second.hears_bus = False
    pair.second.evidence = replace(pair.second.evidence, is_open=False)
    pair.run(1.5)
    assert _verdict(pair.second) is not Receiver.DEAF
    assert "twin receiver" not in pair.second.standing
    pair.second.hears_bus = True
    pair.second.evidence = replace(pair.second.evidence, is_open=True)
    pair.run(2)
    assert _verdict(pair.second) is Receiver.PROVEN


def test_silence_does_not_count_while_the_port_was_closed() -> None:
    pair = settled()
    pair.second.evidence = replace(pair.second.evidence, is_open=False)
    pair.first.kill()
    pair.until(pair.second, Role.ACTIVE)
    assert not pair.second.drives
    pair.second.evidence = replace(pair.second.evidence, is_open=True)
    pair.run(2)
    assert not pair.second.drives
    pair.run(1)
    assert pair.second.drives


def test_pause_of_the_standby_starts_its_silence_anew() -> None:
    """A frozen machine has not listened: what its worker did not read proves no silence."""
    pair = settled()
    pair.cut()
    pair.second.is_frozen = True
    pair.first.is_frozen = True
    pair.run(10)
    pair.second.is_frozen = False
    pair.run(2.2)
    assert pair.second.role is Role.SUSPECT
    pair.run(1)
    assert pair.second.role is Role.ACTIVE


def test_pair_without_rtu_lines_goes_by_the_silence_of_the_heartbeats() -> None:
    pair = Pair(Unit(True, has_witness=False), Unit(False, has_witness=False))
    pair.settle()
    pair.first.kill()
    waited_s = pair.until(pair.second, Role.ACTIVE)
    assert pair.second.spec.silence_ns / 1e9 <= waited_s <= pair.second.spec.gap_ns_max / 1e9
    assert pair.second.drives


def test_polls_of_a_peer_with_another_site_file_are_heard_as_its_life() -> None:
    """They are not in this unit's plan, so they look like a stranger's."""
    pair = Pair()
    pair.first.own = replace(pair.first.own, site_digest=b"another1")
    pair.settle()
    pair.cut()
    for _ in range(100):
        pair.second.hears_bus = False
        pair.second.evidence = replace(pair.second.evidence, stranger_mono_ns=pair.now_ns)
        pair.scan()
    assert pair.second.role is Role.SUSPECT


def test_enable_line_that_is_low_shortens_the_wait() -> None:
    pair = Pair(Unit(True, has_enable=True), Unit(False, has_enable=True))
    pair.settle()
    pair.second.peer_enable = True
    pair.first.kill()
    pair.run(0.3)
    pair.second.peer_enable = False
    waited_s = 0.3 + pair.until(pair.second, Role.ACTIVE)
    assert waited_s <= pair.second.spec.gap_ns_max / 1e9 <= 1.25
    assert pair.second.drives


def test_enable_line_that_is_low_does_not_outweigh_a_bus_that_is_alive() -> None:
    """The wire between the units is broken."""
    pair = Pair(Unit(True, has_enable=True), Unit(False, has_enable=True))
    pair.settle()
    pair.cut()
    pair.second.peer_enable = False
    pair.run(10)
    assert pair.second.role is Role.SUSPECT
    assert 10 * pair.second.spec.quiet_ns > 300 * NS_PER_MS
