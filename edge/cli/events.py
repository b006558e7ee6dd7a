"""`denban events`: the journal as lines for people or for programs, straight from its file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import msgspec

from edge.cli.errors import FailedError, RefusedError
from edge.cli.records import JournalPlace, journal_of, journal_options, reading
from edge.cli.terms import date_time, moment_ns
from edge.core.explain import explain
from edge.keeper.audit import verify as audit_chain
from edge.keeper.journal import read_events
from edge.model.event import Event, EventKind
from edge.model.units import NS_PER_S

_NEVER_UTC_NS: Final = (1 << 63) - 1
_TURN_S: Final = 1.0
# The keeper writes once a second; what it writes late is still seen.
_LATE_NS: Final = 10 * NS_PER_S
# A long journal is not held in memory to know what was shown.
_GIVEN_MAX: Final = 10_000


@click.command()
@click.option("--since", "since_utc_ns", type=moment_ns, metavar="TIME", help="From this time on.")
@click.option("--until", "until_utc_ns", type=moment_ns, metavar="TIME", help="Before this time.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in EventKind]),
    help="Only these kinds; may be given more than once.",
)
@click.option("--audit", is_flag=True, help="Only who asked for what: the same as --kind audit.")
@click.option(
    "--verify",
    is_flag=True,
    help="With --audit: whether the entries are as they were written; says the first that is not.",
)
@click.option("--follow", is_flag=True, help="Go on with new events until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@journal_options
def events(
    since_utc_ns: int | None,
    until_utc_ns: int | None,
    kinds: tuple[str, ...],
    audit: bool,
    verify: bool,
    follow: bool,
    as_json: bool,
    site_path: Path | None,
    store_path: Path | None,
) -> None:
    """Show what happened and why, oldest first."""
    place = journal_of(site_path, store_path)
    if verify:
        _verify(place, audit=audit)
        return
    chosen = tuple(EventKind(kind) for kind in kinds)
    if audit:
        chosen = (*chosen, EventKind.AUDIT)
    until_utc_ns = _NEVER_UTC_NS if until_utc_ns is None else until_utc_ns
    wanted = _Wanted(place, since_utc_ns or 0, until_utc_ns, chosen)
    with reading(place):
        for event in _endless(wanted) if follow else wanted.new():
            _show(event, place, as_json)


def _verify(place: JournalPlace, *, audit: bool) -> None:
    """Raises FailedError at a broken chain."""
    if not audit:
        raise RefusedError("events: --verify needs --audit: only the audit is chained")
    with reading(place):
        entries = list(read_events(place.path, kinds=(EventKind.AUDIT,), as_written=True))
    verdict = audit_chain(entries)
    older = f", {verdict.unchained} older without a digest" if verdict.unchained else ""
    trimmed = "" if verdict.from_begin else "; what was before them was trimmed or taken out"
    said = f"audit: {verdict.whole} entries as written{older}{trimmed}"
    if verdict.broken_at is not None:
        entry = entries[verdict.broken_at]
        which = f"{date_time(entry.utc_ns, place.zone)}  {explain(entry, place.zone)}"
        raise FailedError(f"{place.path}: {said}; then broken: {verdict.why}: {which}")
    click.echo(f"{said}; head {verdict.head or 'none yet'}")


class _Wanted:
    """The chosen events of a journal; each is given once, however late it was written."""

    def __init__(
        self,
        place: JournalPlace,
        since_utc_ns: int,
        until_utc_ns: int,
        kinds: tuple[EventKind, ...],
    ) -> None:
        self._place = place
        self._since_utc_ns = since_utc_ns
        self._until_utc_ns = until_utc_ns
        self._kinds = kinds
        self._given: dict[bytes, int] = {}

    def new(self) -> Iterator[Event]:
        """What has not been given yet, oldest first. Raises sqlite3.Error."""
        newest_utc_ns = self._since_utc_ns
        for event in read_events(
            self._place.path, self._since_utc_ns, self._until_utc_ns, self._kinds
        ):
            newest_utc_ns = max(newest_utc_ns, event.utc_ns)
            key = msgspec.msgpack.encode(event)
            if key not in self._given:
                self._given[key] = event.utc_ns
                yield event
            if len(self._given) > _GIVEN_MAX:
                self._forget(newest_utc_ns)
        self._since_utc_ns = max(self._since_utc_ns, newest_utc_ns - _LATE_NS)
        self._forget(newest_utc_ns)

    def _forget(self, newest_utc_ns: int) -> None:
        oldest_utc_ns = newest_utc_ns - _LATE_NS
        self._given = {k: utc_ns for k, utc_ns in self._given.items() if utc_ns >= oldest_utc_ns}


def _endless(wanted: _Wanted) -> Iterator[Event]:
    while True:
        yield from wanted.new()
        try:
            time.sleep(_TURN_S)
        except KeyboardInterrupt:
            return


def _show(event: Event, place: JournalPlace, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(_with_names(event)).decode())
        return
    severity = "" if event.severity == "info" else f"{event.severity.upper()} "
    click.echo(f"{date_time(event.utc_ns, place.zone)}  {severity}{explain(event, place.zone)}")


def _with_names(event: Event) -> dict[str, object]:
    """The journal's records are arrays; a program wants names."""
    return {name: getattr(event, name) for name in event.__struct_fields__}
