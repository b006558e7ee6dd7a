"""The site's clock: what slews, what is ignored, what re-labels, and what intervals make of it."""

from __future__ import annotations

from edge.core.demand.siteclock import RELABEL_STEADY_NS, SLEW_LIMIT_NS
from edge.model.event import EventKind, Severity
from edge.model.scan import ClockTrust
from edge.model.spec import DemandMethod
from edge.model.units import NS_PER_S
from tests.core.demand.site import BOOT_MONO_NS, KWH, MIN, NOON_UTC_NS, Site, demand_spec, plan_spec


def _reasons(site: Site) -> list[tuple[object, object]]:
    return [
        (event.facts["reason"], event.facts.get("cleared", False))
        for event in site.of_kind(EventKind.CLOCK)
    ]


def test_small_difference_is_slewed_at_500_ppm() -> None:
    site = Site()
    site.run(MIN, 60_000.0)
    site.offset_ns += NS_PER_S
    site.run(10 * MIN, 60_000.0)
    ahead_ns = site.now_mono_ns + site.offset_ns - site.step.site_utc_ns
    assert ahead_ns == NS_PER_S - 10 * MIN * 500 // 1_000_000
    site.run(30 * MIN, 60_000.0)
    assert site.step.site_utc_ns == site.now_mono_ns + site.offset_ns
    assert site.of_kind(EventKind.CLOCK) == []


