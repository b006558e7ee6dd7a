"""The keeper's loop: takes what the control process sends, serves the desk, writes once a second.

It may wait for a disk as long as it likes: the control process never waits for it.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections import deque
from pathlib import Path
from typing import Final, assert_never

from edge.adapters.log_line import log_line
from edge.config.codec import decode_spec
from edge.keeper import link
from edge.keeper.archive import Archive
from edge.keeper.beacon import Beacon
from edge.keeper.desk import Desk
from edge.keeper.flight import FlightRecorder, Header
from edge.keeper.guarding import Guarding
from edge.keeper.heal_files import HealFiles
from edge.keeper.healer import Healer, read_boot_id
from edge.keeper.identifying import Identifying
from edge.keeper.link import (
    Alive,
    Bye,
    Condition,
    EventRecord,
    OrderRecord,
    Saved,
    ScanRecord,
    StateRecord,
    StatusRecord,
    ToControl,
)
from edge.keeper.login import LoginFiles
from edge.keeper.planning import Planning
from edge.keeper.reception import Reception, now_mono_ns
from edge.keeper.setup import KeeperSetup
from edge.model.event import Event, EventKind, Severity
from edge.model.order import Order, TakePlan, TwinOrder
from edge.model.scan import HealthSample

_TURN_S: Final = 1.0
_PLAN_TURNS: Final = 5
_PACKETS_A_TURN_MAX: Final = 512
_PLANS_TO_GIVE_MAX: Final = 64
_LAST_WAIT_S: Final = 2.0  # less than the control process waits for our end
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
        self._desk: Desk | None = None
        self._desk_trouble = ""
        folder = Path(setup.plan_folder) if setup.plan_folder else None
        self._planning = Planning(self._spec, folder, self._archive, self._give)
        self._plans_to_give: deque[TakePlan] = deque(maxlen=_PLANS_TO_GIVE_MAX)
        self._reception = Reception(
            identity,
            self._spec,
            self._archive,
            self._planning,
            Guarding(runtime, identity.unit),
            Identifying(identity, Beacon(setup.login_folder, setup.led)),
            self._give_order,
            self._give_plans,
        )
        self._login = LoginFiles(setup.login_folder, identity)
        self._healer = Healer(
            HealFiles(state, runtime), read_boot_id(), self._send, self._archive.note
        )
        self._status: StatusRecord | None = None
        self._status_mono_ns = 0
        self._to_tell: dict[int, Saved] = {}
        self._told: dict[str, bool] = {}
        self._over = False
        self._turns = 0
        peer.setblocking(False)
        self._selector.register(peer, selectors.EVENT_READ, self._receive)

    def run(self) -> None:
        """Blocks until the control process has gone; everything received is on the disk then, or a
        line in the log says how much is not.
        """
        due_s = time.monotonic()
        while not self._over:
            wait_s = max(0.0, due_s - time.monotonic())
            for key, _ in self._selector.select(wait_s):
                key.data()
            if time.monotonic() >= due_s:
                due_s = time.monotonic() + _TURN_S
                self._turn()
        self._login.close(now_mono_ns(), time.time_ns())
        self._recorder.close()
        self._archive.wait_turn(_LAST_WAIT_S)
        self._save()
        if self._archive.held_count:
            log_line(f"{self._archive.trouble}; {self._archive.held_count} events are lost")
        self._archive.close()
        if self._desk is not None:
            self._desk.close()
        self._selector.close()

    def _turn(self) -> None:
        self._tend_desk()
        self._login.turn(now_mono_ns(), time.time_ns())
        self._planning.recall(time.time_ns())
        if self._turns % _PLAN_TURNS == 0:
            self._planning.poll(now_mono_ns(), time.time_ns())
        self._turns += 1
        self._healer.turn(self._status, self._status_mono_ns, now_mono_ns(), time.time_ns())
        self._reception.take_healing(self._healer.status)
        self._recorder.flush()
        self._save()
        self._give_plans()
        self._tell_conditions()
        self._send(Alive())

    def _save(self) -> None:
        for saved in self._archive.save(now_mono_ns(), time.time_ns()):
            self._to_tell[saved.writer] = saved
        # What did not go out is said again, or the other side would hold it until the next event.
        self._to_tell = {w: saved for w, saved in self._to_tell.items() if not self._send(saved)}

    def _tend_desk(self) -> None:
        """Open the desk where there is none, also after somebody has cleaned the folder."""
        if self._desk is not None and self._desk.is_reachable:
            return
        if self._desk is not None:
            self._desk.close()
            self._desk = None
        path = Path(self._setup.socket_path)
        try:
            self._desk = Desk(
                path, self._setup.socket_group, self._selector, self._reception.answer
            )
            self._desk_trouble = ""
        except OSError as error:
            self._desk_trouble = (
                f"{path}: no desk: got {error}; control goes on without orders and status;"
                " free the folder, or give control.socket another"
            )

    def _tell_conditions(self) -> None:
        """Each once, and at each change; what did not go out is said again."""
        recorder = self._recorder.trouble
        for condition in (
            *self._archive.conditions,
            *self._planning.conditions,
            *self._healer.conditions,
            Condition(HealthSample("flight recorder", severe=False, text=recorder)),
            Condition(HealthSample("desk", severe=True, text=self._desk_trouble)),
        ):
            sample = condition.sample
            stands = bool(sample.text)
            if self._told.get(sample.name) is not stands and self._send(condition):
                self._told[sample.name] = stands
                if stands:
                    log_line(sample.text)

    def _give(self, plan: TakePlan) -> None:
        self._plans_to_give.append(plan)

    def _give_plans(self) -> None:
        while self._plans_to_give and self._send(OrderRecord(self._plans_to_give[0])):
            self._plans_to_give.popleft()

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
                self._recorder.record(message)
            case StateRecord():
                self._recorder.state(message)
                self._archive.take_state(message)
            case EventRecord():
                if any(_is_incident(event) for event in message.events):
                    self._recorder.mark()
                self._archive.take_events(message)
            case StatusRecord():
                self._status, self._status_mono_ns = message, now_mono_ns()
                self._reception.take_status(message)
                self._login.take_picture(message.twin, now_mono_ns())
            case Bye():
                self._over = True
            case _:
                assert_never(message)

    def _give_order(self, order: Order | TwinOrder) -> bool:
        return self._send(OrderRecord(order))

    def _send(self, message: ToControl) -> bool:
        try:
            self._peer.send(link.encode(message))
        except OSError:
            return False
        return True


def _is_incident(event: Event) -> bool:
    return event.kind in _INCIDENTS or event.severity is Severity.ALARM


def _new_writer() -> int:
    """A number for this run that no other run has."""
    return int.from_bytes(os.urandom(8), "big") >> 1
