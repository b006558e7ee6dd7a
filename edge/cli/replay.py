"""`denban replay`: a recording decided again, to show why each relay moved and that it was so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfoNotFoundError

import click
import msgspec
from msgspec import Struct

from edge.cli.errors import FailedError, RefusedError
from edge.cli.screen import note, show, show_json, table
from edge.cli.status_view import picture_view
from edge.cli.terms import date_time, moment_ns
from edge.config.codec import decode_spec
from edge.core.explain import explain
from edge.core.replay import Replay
from edge.keeper.flight import Frame, Header, read_segment, segments_in
from edge.keeper.link import ScanRecord, StateRecord
from edge.model.event import Event, EventKind
from edge.model.spec import ControlSpec
from edge.model.status import Status
from edge.model.units import NS_PER_MIN

_AROUND_NS: Final = NS_PER_MIN
_DIFFERENCES_MAX: Final = 20


class Difference(Struct, frozen=True):
    """Where the replay did not come out as recorded: ``outputs`` or ``state`` after a scan."""

    scan: int
    utc_ns: int
    what: str


class Retold(Struct):
    """What a replay has found. `picture` is the status at the time that was asked for;
    `adoptions` counts the states that a twin has taken over from its peer.
    """

    unit: str = ""
    site: str = ""
    version: str = ""
    scans: int = 0
    states: int = 0
    gaps: int = 0
    adoptions: int = 0
    differences_count: int = 0
    differences: list[Difference] = []
    moves: list[Event] = []
    picture: Status | None = None


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.option("--at", "at_utc_ns", type=moment_ns, metavar="TIME", help="Look at this time only.")
@click.option("--load", "load_name", metavar="LOAD", help="Only moves of this load.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def replay(recording: Path, at_utc_ns: int | None, load_name: str | None, as_json: bool) -> None:
    """Decide a RECORDING again and compare.

    RECORDING is a segment or a folder of them. Prints each move of a relay with its reason and
    numbers. Exit code 1 if anything differs.
    """
    teller = _Teller(at_utc_ns, load_name)
    try:
        for segment in _segments(recording):
            for frame in read_segment(segment):
                teller.take(frame)
    except (ValueError, OSError, ZoneInfoNotFoundError, msgspec.MsgspecError) as error:
        raise RefusedError(
            f"{recording}: not replayed: got {error}; record and replay with the same version of"
            " denban"
        ) from error
    if teller.spec is None:
        raise RefusedError(f"{recording}: nothing to replay: got no whole segment")
    retold = teller.retold
    if as_json:
        show_json(retold)
    else:
        _show(retold, teller.spec)
    if retold.differences_count:
        first = retold.differences[0]
        raise FailedError(
            f"{recording}: the replay differs: got other {first.what} after scan {first.scan} at"
            f" {date_time(first.utc_ns, teller.spec.timezone)}, {retold.differences_count}"
            " differences in all; please report it with the recording"
        )


class _Teller:
    """Takes frame after frame. A new site or a gap begins the replay anew at the next state."""

    def __init__(self, at_utc_ns: int | None, load_name: str | None) -> None:
        self._at_utc_ns = at_utc_ns
        self._load_name = load_name
        self._spec_bytes = b""
        self._replay: Replay | None = None
        self.spec: ControlSpec | None = None
        self.retold = Retold()

    def take(self, frame: Frame) -> None:
        if isinstance(frame, Header):
            self._take_header(frame)
        elif isinstance(frame, StateRecord):
            self._take_state(frame)
        else:
            self._take_scan(frame)

    def _take_header(self, header: Header) -> None:
        retold = self.retold
        retold.unit, retold.site, retold.version = header.unit, header.site, header.version
        if header.spec != self._spec_bytes:
            self._spec_bytes = header.spec
            self.spec = decode_spec(header.spec)
            self._replay = Replay(self.spec)

    def _take_state(self, record: StateRecord) -> None:
        checkpoint = record.checkpoint
        replay = self._known_replay()
        if not replay.meets(checkpoint):
            self.retold.gaps += self.retold.scans > 0
            replay.begin(checkpoint)
        elif checkpoint.adopted:
            # The peer's state replaced this unit's here: the scans before do not lead to it.
            self.retold.adoptions += 1
            replay.begin(checkpoint)
        elif not replay.state_is(checkpoint):
            self._differ(checkpoint.scan_number, checkpoint.utc_ns, "state")
            replay.begin(checkpoint)
        else:
            self.retold.states += 1

    def _take_scan(self, record: ScanRecord) -> None:
        replay = self._known_replay()
        if not replay.follows(record.number):
            return
        done = replay.step(record.inputs, record.outputs_crc)
        self.retold.scans += 1
        if not done.same:
            self._differ(record.number, done.inputs.now_utc_ns, "outputs")
        if self._at_utc_ns is not None and done.inputs.now_utc_ns <= self._at_utc_ns:
            self.retold.picture = replay.status()
        self.retold.moves.extend(self._told(done.outputs.events))

    def _told(self, events: tuple[Event, ...]) -> Iterator[Event]:
        for event in events:
            near = self._at_utc_ns is None or abs(event.utc_ns - self._at_utc_ns) <= _AROUND_NS
            if event.kind is EventKind.RELAY and near and self._load_name in {None, event.subject}:
                yield event

    def _differ(self, scan: int, utc_ns: int, what: str) -> None:
        self.retold.differences_count += 1
        if len(self.retold.differences) < _DIFFERENCES_MAX:
            self.retold.differences.append(Difference(scan, utc_ns, what))

    def _known_replay(self) -> Replay:
        if self._replay is None:
            raise ValueError("a segment without its header")
        return self._replay


def _segments(recording: Path) -> list[Path]:
    if not recording.exists():
        raise RefusedError(f"{recording}: no such recording; nothing was replayed")
    found = segments_in(recording)
    # An incident and the ring may hold the same minute: once is enough.
    return list({segment.name.split(".")[0]: segment for segment in found}.values())


def _show(retold: Retold, spec: ControlSpec) -> None:
    zone = spec.timezone
    rows = [(date_time(move.utc_ns, zone), explain(move, zone)) for move in retold.moves]
    show(f"{retold.unit}, {retold.site}: recorded by denban {retold.version}", "")
    if retold.picture is not None:
        show(f"as it was at {date_time(retold.picture.utc_ns, zone)}:")
        show(*picture_view(retold.picture), "")
    show(table(("time", "move"), rows) if rows else "no relay moved", "")
    for difference in retold.differences:
        note(
            f"scan {difference.scan} at {date_time(difference.utc_ns, zone)}: other "
            f"{difference.what} than recorded"
        )
    verdict = "differs" if retold.differences_count else "the same, bit for bit"
    gaps = f", {retold.gaps} gaps" if retold.gaps else ""
    gaps += f", taken over from the peer {retold.adoptions} times" if retold.adoptions else ""
    show(f"{retold.scans} scans and {retold.states} states decided again{gaps}: {verdict}")
