"""Events and reports out of a real journal, in the site's time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.cli import events as events_module
from edge.keeper.archive import JOURNAL_NAME
from edge.keeper.audit import CHAIN_BEGIN, chained
from edge.keeper.journal import Journal
from edge.keeper.link import EventRecord
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.units import NS_PER_HOUR, NS_PER_MIN, NS_PER_S
from tests.cli.conftest import Invoke
from tests.cli.plant import START_UTC_NS, RecordedRun, loaded_site, write_site

_MIDNIGHT_UTC_NS = START_UTC_NS - 9 * NS_PER_HOUR


def _write(folder: Path, events: list[Event], first: int = 0) -> None:
    journal = Journal(folder / "store" / JOURNAL_NAME, 1 << 26)
    journal.append((EventRecord(1, first, tuple(events)),))
    journal.close()


def _event(
    utc_ns: int, kind: EventKind, subject: str, severity: Severity = Severity.INFO, **facts: Fact
) -> Event:
    return Event(utc_ns, utc_ns, kind, subject, severity, facts)


def _interval(hour: int, demand_kw: float, new_uwh: int, **facts: Fact) -> Event:
    start_utc_ns = _MIDNIGHT_UTC_NS + hour * NS_PER_HOUR
    known: dict[str, Fact] = {
        "start_utc_ns": start_utc_ns,
        "end_utc_ns": start_utc_ns + NS_PER_HOUR,
        "energy_kwh": demand_kw,
        "new_uwh": new_uwh,
        "demand_kw": demand_kw,
        "target_kw": 500.0,
        "binding": "contract",
        "partial": False,
        "estimated": False,
        "peak_of_month": False,
    }
    utc_ns = start_utc_ns + NS_PER_HOUR + NS_PER_S
    return _event(utc_ns, EventKind.INTERVAL_CLOSED, "demand", **(known | facts))


def _move(minutes: int, load: str, *, shed: bool) -> Event:
    utc_ns = _MIDNIGHT_UTC_NS + minutes * NS_PER_MIN
    return _event(utc_ns, EventKind.RELAY, load, shed=shed, reason="projected_over")


_DAY = [
    _move(-90, "chiller", shed=True),
    _interval(-1, 999.0, 999, peak_of_month=True),
    _move(15, "chiller", shed=False),
    _event(
        _MIDNIGHT_UTC_NS + NS_PER_HOUR, EventKind.METER, "incomer", Severity.WARNING, fault="stale"
    ),
    _interval(0, 480.0, 480_000_000_000),
    _interval(1, 520.0, 520_000_000_000, peak_of_month=True),
    _move(23 * 60 + 30, "fan", shed=True),
    _interval(23, 700.0, 100_000_000_000, partial=True, estimated=True),
    _event(
        _MIDNIGHT_UTC_NS + NS_PER_HOUR,
        EventKind.SLOT_CLOSED,
        "plan",
        Severity.WARNING,
        start_utc_ns=_MIDNIGHT_UTC_NS,
        metered_kwh=1030.0,
        planned_kwh=1000.0,
        settled_kwh=1075.2,
        deviation_kwh=75.2,
        direction="shortage",
        allowed=False,
        cost_low=902.4,
        cost_high=22560.0,
        currency="JPY",
        partial=False,
        estimated=False,
    ),
    _event(
        _MIDNIGHT_UTC_NS + 2 * NS_PER_HOUR,
        EventKind.SLOT_CLOSED,
        "plan",
        start_utc_ns=_MIDNIGHT_UTC_NS + NS_PER_HOUR,
        metered_kwh=500.0,
        planned_kwh=None,
        partial=True,
        estimated=False,
    ),
    _move(24 * 60 + 5, "fan", shed=False),
]

_PAGE = """\
2026-04-01: 1,100.0 kWh, peak 520.0 kW at 01:00:00, 1 of 3 intervals over target

