"""The control process's end of the keeper: hand over and go on, whatever the keeper does.

Scans and states that do not fit are lost to the recorder (the next state closes the gap). Events
are kept until the keeper says that they are on the disk.
"""

from __future__ import annotations

from collections import deque
from typing import Final, assert_never

import msgspec

from edge.adapters.child import Child
from edge.keeper import link
from edge.keeper.link import (
    Alive,
    Bye,
    Condition,
    EventRecord,
    OrderRecord,
    Reopen,
    Saved,
    ScanHealth,
    ScanRecord,
    StateRecord,
    StatusRecord,
)
from edge.keeper.setup import KeeperSetup
from edge.model.checkpoint import Checkpoint
from edge.model.event import Event
from edge.model.healing import LineFacts
from edge.model.order import Order, TwinOrder
from edge.model.scan import HealthSample
from edge.model.status import Status
from edge.model.twin_status import TwinStatus
from edge.model.units import NS_PER_S

# More events of one scan than this go in several packets, so that each fits.
_EVENTS_A_RECORD_MAX: Final = 32
_PACKETS_A_SCAN_MAX: Final = 16
# A disk may hold up one commit for long; past this the keeper hangs and is replaced.
_SILENT_NS_MAX: Final = 60 * NS_PER_S
_STOP_WAIT_S: Final = 5.0


class KeeperHandle:
    """Owns the keeper process. `writer` numbers this run; no two runs share one."""

    def __init__(self, setup: KeeperSetup, writer: int, python_module: str = "edge.keeper") -> None:
        self._child = Child(python_module, msgspec.msgpack.encode(setup))
        self._writer = writer
        self._number = 0
        self._unsaved: deque[EventRecord] = deque()
        self._unsent = 0
        self._heard_mono_ns = 0
        self._state_bytes = 0
        self._is_losing = False
        self._is_strange = False
        self._conditions: dict[str, HealthSample] = {}
        self._to_reopen: list[str] = []
        self.events_lost = 0

    @property
    def pid(self) -> int | None:
        return self._child.pid

    @property
    def starts(self) -> int:
        return self._child.starts

    def keep_alive(self, now_mono_ns: int) -> None:
        """Start or replace the keeper where it has ended or gone silent."""
        silent_ns = now_mono_ns - max(self._heard_mono_ns, self._child.started_mono_ns)
        is_silent = silent_ns > _SILENT_NS_MAX
        if is_silent:
            self._child.kill()
        if self._child.keep_alive(now_mono_ns):
            self._unsent = len(self._unsaved)  # a new keeper has none of them
            self._is_strange = False
        self._judge(is_silent, self._child.is_failing(now_mono_ns))

    def drain(self, now_mono_ns: int) -> list[Order | TwinOrder]:
        """Orders that arrived since the last scan, at most a few; also notes what was saved."""
        orders: list[Order | TwinOrder] = []
        for packet in self._child.packets(_PACKETS_A_SCAN_MAX):
            self._heard_mono_ns = now_mono_ns
            try:
                message = link.decode_to_control(packet)
            except msgspec.MsgspecError:
                self._is_strange = True
                continue
            match message:
                case OrderRecord():
                    orders.append(message.order)
                case Saved():
                    self._forget(message)
                case Condition():
                    self._conditions[message.sample.name] = message.sample
                case Reopen():
                    self._to_reopen.append(message.line)
                case Alive():
                    pass
                case _:
                    assert_never(message)
        return orders

    @property
    def conditions(self) -> tuple[HealthSample, ...]:
        """What stands and what has gone, of the keeper and of what it keeps."""
        return tuple(self._conditions.values())

    def take_reopenings(self) -> list[str]:
        """Lines whose port is to be opened anew, as `drain` has found."""
        lines, self._to_reopen = self._to_reopen, []
        return lines

    def post_scan(self, number: int, inputs: bytes, outputs_crc: int) -> None:
        self._child.send(link.encode(ScanRecord(number, inputs, outputs_crc)))

    def post_state(self, checkpoint: Checkpoint) -> None:
        packet = link.encode(StateRecord(checkpoint))
        self._state_bytes = len(packet)
        if self._state_bytes <= link.PACKET_BYTES_MAX:
            self._child.send(packet)

    def post_status(
        self,
        status: Status,
        health: ScanHealth,
        twin: TwinStatus | None = None,
        lines: tuple[LineFacts, ...] = (),
    ) -> None:
        self._child.send(link.encode(StatusRecord(status, health, twin, lines)))

    def post_events(self, events: tuple[Event, ...]) -> None:
        """Queue events (none is fine) and send what waits; the oldest go first."""
        for begin in range(0, len(events), _EVENTS_A_RECORD_MAX):
            self._queue(events[begin : begin + _EVENTS_A_RECORD_MAX])
        while self._unsent:
            if not self._child.send(link.encode(self._unsaved[-self._unsent])):
                return
            self._unsent -= 1

    def close(self) -> None:
        """Say goodbye and wait a while for the last words to reach the disk."""
        self.post_events(())
        self._child.send(link.encode(Bye()))
        self._child.close(_STOP_WAIT_S)

    def _queue(self, events: tuple[Event, ...]) -> None:
        record = EventRecord(self._writer, self._number, events)
        self._number += len(events)
        if len(link.encode(record)) > link.PACKET_BYTES_MAX:
            self._lose(record)  # it would never pass, nor would any behind it
            return
        self._unsaved.append(record)
        self._unsent += 1
        if len(self._unsaved) > link.RECORDS_KEPT_MAX:
            self._lose(self._unsaved.popleft())
            self._unsent = min(self._unsent, len(self._unsaved))

    def _lose(self, record: EventRecord) -> None:
        self.events_lost += len(record.events)
        self._is_losing = True

    def _judge(self, is_silent: bool, is_failing: bool) -> None:
        """What only this side can see of the keeper."""
        said = (
            (
                is_silent,
                f"silent for {_SILENT_NS_MAX // NS_PER_S} s: its disk hangs; check the disk",
            ),
            (is_failing, "ends again and again soon after its start; see the service's log"),
            (self._is_strange, "speaks another version; restart the service"),
        )
        why = next((text for stands, text in said if stands), "")
        self._say("keeper", f"keeper: {why}; control goes on, nothing is recorded" if why else "")
        lost = "journal: events are being lost: the disk takes none and memory is full"
        self._say("journal", f"{lost}; free or replace the disk" if self._is_losing else "")
        large = (
            f"checkpoint: too large: got {self._state_bytes} B, need at most"
            f" {link.PACKET_BYTES_MAX} B; a restart would begin anew; file plans of fewer days or"
            " longer slots"
        )
        self._say("checkpoint", large if self._state_bytes > link.PACKET_BYTES_MAX else "")

    def _say(self, name: str, text: str) -> None:
        self._conditions[name] = HealthSample(name, severe=True, text=text)

    def _forget(self, saved: Saved) -> None:
        if saved.writer != self._writer:
            return
        self._is_losing = False
        while self._unsaved:
            oldest = self._unsaved[0]
            if oldest.first + len(oldest.events) - 1 > saved.last:
                return
            self._unsaved.popleft()
            self._unsent = min(self._unsent, len(self._unsaved))
