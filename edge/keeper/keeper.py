"""The keeper's loop: takes what the control process sends, serves the desk, writes once a second.

It may wait for a disk as long as it likes: the control process never waits for it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, assert_never

import msgspec

from edge.config.codec import decode_spec
from edge.core.demand.plan import read_plan
from edge.keeper import link
from edge.keeper.archive import Archive
from edge.keeper.desk import Asker, Desk
from edge.keeper.flight import FlightRecorder, Header
from edge.keeper.link import (
    Alive,
    Bye,
    EventRecord,
    OrderRecord,
    ScanRecord,
    StateRecord,
    StatusRecord,
    ToControl,
)
from edge.keeper.orders import order_of
from edge.keeper.plans import PlanFile, PlanFolder
from edge.keeper.requests import Answer, AskPlanImport, AskStatus, Request
from edge.keeper.setup import KeeperSetup
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.order import TakePlan
from edge.model.plan import Plan
from edge.model.problem import ProblemsError

_TURN_S: Final = 1.0
_PLAN_TURNS: Final = 5
_PACKETS_A_TURN_MAX: Final = 512
_PROBLEMS_TOLD_MAX: Final = 10
_INCIDENTS: Final = frozenset({EventKind.RELAY, EventKind.STAGE, EventKind.STOPPED})


class Keeper:
    """Lives until the control process says Bye or its end of `peer` closes."""

    def __init__(self, setup: KeeperSetup, peer: socket.socket) -> None:
        state = Path(setup.state_folder)
        runtime = Path(setup.runtime_folder)
        self._setup = setup
        self._peer = peer
        self._spec = decode_spec(setup.spec)
        self._archive = Archive(state, setup.journal_bytes_max, _new_writer())
        identity = setup.identity
        header = Header(identity.version, identity.unit, identity.site, setup.spec)
        self._recorder = FlightRecorder(
            header, runtime / "flight", state / "incidents", setup.recorder_bytes_max
        )
        self._selector = selectors.DefaultSelector()
        self._desk = Desk(Path(setup.socket_path), setup.socket_group, self._selector, self._handle)
        self._folder = PlanFolder(Path(setup.plan_folder)) if setup.plan_folder else None
        self._plans: dict[str, Plan] = {}
        self._status: StatusRecord | None = None
        self._status_mono_ns = 0
        self._recorder_trouble = ""
        self._over = False
        self._turns = 0
        peer.setblocking(False)
        self._selector.register(peer, selectors.EVENT_READ, self._receive)

    def run(self) -> None:
        """Blocks until the control process has gone; everything received is on the disk then."""
        self._recall_plans()
        due_s = time.monotonic()
        while not self._over:
            wait_s = max(0.0, due_s - time.monotonic())
            for key, _ in self._selector.select(wait_s):
                key.data()
            if time.monotonic() >= due_s:
                due_s = time.monotonic() + _TURN_S
                self._turn()
        self._turn()
        self._record(self._recorder.close)
        self._archive.close()
        self._desk.close()
        self._selector.close()

    def _turn(self) -> None:
        self._turns += 1
        if self._folder is not None and self._turns % _PLAN_TURNS == 0:
            for file in self._folder.poll():
                self._take_plan(file, "plan folder")
        self._record(self._recorder.flush)
        for answer in self._archive.save(_now_mono_ns(), time.time_ns()):
            self._send(answer)
        self._send(Alive())

    def _record(self, action: Callable[[], None]) -> None:
        """A recorder without a disk is no reason to stop keeping events; it says so once."""
        try:
            action()
        except OSError as error:
            if str(error) != self._recorder_trouble:
                self._recorder_trouble = str(error)
                with contextlib.suppress(OSError):  # the log may lie on the same disk
                    print(f"flight recorder: {error}", file=sys.stderr, flush=True)

    def _receive(self) -> None:
        for _ in range(_PACKETS_A_TURN_MAX):
            try:
                packet = self._peer.recv(link.PACKET_BYTES_MAX)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            if not packet:  # the control process died: what it was doing is an incident
                self._recorder.mark()
                self._over = True
                return
            self._take(link.decode_to_keeper(packet))

    def _take(self, message: link.ToKeeper) -> None:
        match message:
            case ScanRecord():
                self._record(lambda: self._recorder.record(message))
            case StateRecord():
                self._record(lambda: self._recorder.state(message))
                self._archive.take_state(message)
            case EventRecord():
                if any(_is_incident(event) for event in message.events):
                    self._recorder.mark()
                self._archive.take_events(message)
            case StatusRecord():
                self._status = message
                self._status_mono_ns = _now_mono_ns()
            case Bye():
                self._over = True
            case _:
                assert_never(message)

    def _handle(self, asker: Asker, request: Request) -> Answer:
        if isinstance(request, AskStatus):
            return self._answer_status()
        if isinstance(request, AskPlanImport):
            answer = self._take_plan(PlanFile(request.name, request.day, request.data), asker.user)
        else:
            answer = self._give_order(asker, request)
        self._audit(asker, request, answer)
        return answer

    def _give_order(self, asker: Asker, request: Request) -> Answer:
        order = order_of(request, self._spec, asker.user)
        if isinstance(order, str):
            return Answer(ok=False, text=order)
        if not self._send(OrderRecord(order)):
            return Answer(ok=False, text="control process: takes no orders now; try again")
        return Answer(ok=True)

    def _answer_status(self) -> Answer:
        newest = self._status
        if newest is None:
            return Answer(ok=False, text="no scan has been completed yet; try again")
        age_s = (_now_mono_ns() - self._status_mono_ns) / 1e9
        return Answer(
            ok=True,
            identity=self._setup.identity,
            status=newest.status,
            health=newest.health,
            age_s=age_s,
        )

    def _take_plan(self, file: PlanFile, who: str) -> Answer:
        spec = self._spec.plan
        if spec is None:
            return Answer(ok=False, text="plan: refused: the site file has no [plan] section")
        try:
            plan = read_plan(
                file.data,
                date.fromisoformat(file.day),
                self._spec.timezone,
                spec,
                time.time_ns(),
                self._plans.get(file.day),
                self._spec.demand.contract_w,
            )
        except (ProblemsError, ValueError) as error:
            refused = _told(error)
            self._note(EventKind.PLAN, file.name, Severity.WARNING, refused=refused, by=who)
            return Answer(ok=False, text=refused)
        known = self._plans.get(file.day)
        if known is not None and known.version == plan.version:
            return Answer(ok=True, text=f"{file.name}: already in force as version {plan.version}")
        self._plans[file.day] = plan
        self._archive.take_plan(plan, file.data)
        self._send(OrderRecord(TakePlan(plan, who)))
        return Answer(ok=True, text=f"{file.name}: in force as version {plan.version}")

    def _recall_plans(self) -> None:
        """Give the control process the plans of today and later again: it may have lost them."""
        today = (
            datetime.fromtimestamp(time.time_ns() / 1e9, UTC).astimezone(self._spec.timezone).date()
        )
        for plan in self._archive.plans_since(today.isoformat()):
            self._plans[plan.day] = plan
            self._send(OrderRecord(TakePlan(plan, "journal")))

    def _audit(self, asker: Asker, request: Request, answer: Answer) -> None:
        words: dict[str, Fact] = {
            key: value
            for key, value in msgspec.to_builtins(request).items()
            if isinstance(value, int | float | str | bool | None) and key != "data"
        }
        self._note(
            EventKind.AUDIT,
            str(words.pop("type")),
            Severity.INFO,
            user=asker.user,
            uid=asker.uid,
            pid=asker.pid,
            done=answer.ok,
            answer=answer.text,
            **words,
        )

    def _note(self, kind: EventKind, subject: str, severity: Severity, **facts: Fact) -> None:
        event = Event(_now_mono_ns(), time.time_ns(), kind, subject, severity, facts)
        self._archive.note(event)

    def _send(self, message: ToControl) -> bool:
        try:
            self._peer.send(link.encode(message))
        except OSError:
            return False
        return True


def _is_incident(event: Event) -> bool:
    return event.kind in _INCIDENTS or event.severity is Severity.ALARM


def _told(error: ProblemsError | ValueError) -> str:
    """What is wrong, in a bounded number of lines: a plan in kW is wrong in every slot."""
    lines = str(error).splitlines()
    more = len(lines) - _PROBLEMS_TOLD_MAX
    return "\n".join(lines[:_PROBLEMS_TOLD_MAX] + ([f"and {more} more"] if more > 0 else []))


def _new_writer() -> int:
    """A number for this run that no other run has."""
    return int.from_bytes(os.urandom(8), "big") >> 1


def _now_mono_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
