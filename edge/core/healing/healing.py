"""Heals the lines of one unit, one at a time: chooses the next rung, keeps the limits. Pure.

Asks for what is to be done and believes a valid reply only. The caller writes the memory to the
disk before it carries out a request, and says in the next step where it could not.
"""

from __future__ import annotations

from typing import Final

from edge.core.healing.climb import BUSY, Climb, Phase
from edge.core.healing.rules import (
    RULES,
    Permission,
    applies,
    forget_old,
    hit_lines,
    limit_text,
    permission,
)
from edge.core.healing.signature import PeerView, can_be_healed, judge
from edge.model.healing import (
    Attempt,
    HealingInputs,
    HealingMemory,
    HealingOutputs,
    HealNote,
    HealRequest,
    LineFacts,
    Rung,
    Signature,
)
from edge.model.units import NS_PER_HOUR, NS_PER_S

# So often the root program looks where the devices are, while they work; and so soon after a start.
LOOK_NS: Final = 24 * NS_PER_HOUR
LOOK_FIRST_NS: Final = 20 * NS_PER_S
# A machine that has only just come up starts a program slowly.
LOOK_ANSWER_NS_MAX: Final = 60 * NS_PER_S


class Healing:
    """`memory` is changed in place. `run_id` makes the ids of requests this run's own."""

    def __init__(self, memory: HealingMemory, run_id: str) -> None:
        self.memory = memory
        self._run_id = run_id
        self._request_number = 0
        self._climbs: dict[str, Climb] = {}
        self._view = PeerView()
        self._look_due_mono_ns: dict[str, int] = {}
        self._look: tuple[str, str, int] | None = None  # id, line, asked at
        self._look_failed: set[str] = set()
        self._notes: list[HealNote] = []

    def step(self, inputs: HealingInputs) -> HealingOutputs:
        """About once a second. `inputs.now_mono_ns` must not go back."""
        now_mono_ns = inputs.now_mono_ns
        self._view.step(inputs.pair, now_mono_ns)
        forget_old(self.memory, inputs.boot_id, now_mono_ns, inputs.now_utc_ns)
        serial = [facts for facts in inputs.lines if facts.port]
        signatures = {facts.line: self._judge(facts, inputs) for facts in serial}
        self._take_result(inputs)
        for facts in serial:
            climb = self._climb(facts.line, now_mono_ns)
            climb.check_overdue(now_mono_ns)
            climb.watch(facts, signatures[facts.line], now_mono_ns)
        request, reopen, handover_to = self._act(inputs, serial, signatures)
        return HealingOutputs(
            request,
            reopen,
            handover_to,
            self._take_notes(),
            tuple(climb.status for climb in self._climbs.values() if climb.status is not None),
        )

    def _judge(self, facts: LineFacts, inputs: HealingInputs) -> Signature:
        return judge(
            facts,
            is_there=facts.line in inputs.there,
            pair=inputs.pair,
            view=self._view,
            now_mono_ns=inputs.now_mono_ns,
        )

    def _climb(self, line: str, now_mono_ns: int) -> Climb:
        climb = self._climbs.get(line)
        if climb is None:
            climb = self._climbs[line] = Climb(line)
            self._look_due_mono_ns[line] = now_mono_ns + LOOK_FIRST_NS
            if self.memory.rebooting == line:
                self.memory.rebooting = ""
                climb.resume(now_mono_ns)
        return climb

    def _act(
        self,
        inputs: HealingInputs,
        serial: list[LineFacts],
        signatures: dict[str, Signature],
    ) -> tuple[HealRequest | None, str, str]:
        """At most one thing at a time."""
        handing = [facts for facts in serial if self._is_in(facts, Phase.HANDING)]
        if handing:
            return self._after_handover(handing[0], inputs, serial, signatures)
        if any(climb.phase in BUSY for climb in self._climbs.values()):
            return None, "", ""
        for facts in serial:
            # One that seems to work awaits its first reply, or its next silence.
            works = signatures[facts.line] is Signature.WORKS
            if self._is_in(facts, Phase.READY) and not works:
                return self._next_rung(facts, inputs, serial, signatures)
        for facts in serial:
            if self._wants_look(facts, signatures[facts.line], inputs.now_mono_ns):
                return self._ask_look(facts.line, inputs.now_mono_ns), "", ""
        return None, "", ""

    def _is_in(self, facts: LineFacts, phase: Phase) -> bool:
        return self._climbs[facts.line].phase is phase

    def _next_rung(
        self,
        facts: LineFacts,
        inputs: HealingInputs,
        serial: list[LineFacts],
        signatures: dict[str, Signature],
    ) -> tuple[HealRequest | None, str, str]:
        """The next rung that applies and may be tried; those between are told as skipped."""
        climb, now_mono_ns = self._climbs[facts.line], inputs.now_mono_ns
        signature, healable = signatures[facts.line], can_be_healed(facts.port)
        for rung in RULES:
            if rung <= climb.rung or not applies(rung, signature, healable=healable):
                continue
            may = self._may(rung, facts, inputs, serial, signatures)
            if may.why:
                climb.skip(rung, may.why, now_mono_ns)
                continue
            if may.hands_over and inputs.pair is not None:
                climb.hand_over(rung, now_mono_ns)
                return None, "", inputs.pair.peer
            return self._try(rung, facts.line, inputs)
        climb.exhaust(signature.value, now_mono_ns)
        return None, "", ""

    def _may(
        self,
        rung: Rung,
        facts: LineFacts,
        inputs: HealingInputs,
        serial: list[LineFacts],
        signatures: dict[str, Signature],
    ) -> Permission:
        why = limit_text(
            rung,
            facts.line,
            self.memory,
            inputs.boot_id,
            inputs.now_mono_ns,
            inputs.now_utc_ns,
        )
        if why:
            return Permission(why)
        if rung >= Rung.PORT_POWER and not inputs.can_note:
            return Permission("the attempt can not be written to the disk")
        working = frozenset(
            line for line, signature in signatures.items() if signature is Signature.WORKS
        )
        return permission(rung, hit_lines(rung, facts, tuple(serial), working), inputs.pair)

    def _after_handover(
        self,
        facts: LineFacts,
        inputs: HealingInputs,
        serial: list[LineFacts],
        signatures: dict[str, Signature],
    ) -> tuple[HealRequest | None, str, str]:
        """The rung itself once the twin has the duty and gets replies; no rung if it gets none."""
        climb = self._climbs[facts.line]
        if not applies(climb.rung, signatures[facts.line], healable=True):
            climb.choose_again(inputs.now_mono_ns)
            return None, "", ""
        may = self._may(climb.rung, facts, inputs, serial, signatures)
        if may.why or may.hands_over or not self._view.works(inputs.now_mono_ns):
            return None, "", ""
        return self._try(climb.rung, facts.line, inputs)

    def _try(
        self, rung: Rung, line: str, inputs: HealingInputs
    ) -> tuple[HealRequest | None, str, str]:
        self.memory.attempts.append(
            Attempt(rung, line, inputs.boot_id, inputs.now_mono_ns, inputs.now_utc_ns)
        )
        if rung is Rung.REBOOT:
            self.memory.rebooting = line
        request = self._request(line, rung)
        self._climbs[line].act(rung, request.id, inputs.now_mono_ns)
        return (None, line, "") if rung is Rung.REOPEN else (request, "", "")

    def _request(self, line: str, rung: Rung) -> HealRequest:
        self._request_number += 1
        return HealRequest(f"{self._run_id}{self._request_number:x}", line, rung)

    def _wants_look(self, facts: LineFacts, signature: Signature, now_mono_ns: int) -> bool:
        return (
            self._look is None
            and signature is Signature.WORKS
            and self._is_in(facts, Phase.IDLE)
            and can_be_healed(facts.port)
            and now_mono_ns >= self._look_due_mono_ns[facts.line]
        )

    def _ask_look(self, line: str, now_mono_ns: int) -> HealRequest:
        request = self._request(line, Rung.LOOK)
        self._look = (request.id, line, now_mono_ns)
        self._look_due_mono_ns[line] = now_mono_ns + LOOK_NS
        return request

    def _take_result(self, inputs: HealingInputs) -> None:
        result, now_mono_ns = inputs.result, inputs.now_mono_ns
        if self._look is not None:
            asked_id, line, asked_mono_ns = self._look
            if result is not None and result.id == asked_id:
                self._end_look(line, "" if result.ok else result.text)
            elif now_mono_ns - asked_mono_ns > LOOK_ANSWER_NS_MAX:
                self._end_look(line, "no answer of the root program")
        if result is None:
            return
        for climb in self._climbs.values():
            if climb.phase is Phase.ACTING and climb.request_id == result.id:
                climb.take_result(result.text, ok=result.ok, now_mono_ns=now_mono_ns)

    def _end_look(self, line: str, why: str) -> None:
        self._look = None
        if why:
            self._look_failed.add(line)
            self._notes.append(HealNote(line, "unready", severe=True, step=Rung.LOOK, why=why))
        elif line in self._look_failed:
            self._look_failed.discard(line)
            self._notes.append(HealNote(line, "ready", step=Rung.LOOK))

    def _take_notes(self) -> tuple[HealNote, ...]:
        notes, self._notes = self._notes, []
        for climb in self._climbs.values():
            notes += climb.notes
            climb.notes = []
        return tuple(notes)