def test_scans_faster_than_once_a_second_slew_no_faster() -> None:
    site = Site()
    site.run(NS_PER_S, 60_000.0, NS_PER_S // 10)
    site.offset_ns -= NS_PER_S
    site.run(10 * NS_PER_S, 60_000.0, NS_PER_S // 10)
    assert site.step.site_utc_ns - site.now_mono_ns - site.offset_ns == NS_PER_S - 5_000_000


def test_trap_05_clock_step_makes_no_29_or_31_minute_interval() -> None:
    """Neither a step without trust nor a slewed difference changes an interval's real length."""
    site = Site()
    site.run(10 * MIN, 60_000.0)
    site.trust = ClockTrust.UNTRUSTED
    site.offset_ns += MIN
    site.run(30 * MIN, 60_000.0)
    site.offset_ns -= 2 * MIN
    site.run(50 * MIN, 60_000.0)
    assert site.intervals("start_utc_ns", "length_s", "new_uwh", "partial") == [
        (NOON_UTC_NS, 1800.0, 30 * KWH, False),
        (NOON_UTC_NS + 30 * MIN, 1800.0, 30 * KWH, False),
        (NOON_UTC_NS + 60 * MIN, 1800.0, 30 * KWH, False),
    ]
    assert _reasons(site) == [("step_ignored", False)]


def test_trap_05_clock_that_slews_two_seconds_leaves_intervals_whole() -> None:
    site = Site()
    site.run(10 * MIN, 60_000.0)
    site.offset_ns += SLEW_LIMIT_NS
    site.run(80 * MIN, 60_000.0)
    assert [partial for (partial,) in site.intervals("partial")] == [False, False, False]
    lengths = [length for (length,) in site.intervals("length_s")]
    assert all(1799.0 < length <= 1800.0 for length in lengths)
    assert sum(new for (new,) in site.intervals("new_uwh")) <= site.booked_uwh


def test_trusted_clock_that_says_another_time_relabels_after_a_steady_minute() -> None:
    site = Site()
    site.trust = ClockTrust.UNTRUSTED
    site.run(10 * MIN, 60_000.0)
    site.trust = ClockTrust.NTP
    site.offset_ns += 5 * MIN
    site.run(40 * MIN, 60_000.0)
    # Labelled anew at 12:16 of the right time, 11 minutes after the start.
    assert site.intervals("start_utc_ns", "new_uwh", "partial", "peak_of_month") == [
        (NOON_UTC_NS, 11 * KWH, True, False),
        (NOON_UTC_NS, 14 * KWH, True, False),
    ]
    assert _reasons(site) == [
        ("label_untrusted", False),
        ("step_ignored", False),
        ("relabelled", False),
        ("step_ignored", True),
        ("label_untrusted", True),
    ]
    site.run(10 * MIN, 60_000.0)
    assert site.intervals("new_uwh", "partial")[2:] == [(30 * KWH, False)]
    assert site.step.label_trusted


def test_step_that_does_not_stay_never_relabels() -> None:
    site = Site()
    for _ in range(10):
        site.run(RELABEL_STEADY_NS // 2, 60_000.0)
        site.offset_ns += 10 * NS_PER_S
    assert ("relabelled", False) not in _reasons(site)


def test_step_that_goes_back_is_reported_once_and_cleared() -> None:
    site = Site()
    site.run(MIN, 60_000.0)
    site.offset_ns += MIN
    site.run(30 * NS_PER_S, 60_000.0)
    site.offset_ns -= MIN
    site.run(MIN, 60_000.0)
    assert _reasons(site) == [("step_ignored", False), ("step_ignored", True)]
    assert site.of_kind(EventKind.CLOCK)[0].facts == {
        "reason": "step_ignored",
        "difference_s": 60.0,
        "trust": "ntp",
    }
    assert site.step.site_utc_ns == site.now_mono_ns + site.offset_ns


def test_step_in_holdover_is_somebodys_hand_and_never_relabels() -> None:
    site = Site()
    site.trust = ClockTrust.HOLDOVER
    site.run(MIN, 60_000.0)
    site.offset_ns += 5 * MIN
    site.run(10 * MIN, 60_000.0)
    assert site.step.site_utc_ns == NOON_UTC_NS + 11 * MIN
    assert site.step.label_trusted


def test_first_label_without_trust_is_taken_and_marked() -> None:
    site = Site()
    site.trust = ClockTrust.UNTRUSTED
    (event,) = site.scan()
    assert (event.kind, event.subject, event.severity, event.facts) == (
        EventKind.CLOCK,
        "site",
        Severity.WARNING,
        {"reason": "label_untrusted"},
    )
    assert not site.step.label_trusted
    assert site.step.site_utc_ns == NOON_UTC_NS
    assert site.now_mono_ns == BOOT_MONO_NS


def test_trust_that_agrees_only_clears_the_mark() -> None:
    site = Site()
    site.trust = ClockTrust.UNTRUSTED
    site.run(10 * MIN, 60_000.0)
    site.trust = ClockTrust.NTP
    site.run(20 * MIN, 60_000.0)
    assert _reasons(site) == [("label_untrusted", False), ("label_untrusted", True)]
    assert site.intervals("partial", "label_trusted") == [(False, True)]


def test_untrusted_clock_slews_nothing() -> None:
    site = Site()
    site.trust = ClockTrust.UNTRUSTED
    site.run(MIN, 60_000.0)
    site.offset_ns += NS_PER_S
    site.run(30 * MIN, 60_000.0)
    assert site.step.site_utc_ns == NOON_UTC_NS + 31 * MIN


def test_relabel_closes_the_plan_slot_and_the_window_as_partial() -> None:
    site = Site(
        demand_spec(DemandMethod.SLIDING, 15, 5),
        plan=plan_spec(),
    )
    site.run(20 * MIN, 60_000.0)
    site.offset_ns += 5 * MIN
    site.run(40 * MIN, 60_000.0)
    slots = [
        (event.facts["metered_uwh"], event.facts["partial"])
        for event in site.of_kind(EventKind.SLOT_CLOSED)
    ]
    assert slots == [(21 * KWH, True), (4 * KWH, True), (30 * KWH, False)]
    partial = [flag for (flag,) in site.intervals("partial")]
    # 12:05 .. 12:20; cut at 12:21, which is 12:26; 12:30, 12:35, 12:40 with it, then whole again.
    assert partial[:4] == [True, True, False, False]
    assert partial[4:8] == [True, True, True, True]
    assert partial[8:] == [False] * len(partial[8:])
    assert sum(new for (new,) in site.intervals("new_uwh")) == site.booked_uwh


def test_relabel_before_the_first_booking_loses_nothing() -> None:
    site = Site()
    site.scan()
    site.offset_ns += 5 * MIN
    while site.now_mono_ns < BOOT_MONO_NS + 2 * MIN:
        site.now_mono_ns += NS_PER_S
        site.scan()
    assert ("relabelled", False) in _reasons(site)
    site.run(60 * MIN, 60_000.0)
    assert [partial for (partial,) in site.intervals("partial")] == [True, False]
