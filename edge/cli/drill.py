"""`denban drill`: a rehearsed handover or failover there and back, with a report that is kept.

It orders what an operator would, or kills this unit's control process, and watches. Whether the
plant is quiet enough is judged at the desk.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import msgspec

from edge.cli.acting import act, need_root, tell
from edge.cli.connection import Desk, NotRunningError, desk_of, desk_options
from edge.cli.errors import FailedError, RefusedError
from edge.cli.rehearsed import (
    Leg,
    Rehearsal,
    Sight,
    energy,
    loads_moved,
    report_text,
    sight_of,
)
from edge.cli.stopping import confirm
from edge.config.sections.service import StoreSection
from edge.keeper.duty import on_duty_unit
from edge.keeper.requests import Answer, AskDrill, AskHandover, AskStatus, DrillKind
from edge.keeper.stopping import STEADY_S
from edge.model.twin_status import TwinStatus
from edge.model.units import NS_PER_S

REPORTS: Final = Path(StoreSection().directory) / "drills"
# A year of weekly ones, and some by hand; a few kB each.
_REPORTS_MAX: Final = 200
# The picture is new twice a second.
_LOOK_S: Final = 0.25
# A change that takes longer than a silent machine's takeover has failed.
_CHANGE_S_MAX: Final = 10.0
# A control process that was killed is back, has listened and stands by.
_READY_S_MAX: Final = 60.0
_KILL: Final = (
    "/usr/bin/systemctl", "kill", "--kill-who=main", "--signal=KILL", "denban.service",
)  # fmt: skip
_KINDS: Final = [DrillKind.HANDOVER.value, DrillKind.FAILOVER.value]


@click.command()
@click.argument("unit", required=False)
@click.option("--kind", type=click.Choice(_KINDS), default=_KINDS[0], show_default=True)
@click.option(
    "--yes-stop", "named", metavar="UNIT", help="Do not ask; the unit's name, for scripts."
)
@click.option("--scheduled", is_flag=True, help="For a timer: this unit, unasked, if on duty.")
@click.option(
    "--reports", type=click.Path(path_type=Path), default=REPORTS, help="Where reports are kept."
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@desk_options
def drill(
    unit: str | None,
    kind: str,
    named: str | None,
    scheduled: bool,
    reports: Path,
    as_json: bool,
    socket_path: Path | None,
    site_path: Path | None,
) -> None:
    """Rehearse on UNIT, this machine: the duty goes to its twin and comes back."""
    desk = desk_of(socket_path, site_path)
    seen = desk.order(AskStatus())
    assert seen.identity is not None
    here = seen.identity.unit
    if scheduled:
        if seen.twin is not None and not seen.twin.on_duty:
            click.echo(f"{here}: not on duty; the unit on duty rehearses")
            return
        unit = named = here
    unit = unit or here
    where = f"drill {unit}"
    desk.order(AskDrill(unit, DrillKind(kind)))
    assert seen.twin is not None
    if kind == DrillKind.FAILOVER:
        _need_duty(where, seen.twin)
        need_root(where)
    confirm(where, unit, _means(kind, unit, seen.twin), named)
    report = Conduct(desk, DrillKind(kind), seen).run()
    text = report_text(report)
    tell(desk, where, "; ".join(text.splitlines()[1:]), done=not report.why)
    click.echo(msgspec.json.encode(report).decode() if as_json else text)
    _store(report, text, reports)
    if report.why:
        raise FailedError(f"{where}: {report.why}; see `denban events --kind twin`")


class Conduct:
    """One rehearsal; `seen` is the picture before it. Whatever happens in it, there is a report."""

    def __init__(self, desk: Desk, kind: DrillKind, seen: Answer) -> None:
        assert seen.identity is not None
        assert seen.twin is not None
        self._desk = desk
        self._kind = kind
        self._identity = seen.identity
        self._first = on_duty_unit(seen.twin) or ""
        self._second = seen.twin.peer.unit if seen.twin.on_duty else seen.twin.unit
        self._sights: list[Sight] = []
        self._legs: list[Leg] = []
        self._age_s = 0.0

    def run(self) -> Rehearsal:
        begun_utc_ns, started_s = time.time_ns(), time.monotonic()
        self._look()
        why = ""
        try:
            self._there()
            self._back()
        except (FailedError, RefusedError) as error:
            why = error.message
        booked_kwh, error_kwh = energy(self._sights)
        return Rehearsal(
            self._identity.unit,
            self._identity.site,
            self._kind.value,
            begun_utc_ns,
            time.monotonic() - started_s,
            tuple(self._legs),
            loads_moved(self._sights),
            error_kwh,
            booked_kwh,
            self._sights[0],
            self._sights[-1],
            why,
        )

    def _there(self) -> None:
        if self._kind is DrillKind.HANDOVER:
            self._hand_over(self._first, self._second)
            return
        started_s = time.monotonic()
        act("drill", _KILL)
        self._wait(lambda twin: on_duty_unit(twin) == self._second, _READY_S_MAX, "taken over")
        self._legs.append(Leg(self._first, self._second, time.monotonic() - started_s))

    def _back(self) -> None:
        """Once the pair has been at rest for as long as it takes to be believed."""
        calm_s = time.monotonic()

        def is_calm(twin: TwinStatus) -> bool:
            nonlocal calm_s
            is_ready = twin.peer.ready if twin.on_duty else twin.role == "standby"
            if on_duty_unit(twin) != self._second or not is_ready:
                calm_s = time.monotonic()
            return time.monotonic() - calm_s >= STEADY_S

        self._wait(is_calm, _READY_S_MAX, "both at rest")
        self._hand_over(self._second, self._first)

    def _hand_over(self, old: str, new: str) -> None:
        twin = self._look()
        counts = (twin.sent_count, twin.heard_count) if twin is not None else (0, 0)
        started_s = time.monotonic()
        self._desk.order(AskHandover(new))
        twin, age_s = self._wait(lambda twin: on_duty_unit(twin) == new, _CHANGE_S_MAX, "the duty")
        took_s = max(0.0, time.monotonic() - started_s - twin.since_s - age_s)
        line_s = None
        if twin.ear:
            is_here = new == self._identity.unit
            self._wait(
                lambda twin: (
                    twin.sent_count > counts[0] if is_here else twin.heard_count > counts[1]
                ),
                _CHANGE_S_MAX,
                f"a query of {new}",
            )
            line_s = time.monotonic() - started_s
        self._legs.append(Leg(old, new, took_s, line_s))

    def _wait(
        self, reached: Callable[[TwinStatus], bool], within_s: float, what: str
    ) -> tuple[TwinStatus, float]:
        """The first picture of which it holds, and its age. Raises FailedError."""
        started_s = time.monotonic()
        while time.monotonic() - started_s < within_s:
            twin = self._look()
            if twin is not None and reached(twin):
                return twin, self._age_s
            time.sleep(_LOOK_S)
        raise FailedError(f"{what}: not seen: got nothing in {within_s:.0f} s")

    def _look(self) -> TwinStatus | None:
        try:
            answer = self._desk.ask(AskStatus())
        except NotRunningError:
            return None
        twin = answer.twin
        sight = sight_of(answer, on_duty_unit(twin) if twin is not None else None)
        if sight is not None and (not self._sights or sight.mono_ns > self._sights[-1].mono_ns):
            self._sights.append(sight)
        self._age_s = answer.age_s or 0.0
        return twin


def _need_duty(where: str, twin: TwinStatus) -> None:
    if not twin.on_duty:
        raise RefusedError(
            f"{where}: a failover is rehearsed on the unit on duty: got role {twin.role}, need"
            " active; nothing was changed"
        )


def _means(kind: str, unit: str, twin: TwinStatus) -> str:
    peer = twin.peer.unit
    if kind == DrillKind.FAILOVER:
        return (
            f"the control process of {unit} is killed; {peer} takes over; then the duty comes back"
        )
    first, second = (unit, peer) if twin.on_duty else (peer, unit)
    return f"duty goes from {first} to {second} and back; relays stay"


def _store(report: Rehearsal, text: str, folder: Path) -> None:
    """For the records; the oldest go. A folder that can not be written is said, and no failure."""
    begun = datetime.fromtimestamp(report.begun_utc_ns / NS_PER_S, UTC)
    name = f"{begun:%Y%m%dT%H%M%SZ}-{report.unit}-{report.kind}"
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        (folder / f"{name}.json").write_bytes(msgspec.json.encode(report) + b"\n")
        (folder / f"{name}.txt").write_text(f"{text}\n")
        for suffix in ("json", "txt"):
            for old in sorted(folder.glob(f"*.{suffix}"))[:-_REPORTS_MAX]:
                old.unlink()
    except OSError as error:
        click.echo(f"{folder}: report not kept: got {error.strerror}; see above", err=True)
