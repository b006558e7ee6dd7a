"""Carries out what edge.core.healing decides: asks the root program, the twin, the bus workers.

Runs once a second in the keeper, which may wait for a disk. Only a fresh picture of the control
process is acted upon.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.core.healing.healing import Healing
from edge.keeper.heal_files import HealFiles
from edge.keeper.link import Condition, OrderRecord, Reopen, StatusRecord, ToControl
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.healing import (
    HealingInputs,
    HealingOutputs,
    HealingStatus,
    HealNote,
    HealRequest,
    HelperResult,
    LineFacts,
    PairFacts,
    Rung,
)
from edge.model.order import Handover
from edge.model.scan import HealthSample
from edge.model.twin import Role
from edge.model.twin_status import TwinStatus
from edge.model.units import NS_PER_S

WHO: Final = "healing"
# Twice a second there is a new one; of a control process that stands nothing is concluded.
PICTURE_NS_MAX: Final = 3 * NS_PER_S
_IMPAIRED: Final = frozenset({"impaired", "last_resort", "unfit"})
_ON_DUTY: Final = frozenset({Role.ACTIVE.value, Role.YIELD.value})


class Healer:
    """`send` gives a message to the control process, `note` an event to the journal."""

    def __init__(
        self,
        files: HealFiles,
        boot_id: str,
        send: Callable[[ToControl], bool],
        note: Callable[[Event], None],
        is_there: Callable[[str], bool] = os.path.exists,
    ) -> None:
        self._files = files
        self._boot_id = boot_id
        self._send = send
        self._note = note
        self._is_there = is_there
        self._healing = Healing(files.load(), os.urandom(4).hex())
        self._failed: HelperResult | None = None
        self._can_note = True
        self._lines: tuple[str, ...] = ()
        self.status: tuple[HealingStatus, ...] = ()

    def turn(
        self, picture: StatusRecord | None, picture_mono_ns: int, now_mono_ns: int, now_utc_ns: int
    ) -> None:
        """`picture` was taken at `picture_mono_ns`."""
        if picture is None or now_mono_ns - picture_mono_ns > PICTURE_NS_MAX:
            return
        rebooting_before = self._healing.memory.rebooting
        outputs = self._healing.step(
            HealingInputs(
                now_mono_ns,
                now_utc_ns,
                self._boot_id,
                picture.lines,
                frozenset(facts.line for facts in picture.lines if self._is_device(facts)),
                None if picture.twin is None else pair_facts(picture.twin),
                self._take_result(),
                self._can_note,
            )
        )
        tries = bool(outputs.reopen) or outputs.request is not None
        if tries or self._healing.memory.rebooting != rebooting_before:
            self._can_note = self._files.save(self._healing.memory)
        self._carry_out(outputs)
        for note in outputs.notes:
            self._note(_event(note, now_mono_ns, now_utc_ns))
        self._lines = tuple(facts.line for facts in picture.lines)
        self.status = outputs.status

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """For the alarm board: one of each line, and one of the memory's disk."""
        texts = {status.line: words(status) for status in self.status}
        return tuple(
            Condition(HealthSample(f"healing {line}", severe=False, text=texts.get(line, "")))
            for line in self._lines
        )

    def _is_device(self, facts: LineFacts) -> bool:
        return bool(facts.port) and self._is_there(facts.port)

    def _carry_out(self, outputs: HealingOutputs) -> None:
        if outputs.reopen:
            self._send(Reopen(outputs.reopen))
        if outputs.handover_to:
            self._send(OrderRecord(Handover(outputs.handover_to, WHO)))
        request = outputs.request
        if request is None:
            return
        may_ask = self._can_note or request.rung < Rung.PORT_POWER
        if not may_ask or not self._files.ask(request):
            self._fail(request)

    def _fail(self, request: HealRequest) -> None:
        """Answered in the next turn, as if the root program had."""
        self._failed = HelperResult(request.id, request.rung, False, self._files.trouble, 0)

    def _take_result(self) -> HelperResult | None:
        failed, self._failed = self._failed, None
        return failed or self._files.take_result()


def words(status: HealingStatus) -> str:
    """One line of it for people, without the line's name."""
    return f"rung {status.rung} of {status.of}, {status.text}"


def pair_facts(twin: TwinStatus) -> PairFacts:
    """What healing needs of the pair's picture."""
    peer = twin.peer
    return PairFacts(
        on_duty=twin.on_duty,
        holds_bus=twin.holds_bus,
        bus_lost=twin.bus_lost,
        peer=peer.unit,
        peer_heard=peer.heard,
        peer_ready=peer.ready,
        peer_on_duty=peer.heard and peer.role in _ON_DUTY,
        peer_holds_bus=peer.holds_bus,
        peer_impaired=peer.grade in _IMPAIRED,
    )


def _event(note: HealNote, now_mono_ns: int, now_utc_ns: int) -> Event:
    facts: dict[str, Fact] = {"outcome": note.outcome}
    if note.step is not None:
        facts["rung"] = note.step
    if note.why:
        facts["text"] = note.why
    if note.duration_ms is not None:
        facts["duration_s"] = note.duration_ms / 1000
    severity = Severity.WARNING if note.severe else Severity.INFO
    return Event(now_mono_ns, now_utc_ns, EventKind.HEAL, note.line, severity, facts)


def read_boot_id(path: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    return path.read_text(encoding="ascii").strip()
