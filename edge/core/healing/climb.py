"""One line's way up the ladder: suspected, a rung is tried, its success awaited, rest. Pure.

Only transitions of one line; which line may act, and what it sends, is edge.core.healing.healing's.
"""

from __future__ import annotations

import enum
from typing import Final

from edge.core.healing.rules import RULES, RUNGS_COUNT
from edge.model.healing import HealingStatus, HealNote, LineFacts, Rung, Signature
from edge.model.units import NS_PER_HOUR, NS_PER_MS, NS_PER_S

# Before that the worker opens a silent port anew (10 s), and a better twin takes over (5 s).
SILENT_NS_MIN: Final = 12 * NS_PER_S
# Somebody who moves an adapter from one socket to another needs no help.
GONE_NS_MIN: Final = 60 * NS_PER_S
# A twin that is ready takes over within a second; one that has not in so long does not.
HANDOVER_NS_MAX: Final = 10 * NS_PER_S
REST_NS: Final = NS_PER_HOUR


class Phase(enum.Enum):
    """IDLE: works. SUSPECT: silent, not for long. READY: the next rung is to be chosen. HANDING:
    the twin is asked to take the duty. ACTING: the root program is at it. WAITING: for a reply.
    RESTING: no rung is left.
    """

    IDLE = enum.auto()
    SUSPECT = enum.auto()
    READY = enum.auto()
    HANDING = enum.auto()
    ACTING = enum.auto()
    WAITING = enum.auto()
    RESTING = enum.auto()


# In these no other line may act: a rung hits more than one, and replies must be told apart.
BUSY: Final = frozenset({Phase.HANDING, Phase.ACTING, Phase.WAITING})


