"""The energy of the unit on duty in another's ledger: no pulse lost, none counted twice."""

from __future__ import annotations

import itertools
from bisect import bisect_right

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.twin.sync import CATCH_UP_NS, COVER_NS
from edge.model.event import EventKind
from edge.model.spec import ControlSpec
from tests.core.twin.sync_plant import (
    INTERVAL_END_NS,
    MS,
    PULSE_UWH,
    Gateway,
    S,
    follow,
    pulses_only,
)

_SPEC = pulses_only()
_FINE_UWH = 24_000
_FINE_SPEC = pulses_only(_FINE_UWH)
_BOOTS_NS = st.integers(0, 10_000).map(lambda s: s * S)


def _edges(spacings_ns: list[int], until_ns: int) -> list[int]:
    """Pulses at the given distances, again and again."""
    total = itertools.accumulate(itertools.cycle(spacings_ns), initial=1_234_567)
    return list(itertools.takewhile(lambda at_ns: at_ns < until_ns, total))


def _run(
    edges: list[int],
    boots_ns: tuple[int, int],
    begins_ns: int,
    snapshots: list[tuple[int, int, int]],
    spec: ControlSpec = _SPEC,
) -> tuple[Gateway, Gateway]:
    """A standby that starts at `begins_ns`, and snapshots: seconds in between, delay, clock error.

    Ends with both having scanned the same instant.
    """
    duty = Gateway(spec, edges, boots_ns[0], 0)
    standby = Gateway(spec, edges, boots_ns[1], begins_ns)
    now_ns = 0
    while now_ns < begins_ns:
        now_ns += 100 * MS
        duty.scan(now_ns)
    for wait_s, delay_ns, error_ns in snapshots:
        for _ in range(10 * wait_s):
            now_ns += 100 * MS
            duty.scan(now_ns)
            standby.scan(now_ns + 37 * MS)
        follow(duty, standby, now_ns, delay_ns, error_ns=error_ns)
        now_ns += 500 * MS
    duty.scan(now_ns + 100 * MS)
    standby.scan(now_ns + 100 * MS)
    return duty, standby


@settings(max_examples=60)
@given(
    spacings_ns=st.lists(st.integers(150 * MS, 9 * S), min_size=1, max_size=20),
    boots_ns=st.tuples(_BOOTS_NS, _BOOTS_NS),
    begins_ns=st.integers(2, 8).map(lambda s: s * S + 13 * MS),
    snapshots=st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 300 * MS), st.integers(-4 * MS, 4 * MS)),
        min_size=1,
        max_size=5,
    ),
)
def test_standby_that_takes_over_the_energy_has_every_pulse_once(
    spacings_ns: list[int],
    boots_ns: tuple[int, int],
    begins_ns: int,
    snapshots: list[tuple[int, int, int]],
) -> None:
    duty, standby = _run(_edges(spacings_ns, 40 * S), boots_ns, begins_ns, snapshots)
    assert standby.running_uwh == duty.running_uwh
    ours, theirs = standby.controller.state.demand, duty.controller.state.demand
    assert ours.slots.running is not None
    assert ours.intervals.running is not None
    assert theirs.intervals.running is not None
    assert ours.slots.running.import_uwh == duty.running_uwh
    assert abs(ours.intervals.running.covered_ns - theirs.intervals.running.covered_ns) < 9 * MS


@settings(max_examples=30)
@given(
    spacings_ns=st.lists(st.integers(MS, 150 * MS), min_size=1, max_size=20),
    begins_ns=st.integers(2, 4).map(lambda s: s * S + 13 * MS),
    snapshots=st.lists(
        st.tuples(st.integers(1, 2), st.integers(0, 300 * MS), st.integers(-30 * MS, 30 * MS)),
        min_size=1,
        max_size=8,
    ),
)
def test_standby_at_fast_pulses_is_off_by_one_scans_at_most_however_often_it_adopts(
    spacings_ns: list[int], begins_ns: int, snapshots: list[tuple[int, int, int]]
) -> None:
    edges = _edges(spacings_ns, 30 * S)
    duty, standby = _run(edges, (7 * S, 90_000 * S), begins_ns, snapshots, _FINE_SPEC)
    # Which of one scan's pulses the peer had seen is not known, nor where its clock is.
    unsure_ns = 100 * MS + abs(snapshots[-1][2])
    pulses = max(bisect_right(edges, edge + unsure_ns) - at for at, edge in enumerate(edges))
    assert abs(standby.running_uwh - duty.running_uwh) <= pulses * _FINE_UWH


