"""Leap seconds, smeared or repeated, changes of clocks both ways, and every order of trust: labels
follow, intervals stay whole, and no energy is made or lost.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest

from edge.model.event import EventKind
from edge.model.scan import ClockTrust
from edge.model.units import NS_PER_HOUR, NS_PER_S
from tests.core.demand.site import KWH, MIN, Site, demand_spec, plan_spec

_BERLIN = ZoneInfo("Europe/Berlin")
_W = 60_000.0
# Two hours before the end of a June, when leap seconds come.
_EVE_UTC_NS = int(datetime(2026, 6, 30, 22, tzinfo=UTC).timestamp()) * NS_PER_S


def _open_uwh(site: Site) -> int:
    intervals = site.state.intervals
    parts = [part for part in (intervals.closing, intervals.running) if part is not None]
    return sum(part.import_uwh for part in parts)


def _clock_reasons(site: Site) -> list[object]:
    return [event.facts["reason"] for event in site.of_kind(EventKind.CLOCK)]


@pytest.mark.parametrize("step_ns", [-NS_PER_S, NS_PER_S], ids=["23:59:60", "no 23:59:59"])
@pytest.mark.parametrize("trust", [ClockTrust.NTP, ClockTrust.RTC, ClockTrust.HOLDOVER])
def test_leap_second_that_the_clock_repeats_or_skips_is_slewed_without_a_word(
    step_ns: int, trust: ClockTrust
) -> None:
    site = Site(start_utc_ns=_EVE_UTC_NS)
    site.trust = trust
    site.run(2 * NS_PER_HOUR, _W, 5 * NS_PER_S)
    site.offset_ns += step_ns
    site.run(2 * NS_PER_HOUR, _W, 5 * NS_PER_S)
    closed = site.intervals("start_utc_ns", "partial")
    assert closed == [(_EVE_UTC_NS + i * 30 * MIN, False) for i in range(len(closed))]
    lengths = [length for (length,) in site.intervals("length_s")]
    assert all(abs(length - 1800) < 0.91 for length in lengths)
    assert abs(sum(lengths) - 1800 * len(lengths)) <= 1  # the second itself, spread out
    energy_uwh = sum(new for (new,) in site.intervals("new_uwh"))
    assert energy_uwh + _open_uwh(site) == site.booked_uwh
    assert site.step.site_utc_ns == site.now_mono_ns + site.offset_ns
    assert _clock_reasons(site) == []


def test_leap_second_that_servers_smear_over_a_day_moves_no_interval_by_more_than_22_ms() -> None:
    """A linear smear of 24 h, noon to noon, is 11.6 ppm."""
    site = Site(start_utc_ns=_EVE_UTC_NS - 10 * NS_PER_HOUR + 15 * MIN)
    for _ in range(24 * 60):
        site.offset_ns -= NS_PER_S // (24 * 60)
        site.run(MIN, _W, 10 * NS_PER_S)
    first, *lengths = [length for (length,) in site.intervals("length_s")]
    assert first < 1800  # it began in the middle of one
    assert len(lengths) == 47
    assert all(0 <= length - 1800 <= 0.022 for length in lengths)
    assert not any(partial for (partial,) in site.intervals("partial")[1:])
    assert sum(new for (new,) in site.intervals("new_uwh")) + _open_uwh(site) == site.booked_uwh
    assert _clock_reasons(site) == []


def test_leap_second_without_trust_moves_nothing() -> None:
    site = Site(start_utc_ns=_EVE_UTC_NS)
    site.trust = ClockTrust.UNTRUSTED
    site.run(NS_PER_HOUR, _W)
    site.offset_ns -= NS_PER_S
    site.run(NS_PER_HOUR, _W)
    assert {length for (length,) in site.intervals("length_s")} == {1800.0}


@pytest.mark.parametrize(
    ("day", "hours", "slots"),
    [
        (datetime(2026, 3, 29, tzinfo=_BERLIN), 23, 46),
        (datetime(2026, 10, 25, tzinfo=_BERLIN), 25, 50),
    ],
    ids=["clocks forward", "clocks back"],
)
def test_day_with_a_change_of_clocks_closes_its_own_number_of_whole_intervals_and_slots(
    day: datetime, hours: int, slots: int
) -> None:
    midnight_utc_ns = round(day.timestamp()) * NS_PER_S
    site = Site(demand_spec(), plan=plan_spec(), start_utc_ns=midnight_utc_ns, timezone=_BERLIN)
    site.run(hours * NS_PER_HOUR, _W, 10 * NS_PER_S)
    site.run(10 * NS_PER_S, _W, 10 * NS_PER_S)
    starts = [(midnight_utc_ns + i * 30 * MIN, 30 * KWH, False) for i in range(slots)]
    assert site.intervals("start_utc_ns", "new_uwh", "partial") == starts
    closed = [event.facts for event in site.of_kind(EventKind.SLOT_CLOSED)]
    assert [(f["start_utc_ns"], f["partial"]) for f in closed] == [(s, False) for s, _, _ in starts]
    local = datetime.fromtimestamp((site.now_mono_ns + site.offset_ns) // NS_PER_S, _BERLIN)
    assert (local.hour, local.minute) == (0, 0)


@pytest.mark.parametrize("trusts", list(permutations(ClockTrust))[::4])
def test_trust_in_any_order_with_a_clock_that_jumps_at_each_change_keeps_all_energy(
    trusts: tuple[ClockTrust, ...],
) -> None:
    site = Site(plan=plan_spec())
    for number, trust in enumerate(trusts):
        site.trust = trust
        site.offset_ns += (-1) ** number * (7 + number) * MIN
        site.run(40 * MIN, _W, 2 * NS_PER_S)
    site.trust = ClockTrust.NTP
    site.run(10 * MIN, _W, 2 * NS_PER_S)
    assert sum(new for (new,) in site.intervals("new_uwh")) + _open_uwh(site) == site.booked_uwh
    whole = [f for f in site.intervals("partial", "length_s", "new_uwh") if not f[0]]
    assert all((length, new) == (1800.0, 30 * KWH) for _, length, new in whole)
    assert site.step.label_trusted
    assert site.step.site_utc_ns == site.now_mono_ns + site.offset_ns