interval        energy     demand     target   set by     remark
──────────────────────────────────────────────────────────────────────────────
00:00:00     480.0 kWh   480.0 kW   500.0 kW   contract
01:00:00     520.0 kWh   520.0 kW   500.0 kW   contract   peak of month
23:00:00     700.0 kWh   700.0 kW   500.0 kW   contract   partial, estimated

plan: deviation 75.2 kWh in all, cost of deviations 902 to 22,560 JPY
plan slot       planned       settled   deviation                  cost   remark
─────────────────────────────────────────────────────────────────────────────────────
00:00:00    1,000.0 kWh   1,075.2 kWh    75.2 kWh     902 to 22,560 JPY   not allowed
01:00:00              -             -           -                     -   partial

load      switchings   time shed   shed at the end
──────────────────────────────────────────────────
chiller            1      15 min   no
fan                1      30 min   yes

time       severity   what
──────────────────────────────────────────
01:00:00   warning    meter incomer: stale
"""


def test_report_adds_up_a_local_day(tmp_path: Path, invoke: Invoke) -> None:
    _write(tmp_path, _DAY)
    result = invoke("report", "2026-04-01", "--site", write_site(tmp_path))
    assert (result.exit_code, result.stderr) == (0, "")
    assert _squeezed(result.stdout) == _squeezed(_PAGE)


def _squeezed(page: str) -> list[list[str]]:
    """Cells without the widths of columns."""
    return [line.replace("─", "").split() for line in page.splitlines()]


def test_report_as_csv_has_a_row_an_interval(tmp_path: Path, invoke: Invoke) -> None:
    _write(tmp_path, _DAY)
    result = invoke("report", "2026-04-01", "--csv", "--store", tmp_path / "store")
    assert result.stdout == (
        "interval_start_local,energy_kwh,demand_kw,target_kw,set_by,remark\n"
        "2026-04-01 00:00:00,480.000000,480.000,500.000,contract,\n"
        "2026-04-01 01:00:00,520.000000,520.000,500.000,contract,peak_of_month\n"
        "2026-04-01 23:00:00,700.000000,700.000,500.000,contract,partial estimated\n"
    )


def test_report_as_json_has_the_same_figures(tmp_path: Path, invoke: Invoke) -> None:
    _write(tmp_path, _DAY)
    made = json.loads(
        invoke("report", "2026-04-01", "--json", "--store", tmp_path / "store").stdout
    )
    assert (made["energy_kwh"], made["exceeded_count"], made["cost_high"]) == (1100.0, 1, 22560.0)
    assert made["loads"] == [
        {"name": "chiller", "switchings": 1, "shed_s": 900.0, "shed_at_end": False},
        {"name": "fan", "switchings": 1, "shed_s": 1800.0, "shed_at_end": True},
    ]


def test_report_counts_a_load_that_is_shed_all_day(tmp_path: Path, invoke: Invoke) -> None:
    before = [_move(-120, "chiller", shed=True), _move(-60, "fan", shed=True)]
    _write(tmp_path, [*before, _move(-30, "fan", shed=False), _interval(0, 480.0, 1)])
    made = json.loads(
        invoke("report", "2026-04-01", "--json", "--store", tmp_path / "store").stdout
    )
    assert made["loads"] == [
        {"name": "chiller", "switchings": 0, "shed_s": 86400.0, "shed_at_end": True}
    ]


def test_report_of_a_day_without_records_is_refused(tmp_path: Path, invoke: Invoke) -> None:
    _write(tmp_path, _DAY)
    result = invoke("report", "2026-05-01", "--store", tmp_path / "store")
    assert result.exit_code == 2
    assert "nothing recorded on 2026-05-01" in result.stderr


def test_events_are_lines_in_the_sites_time(tmp_path: Path, invoke: Invoke) -> None:
    _write(tmp_path, _DAY)
    result = invoke(
        "events", "--store", tmp_path / "store", "--kind", "relay", "--kind", "meter",
        "--since", "2026-04-01T00:00", "--until", "2026-04-01T12:00",
    )  # fmt: skip
    assert result.stdout == (
        "2026-04-01 00:15:00  chiller restored: projection over the target\n"
        "2026-04-01 01:00:00  WARNING meter incomer: stale\n"
    )


def test_events_as_json_are_an_object_a_line(tmp_path: Path, invoke: Invoke) -> None:
    _write(tmp_path, [_event(7, EventKind.AUDIT, "override", user="kim", done=True)])
    result = invoke("events", "--json", "--audit", "--store", tmp_path / "store")
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {
            "mono_ns": 7,
            "utc_ns": 7,
            "kind": "audit",
            "subject": "override",
            "severity": "info",
            "facts": {"user": "kim", "done": True},
        }
    ]


def test_audit_is_verified_and_its_first_broken_entry_is_shown(
    tmp_path: Path, invoke: Invoke
) -> None:
    entries: list[Event] = []
    for number in range(3):
        entry = _event(number * NS_PER_S, EventKind.AUDIT, f"order-{number}", user="kim", done=True)
        before = str(entries[-1].facts["chain"]) if entries else CHAIN_BEGIN
        entries.append(chained(entry, before))
    _write(tmp_path / "whole", entries)
    words = ("events", "--audit", "--verify", "--store")
    result = invoke(*words, tmp_path / "whole/store")
    head = entries[-1].facts["chain"]
    assert (result.exit_code, result.stdout) == (0, f"audit: 3 entries as written; head {head}\n")
    _write(tmp_path / "cut", [entries[0], entries[2]])
    result = invoke(*words, tmp_path / "cut/store")
    assert (result.exit_code, result.stderr) == (
        1,
        (
            f"{tmp_path}/cut/store/journal.db: audit: 1 entries as written; then broken: entries"
            " before it are missing or were moved: 1970-01-01 09:00:02  order-2 asked by kim:"
            " done\n"
        ),
    )


def test_verification_without_audit_is_bad_input(tmp_path: Path, invoke: Invoke) -> None:
    _write(tmp_path, [])
    result = invoke("events", "--verify", "--store", tmp_path / "store")
    assert result.exit_code == 2


def test_events_follow_shows_each_new_one_once(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, [_move(1, "fan", shed=True)])
    turns: list[float] = []

    def sleep(seconds: float) -> None:
        turns.append(seconds)
        if len(turns) > 3:
            raise KeyboardInterrupt
        _write(tmp_path, [_move(len(turns), f"load-{len(turns)}", shed=True)], first=len(turns))

    monkeypatch.setattr(events_module.time, "sleep", sleep)
    result = invoke("events", "--follow", "--store", tmp_path / "store")
    subjects = [line.split("  ")[1].split()[0] for line in result.stdout.splitlines()]
    assert subjects == ["fan", "load-1", "load-2", "load-3"]


def test_events_of_no_journal_say_where_it_was_looked_for(tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("events", "--store", tmp_path)
    assert (result.exit_code, result.stderr) == (
        2,
        (
            f"{tmp_path / JOURNAL_NAME}: no journal here; name the site file with --site or the"
            " folder with --store\n"
        ),
    )


def test_events_of_a_torn_journal_are_refused(tmp_path: Path, invoke: Invoke) -> None:
    (tmp_path / JOURNAL_NAME).write_bytes(b"torn" * 500)
    result = invoke("events", "--store", tmp_path)
    assert result.exit_code == 2
    assert "journal not readable: got file is not a database" in result.stderr


def test_report_of_a_real_run_agrees_with_its_moves(tmp_path: Path, invoke: Invoke) -> None:
    run = RecordedRun(loaded_site(tmp_path), tmp_path, 1000)
    _write(tmp_path, run.events)
    result = invoke("report", "2026-04-01", "--json", "--site", write_site(tmp_path))
    made = json.loads(result.stdout)
    moves = [event.subject for event in run.events if event.kind is EventKind.RELAY]
    assert {load["name"]: load["switchings"] for load in made["loads"]} == {
        name: moves.count(name) for name in moves
    }
    assert [interval["partial"] for interval in made["intervals"]] == [True]