class Climb:
    """`rung` is the one being tried, or tried last; LOOK before the first."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.phase = Phase.IDLE
        self.rung = Rung.LOOK
        self.request_id = ""
        self.notes: list[HealNote] = []
        self._since_mono_ns = 0
        self._bad_since_mono_ns = 0
        self._acted_mono_ns = 0
        self._told_skips: set[Rung] = set()

    def watch(self, facts: LineFacts, signature: Signature, now_mono_ns: int) -> None:
        """What the line shows now; may end the climb."""
        if self.phase is Phase.WAITING:
            self._await_reply(facts, signature, now_mono_ns)
        elif signature is Signature.WORKS:
            self._see_work(facts, now_mono_ns)
        else:
            self._see_fault(signature, now_mono_ns)

    def _see_work(self, facts: LineFacts, now_mono_ns: int) -> None:
        """A moment's silence is no entry of the journal; later, only a reply ends the climb."""
        if self.phase is Phase.SUSPECT:
            self._rest_well(now_mono_ns)
        elif self.phase in {Phase.IDLE, Phase.ACTING}:
            pass
        elif facts.replied_mono_ns > self._bad_since_mono_ns:
            self.notes.append(HealNote(self.line, "works_again"))
            self._rest_well(now_mono_ns)

    def _see_fault(self, signature: Signature, now_mono_ns: int) -> None:
        if self.phase is Phase.IDLE:
            self._bad_since_mono_ns = now_mono_ns
            self._enter(Phase.SUSPECT, now_mono_ns)
        elif self.phase is Phase.SUSPECT:
            patience_ns = GONE_NS_MIN if signature is Signature.GONE else SILENT_NS_MIN
            if self._is_over(patience_ns, now_mono_ns):
                self._begin(signature, now_mono_ns)
        elif self.phase is Phase.HANDING and self._is_over(HANDOVER_NS_MAX, now_mono_ns):
            self.skip(self.rung, "the twin did not take over in time", now_mono_ns)
        elif self.phase is Phase.RESTING and self._is_over(REST_NS, now_mono_ns):
            self.rung = Rung.LOOK
            self._begin(signature, now_mono_ns)

    def skip(self, rung: Rung, why: str, now_mono_ns: int) -> None:
        """The rung is not tried; said once until the line works again."""
        self.rung = rung
        if rung not in self._told_skips:
            self._told_skips.add(rung)
            self.notes.append(HealNote(self.line, "skipped", step=rung, why=why))
        self._enter(Phase.READY, now_mono_ns)

    def hand_over(self, rung: Rung, now_mono_ns: int) -> None:
        """The twin is asked first."""
        self.rung = rung
        self._enter(Phase.HANDING, now_mono_ns)

    def act(self, rung: Rung, request_id: str, now_mono_ns: int) -> None:
        """The rung is under way: its result is awaited, or, of REOPEN, a reply at once."""
        self.rung, self.request_id = rung, request_id
        self._acted_mono_ns = now_mono_ns
        self._enter(Phase.WAITING if rung is Rung.REOPEN else Phase.ACTING, now_mono_ns)

    def resume(self, now_mono_ns: int) -> None:
        """This machine was rebooted for this line: the reply is awaited."""
        self.rung = Rung.REBOOT
        self._bad_since_mono_ns = self._acted_mono_ns = now_mono_ns
        self._enter(Phase.WAITING, now_mono_ns)

    def take_result(self, text: str, *, ok: bool, now_mono_ns: int) -> None:
        """The root program's answer; a failure goes on to the next rung."""
        if ok:
            self._enter(Phase.WAITING, now_mono_ns)
        else:
            self._end_rung("failed", text, now_mono_ns)
            self._enter(Phase.READY, now_mono_ns)

    def check_overdue(self, now_mono_ns: int) -> None:
        """A root program that does not answer is not there, or hangs."""
        if self.phase is Phase.ACTING and self._is_over(RULES[self.rung].act_ns_max, now_mono_ns):
            self.take_result("no answer of the root program", ok=False, now_mono_ns=now_mono_ns)

    def choose_again(self, now_mono_ns: int) -> None:
        """What was about to be tried may not apply any more."""
        self._enter(Phase.READY, now_mono_ns)

    def exhaust(self, why: str, now_mono_ns: int) -> None:
        """No rung is left."""
        self.notes.append(HealNote(self.line, "not_healed", severe=True, why=why))
        self._enter(Phase.RESTING, now_mono_ns)

    @property
    def status(self) -> HealingStatus | None:
        """For people; None while the line works or has been silent for a moment only."""
        if self.phase in {Phase.IDLE, Phase.SUSPECT}:
            return None
        rung = max(int(self.rung), 1)
        if self.phase is Phase.RESTING:
            text = "not healed, begins anew by and by; replace the adapter"
        elif self.phase is Phase.HANDING:
            text = f"hands over first: {RULES[self.rung].text}"
        else:
            text = RULES[Rung(rung)].text
        return HealingStatus(self.line, rung, RUNGS_COUNT, text)

    def _await_reply(self, facts: LineFacts, signature: Signature, now_mono_ns: int) -> None:
        """A reply that is younger than the rung, not an open port, ends the ladder."""
        if signature is Signature.WORKS and facts.replied_mono_ns > self._acted_mono_ns:
            self._end_rung("healed", "", now_mono_ns)
            self._rest_well(now_mono_ns)
        elif self._is_over(RULES[self.rung].wait_ns, now_mono_ns):
            self._end_rung("no_reply", "", now_mono_ns)
            self._enter(Phase.READY, now_mono_ns)

    def _begin(self, signature: Signature, now_mono_ns: int) -> None:
        self.notes.append(HealNote(self.line, "began", severe=True, why=signature.value))
        self._enter(Phase.READY, now_mono_ns)

    def _rest_well(self, now_mono_ns: int) -> None:
        self.rung = Rung.LOOK
        self._told_skips.clear()
        self._enter(Phase.IDLE, now_mono_ns)

    def _end_rung(self, outcome: str, why: str, now_mono_ns: int) -> None:
        duration_ms = (now_mono_ns - self._acted_mono_ns) // NS_PER_MS
        note = HealNote(self.line, outcome, step=self.rung, why=why, duration_ms=duration_ms)
        self.notes.append(note)

    def _is_over(self, span_ns: int, now_mono_ns: int) -> bool:
        return now_mono_ns - self._since_mono_ns >= span_ns

    def _enter(self, phase: Phase, now_mono_ns: int) -> None:
        self.phase = phase
        self._since_mono_ns = now_mono_ns