def test_interval_that_the_standby_ends_alone_is_the_whole_one() -> None:
    """Restarted in mid-interval with nothing, the peer dead soon after: the record is exact."""
    edges = _edges([700 * MS, 1300 * MS, 200 * MS], 1100 * S)
    begins_ns = 950 * S
    duty = Gateway(_SPEC, edges, 50 * S, 900 * S)
    for now_ns in range(900 * S, begins_ns, S):
        duty.scan(now_ns)
    standby = Gateway(_SPEC, edges, 8_000 * S, begins_ns)
    for step in range(30):
        duty.scan(begins_ns + step * 100 * MS)
        standby.scan(begins_ns + step * 100 * MS + 37 * MS)
    follow(duty, standby, begins_ns + 3 * S, 20 * MS)
    records = []
    for now_ns in range(begins_ns + 4 * S, INTERVAL_END_NS + 3 * S, 100 * MS):
        records += [
            [e.facts for e in gateway.scan(now_ns).events if e.kind is EventKind.INTERVAL_CLOSED]
            for gateway in (duty, standby)
        ]
    (theirs,), (ours,) = (facts for facts in records if facts)
    assert ours["start_utc_ns"] == theirs["start_utc_ns"]
    assert ours["energy_uwh"] == theirs["energy_uwh"]
    counted = sum(900 * S < edge <= INTERVAL_END_NS for edge in edges)
    assert abs(ours["energy_uwh"] - counted * PULSE_UWH) <= PULSE_UWH


def test_standby_whose_pulses_are_broken_continues_the_peers_energy_and_counts_none_twice() -> None:
    edges = _edges([900 * MS], 100 * S)
    duty, standby = Gateway(_SPEC, edges, 0, 0), Gateway(_SPEC, edges, 500 * S, 20 * S)
    for step in range(1, 400):
        duty.scan(step * 100 * MS)
        if 200 < step < 300:
            standby.scan(step * 100 * MS + 37 * MS)
    told = duty.tell()
    now_ns = 40 * S + 337 * MS
    assert standby.adopt(told, 500 * S, now_ns)
    for step in range(4, 100):
        duty.scan(40 * S + step * 100 * MS)
        standby.scan(40 * S + step * 100 * MS + 37 * MS)
    duty.scan(50 * S)
    standby.scan(50 * S)
    assert standby.running_uwh == duty.running_uwh


def test_standby_waits_for_its_own_sources_to_reach_the_peers_front_but_not_for_long() -> None:
    edges = _edges([400 * MS], 100 * S)
    duty, standby = Gateway(_SPEC, edges, 0, 0), Gateway(_SPEC, edges, 500 * S, 0)
    for step in range(1, 100):
        duty.scan(step * 100 * MS)
        standby.scan(step * 100 * MS - 50 * MS)
    told, now_ns = duty.tell(), 9900 * MS
    assert not standby.adopt(told, 500 * S, now_ns)
    assert not standby.adopt(None, 500 * S, now_ns + CATCH_UP_NS)
    assert standby.adopt(None, 500 * S, now_ns + CATCH_UP_NS + 1)
    assert not standby.adopt(None, 500 * S, now_ns + CATCH_UP_NS + 2)


def test_standby_that_never_metered_takes_the_peers_ledger_as_it_is_after_a_while() -> None:
    edges = _edges([400 * MS], 100 * S)
    duty, standby = Gateway(_SPEC, edges, 0, 0), Gateway(_SPEC, edges, 500 * S, 9 * S)
    for step in range(1, 100):
        duty.scan(step * 100 * MS)
    assert not standby.adopt(duty.tell(), 500 * S, 9 * S + COVER_NS)
    assert standby.adopt(None, 500 * S, 9 * S + COVER_NS + MS)
    assert standby.running_uwh == duty.running_uwh
    ledger = standby.controller.state.metering.ledger
    assert ledger.booked_until_mono_ns == 509_900 * MS


def test_peer_that_has_metered_nothing_leaves_the_energy_alone() -> None:
    edges = _edges([400 * MS], 100 * S)
    duty, standby = Gateway(_SPEC, edges, 0, 0), Gateway(_SPEC, edges, 500 * S, 0)
    for step in range(1, 100):
        standby.scan(step * 100 * MS)
    before = standby.controller.state.demand.intervals
    assert standby.adopt(duty.tell(), 500 * S, 9950 * MS)
    assert standby.controller.state.demand.intervals is before
    assert standby.controller.state.demand.clock.anchor_mono_ns == 500 * S + 100 * MS


def test_peer_that_has_only_begun_is_continued_from_its_first_instant() -> None:
    edges = _edges([4 * S], 100 * S)
    duty, standby = Gateway(_SPEC, edges, 0, 0), Gateway(_SPEC, edges, 500 * S, 0)
    duty.scan(100 * MS)
    told = duty.tell()
    standby.scan(90 * MS)
    standby.scan(190 * MS)
    assert standby.adopt(told, 500 * S, 200 * MS)
    for step in range(3, 101):
        duty.scan(step * 100 * MS)
        standby.scan(step * 100 * MS)
    assert standby.running_uwh == duty.running_uwh == 2 * PULSE_UWH
    intervals = standby.controller.state.demand.intervals
    assert intervals.running is not None
    assert intervals.running.start_mono_ns == 500 * S + 100 * MS


