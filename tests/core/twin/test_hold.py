"""Who may put queries on the bus, for how long without proof, and when the watchdog is fed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from msgspec.structs import replace

from edge.core.twin.hold import guard_ns
from edge.model.twin import Grade, LineEvidence, Role, TwinInputs
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.core.twin.pair import OWN, UTC_NS, Pair, Unit, beat
from tests.core.twin.scenarios import settled, yielding


def _alone(**values: object) -> Pair:
    pair = Pair(Unit(True, **values))
    pair.start(pair.first)
    pair.until(pair.first, Role.ACTIVE)
    pair.run(1)
    return pair


def test_unit_without_proof_gives_the_bus_up_after_a_second_and_keeps_the_duty() -> None:
    pair = _alone()
    pair.first.speaks_bus = False
    pair.run(1)
    assert pair.first.drives
    pair.run(0.3)
    assert not pair.first.drives
    assert pair.first.outputs is not None
    assert pair.first.outputs.on_duty
    assert pair.first.outputs.beat.let_go
    pair.scan()
    assert pair.first.outputs.beat.grade is Grade.IMPAIRED
    assert not pair.first.standing["twin bus"].severe


@pytest.mark.parametrize("query_gap_ms", [300, 900])
def test_unit_with_a_dead_meter_beside_live_ones_keeps_the_bus(query_gap_ms: int) -> None:
    """Every other query stays without a reply, and there is no echo."""
    pair = _alone(query_gap_ns=query_gap_ms * NS_PER_MS)
    for _ in range(10):
        pair.meters_answer = not pair.meters_answer
        pair.run(query_gap_ms / 1000)
        assert pair.first.drives


def test_unit_whose_worker_asks_nothing_gives_the_bus_up() -> None:
    pair = _alone()
    kept = pair.first.evidence
    for _ in range(12):
        pair.scan()
        pair.first.evidence = kept
    assert not pair.first.drives


@pytest.mark.parametrize(("is_first", "wait_s"), [(True, 10), (False, 15)])
def test_unit_that_lost_the_bus_probes_rarely_until_it_has_proof(
    is_first: bool, wait_s: float
) -> None:
    pair = Pair()
    unit = pair.first if is_first else pair.second
    pair.start(unit)
    pair.until(unit, Role.ACTIVE)
    unit.speaks_bus = False
    pair.run(2)
    tries = []
    for _ in range(600):
        drove = unit.drives
        pair.scan()
        if unit.drives and not drove:
            tries.append(pair.now_ns)
    assert {(b - a) // NS_PER_S for a, b in pairwise(tries)} == {wait_s + 1}
    unit.speaks_bus = True
    pair.run(wait_s + 1)
    assert unit.drives
    assert unit.twin is not None
    assert unit.twin.state.grade is Grade.FIT


def test_unit_that_lost_the_bus_does_not_probe_while_it_hears_the_twin_on_it() -> None:
    pair = _alone()
    pair.first.speaks_bus = False
    pair.run(2)
    assert pair.first.twin is not None
    pair.first.evidence = replace(pair.first.evidence, twin_mono_ns=pair.now_ns)
    pair.scan()
    assert (pair.first.role, pair.first.drives) == (Role.LISTEN, False)


def test_unit_whose_port_has_come_back_tries_at_once() -> None:
    pair = _alone()
    pair.first.speaks_bus = False
    pair.first.evidence = replace(pair.first.evidence, is_open=False)
    pair.run(3)
    assert not pair.first.drives
    pair.first.speaks_bus = True
    pair.first.evidence = replace(pair.first.evidence, is_open=True)
    pair.run(3)
    assert pair.first.drives


def test_unit_that_found_no_taker_waits_before_it_drives_again() -> None:
    pair = yielding()
    assert pair.first.outputs is not None
    assert pair.first.outputs.beat.let_go
    pair.until(pair.first, Role.ACTIVE)
    begin_ns = pair.now_ns
    assert not pair.first.drives
    while not pair.first.drives:
        pair.scan()
    assert guard_ns(pair.first.spec) - 100 * NS_PER_MS <= pair.now_ns - begin_ns


def test_yield_without_let_go_is_taken_by_nobody() -> None:
    """A line is still writing: the peer waits for the promise, in vain here."""
    pair = settled()
    pair.first.is_writing = True
    pair.first.orders = {"gives_duty": True}
    pair.run(0.4)
    assert pair.first.role is Role.YIELD
    assert pair.second.role is Role.STANDBY
    pair.run(2)
    assert pair.first.role is Role.ACTIVE
    assert pair.both_drove == 0


def test_offer_that_was_long_on_its_way_is_not_taken() -> None:
    pair = settled()
    pair.second.gets_beats = False
    late = replace(beat(Role.YIELD), mono_ns=pair.now_ns - 400 * NS_PER_MS)
    pair.second.inbox.append(late)
    pair.scan()
    assert pair.second.role is Role.STANDBY


@pytest.mark.parametrize(
    ("is_writing", "proof_age_ms", "is_active", "feeds"),
    [
        (False, 0, True, True),
        (False, 5000, True, True),
        (True, 300, True, True),
        (True, 400, True, False),
        (True, None, True, False),
        (True, 0, False, False),
        (False, None, False, True),
    ],
)
def test_watchdog_is_fed_only_while_what_is_written_is_proven(
    is_writing: bool, proof_age_ms: int | None, is_active: bool, feeds: bool
) -> None:
    pair = Pair()
    pair.start(pair.first)
    if is_active:
        pair.until(pair.first, Role.ACTIVE)
    now_ns = pair.now_ns + 100 * NS_PER_MS
    proof_ns = None if proof_age_ms is None else now_ns - proof_age_ms * NS_PER_MS
    line = LineEvidence("main", proof_mono_ns=proof_ns, asked_mono_ns=now_ns, is_writing=is_writing)
    assert pair.first.twin is not None
    if is_active:
        pair.first.twin.state.proof_mono_ns = None
    outputs = pair.first.twin.step(TwinInputs(now_ns, UTC_NS, OWN, lines=(line,)))
    assert outputs.may_feed is feeds


def test_site_without_rtu_lines_drives_whenever_on_duty() -> None:
    unit = Unit(True, has_witness=False)
    twin = None
    unit.start(0)
    twin = unit.twin
    assert twin is not None
    outputs = None
    for scan in range(1, 60):
        outputs = twin.step(TwinInputs(scan * 100 * NS_PER_MS, UTC_NS, OWN))
    assert outputs is not None
    assert (outputs.role, outputs.may_drive_bus) == (Role.ACTIVE, True)
