"""The scan: order, pace, validity of commands, and when the watchdogs stop being fed."""

from __future__ import annotations

import pytest

from edge.scan.loop import PHASES
from tests.scan.world import LEASE_NS, LIMIT_NS, MS, PERIOD_NS, World

SCAN = ["read", "decide", "write", "feed", "publish"]


class BrokenError(Exception):
    """What a phase raises in these tests."""


def fail() -> None:
    raise BrokenError


def test_scan_runs_its_phases_in_order_and_stops_in_order() -> None:
    world = World()
    world.run_scans(2)
    assert world.did == [*SCAN, *SCAN, "stop", "disarm"]


def test_scan_stopped_before_it_began_only_stops_in_order() -> None:
    world = World()
    world.scan.run(lambda: True)
    assert world.did == ["stop", "disarm"]


def test_scan_begins_at_whole_periods() -> None:
    world = World()
    world.effects["decide"] = world.spend(7 * MS)
    world.run_scans(4)
    assert world.scans_mono_ns == [0, PERIOD_NS, 2 * PERIOD_NS, 3 * PERIOD_NS]
    assert world.scan.duration.quantiles().max_ns == 7 * MS


def test_scan_that_overran_leaves_out_the_missed_instants() -> None:
    world = World()
    world.effects["publish"] = world.spend(250 * MS)
    world.run_scans(3)
    assert world.scans_mono_ns == [0, 300 * MS, 600 * MS]
    assert (world.scan.pace.overrun_count, world.scan.pace.skipped_count) == (3, 6)


def test_scan_woken_late_records_how_late() -> None:
    world = World()
    world.effects["sleep"] = world.spend(3 * MS)
    world.run_scans(2)
    assert world.scan.lateness.quantiles().max_ns == 3 * MS


def test_scan_commands_are_valid_from_the_reading_of_their_inputs() -> None:
    world = World()
    world.effects["decide"] = world.spend(60 * MS)
    world.run_scans(2)
    assert world.valid_until_mono_ns == [LEASE_NS, PERIOD_NS + LEASE_NS]


@pytest.mark.parametrize("phase", [*PHASES, "feed", "sleep"])
def test_scan_with_an_exception_in_any_phase_crashes_to_the_safe_state(phase: str) -> None:
    world = World()
    world.effects[phase] = fail
    with pytest.raises(BrokenError):
        world.run_scans(1)
    assert world.did[-1] == "crash"
    assert "stop" not in world.did
    assert "disarm" not in world.did


@pytest.mark.parametrize("phase", ["read", "decide", "write"])
def test_scan_with_a_phase_that_raised_has_not_fed_the_watchdogs(phase: str) -> None:
    world = World()
    world.effects[phase] = fail
    with pytest.raises(BrokenError):
        world.run_scans(1)
    assert world.fed_mono_ns == []


@pytest.mark.parametrize("phase", ["read", "decide", "write", "publish"])
def test_scan_with_a_phase_that_always_takes_too_long_is_not_fed(phase: str) -> None:
    world = World()
    world.effects[phase] = world.spend(LIMIT_NS + MS)
    world.run_scans(5)
    # What is published comes after the first scan's feed, which no lateness precedes.
    assert world.fed_mono_ns == ([0] if phase == "publish" else [])


@pytest.mark.parametrize("phase", ["read", "decide", "write"])
def test_scan_that_hangs_in_a_phase_feeds_no_more(phase: str) -> None:
    """A hang is seen from outside: nothing feeds between the hang and its end."""
    world = World()
    world.run_scans(3)
    fed_count = len(world.fed_mono_ns)
    world.effects[phase] = fail  # stands for what never returns: the scan goes no further
    with pytest.raises(BrokenError):
        world.run_scans(1)
    assert len(world.fed_mono_ns) == fed_count


def test_scan_with_a_further_phase_that_stalls_feeds_no_more() -> None:
    """A phase outside the scan (a bus worker, the recorder) that reports no progress."""
    world = World()
    world.scan.health = type(world.scan.health)(
        {**dict.fromkeys(PHASES, LIMIT_NS), "bus": LIMIT_NS}, 0
    )
    world.run_scans(15)
    assert world.fed_mono_ns == [n * PERIOD_NS for n in range(11)]


def test_scan_paused_within_a_write_is_fed_again_once_every_phase_was_in_time() -> None:
    world = World()
    world.run_scans(2)
    world.effects["write"] = world.spend(5000 * MS)
    world.run_scans(1)
    del world.effects["write"]
    world.run_scans(3)
    assert world.scans_mono_ns == [0, 100 * MS, 200 * MS, 5200 * MS, 5300 * MS, 5400 * MS]
    assert world.fed_mono_ns == [0, 100 * MS, 5300 * MS, 5400 * MS]


def test_scan_tidies_once_a_minute() -> None:
    world = World()
    world.run_scans(1250)
    assert world.did.count("tidy") == 2


def test_scan_without_slack_does_not_tidy() -> None:
    world = World()
    world.effects["decide"] = world.spend(60 * MS)
    world.run_scans(650)
    assert world.did.count("tidy") == 0