def test_snapshot_from_before_the_start_waits_for_the_next_and_leaves_a_gap_in_the_end() -> None:
    """Nobody has metered between the peer's last word and our first: the interval is partial."""
    edges = _edges([400 * MS], 100 * S)
    duty, standby = Gateway(_SPEC, edges, 0, 0), Gateway(_SPEC, edges, 500 * S, 20 * S)
    for step in range(1, 151):
        duty.scan(step * 100 * MS)
    told = duty.tell()
    for step in range(200, 600):
        standby.scan(step * 100 * MS)
    assert not standby.adopt(told, 500 * S, 20 * S + COVER_NS)
    assert standby.adopt(None, 500 * S, 60 * S)
    standby.scan(60 * S)
    running = standby.controller.state.demand.intervals.running
    assert running is not None
    assert running.partial
    assert running.import_uwh == duty.running_uwh + 99 * PULSE_UWH
    assert running.covered_ns == 14_900 * MS + 40 * S


def test_interval_that_the_peer_has_not_closed_yet_is_not_closed_twice() -> None:
    edges = _edges([400 * MS], 1100 * S)
    duty, standby = (
        Gateway(_SPEC, edges, boot_ns, INTERVAL_END_NS - 20 * S) for boot_ns in (0, 500 * S)
    )
    for step in range(1, 200):
        duty.scan(INTERVAL_END_NS - 20 * S + step * 100 * MS)
        standby.scan(INTERVAL_END_NS - 20 * S + step * 100 * MS)
    told = duty.tell()
    for step in range(3):
        standby.scan(INTERVAL_END_NS + step * 100 * MS)
    assert not standby.adopt(told, 500 * S, INTERVAL_END_NS + 250 * MS)
    for step in range(6):
        duty.scan(INTERVAL_END_NS + step * 100 * MS)
    closed = standby.scan(INTERVAL_END_NS + 500 * MS).events
    assert standby.adopt(duty.tell(), 500 * S, INTERVAL_END_NS + 550 * MS)
    closed += standby.scan(INTERVAL_END_NS + 600 * MS).events
    assert [event for event in closed if event.kind is EventKind.INTERVAL_CLOSED] == []


def _complete_and_partial(edges: list[int], begins_ns: int) -> tuple[Gateway, Gateway]:
    """Twenty seconds of a standby from before an interval, and of one on duty from within it."""
    standby = Gateway(_SPEC, edges, 500 * S, begins_ns)
    duty = Gateway(_SPEC, edges, 0, INTERVAL_END_NS + 5 * S)
    for step in range(1, 200):
        standby.scan(begins_ns + step * 100 * MS)
        if step > 100:
            duty.scan(begins_ns + step * 100 * MS)
    return standby, duty


def test_interval_that_is_complete_here_is_not_replaced_by_a_partial_one() -> None:
    begins_ns = INTERVAL_END_NS - 5 * S
    standby, duty = _complete_and_partial(_edges([400 * MS], 1100 * S), begins_ns)
    before = standby.controller.state.demand.intervals
    assert standby.adopt(duty.tell(), 500 * S, begins_ns + 20 * S)
    assert standby.controller.state.demand.intervals is before
    # The other way round it is.
    assert duty.adopt(standby.tell(), -500 * S, begins_ns + 20 * S)
    for gateway in (duty, standby):
        gateway.scan(begins_ns + 20 * S)
    assert duty.running_uwh == standby.running_uwh


def test_interval_that_was_complete_until_a_restart_is_replaced_by_a_partial_one() -> None:
    """What came while it was away only its peer has metered."""
    edges, begins_ns = _edges([400 * MS], 1100 * S), INTERVAL_END_NS - 5 * S
    standby, duty = _complete_and_partial(edges, begins_ns)
    left = standby.controller.state
    for step in range(200, 400):
        duty.scan(begins_ns + step * 100 * MS)
    again_ns = begins_ns + 40 * S
    standby = Gateway(_SPEC, edges, 500 * S, again_ns, left)
    has_adopted = False
    for step in range(1, 350):
        duty.scan(again_ns + step * 100 * MS)
        if not has_adopted:
            told = duty.tell() if step % 10 == 1 else None
            has_adopted = standby.adopt(told, 500 * S, again_ns + step * 100 * MS)
        standby.scan(again_ns + step * 100 * MS)
    assert has_adopted
    assert standby.running_uwh == duty.running_uwh
