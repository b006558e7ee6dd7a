"""The baton: which source of energy the ledger follows, when it is handed on, what bridges a gap.

The first source in the declared order that is believable carries the ledger. One that stops hands
on to the next that has counted all along, so that no energy is lost and none counts twice; only
where no source has, the gap is estimated, marked and told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

from edge.core.metering.gap import gap_energy_uwh, power_since_break_w
from edge.core.metering.ledger import Ledger
from edge.core.metering.note import Note
from edge.core.metering.power import PowerSource
from edge.core.metering.silence import is_overdue, is_silent, pending_uwh
from edge.core.metering.source import Source
from edge.model.energy import Booking
from edge.model.event import EventKind, Fact, Severity
from edge.model.spec import SourceKind
from edge.model.units import NS_PER_S, UWH_PER_KWH

_SITE: Final = "site"


class BatonState(Struct):
    """The source in use (None: not chosen yet, or all lost) and since when what has been so.

    `steady_since_mono_ns` holds the believable sources only. `silent_mono_ns` holds, for sources
    that are silent in error, their last change. `gap_since_mono_ns` is set while sources are back
    but none has counted since the front.
    """

    in_use: str | None = None
    second_best: bool = False
    lost_since_mono_ns: int | None = None
    lost_told: bool = False
    gap_since_mono_ns: int | None = None
    steady_since_mono_ns: dict[str, int] = field(default_factory=dict)
    silent_mono_ns: dict[str, int] = field(default_factory=dict)


class Baton:
    """Chooses among `sources` (best first). After `started_mono_ns` every source has its stale time
    to speak up before it counts as stale, so that a restart is not an outage.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        ledger: Ledger,
        state: BatonState,
        stale_ns: int,
        steady_ns: int,
        started_mono_ns: int,
    ) -> None:
        self._sources = sources
        self._ledger = ledger
        self._state = state
        self._stale_ns = stale_ns
        self._steady_ns = steady_ns
        self._started_mono_ns = started_mono_ns
        self._by_label = {source.label: source for source in sources}
        if state.in_use not in self._by_label:
            state.in_use = None
        for by_label in (state.steady_since_mono_ns, state.silent_mono_ns):
            for gone in by_label.keys() - self._by_label.keys():
                del by_label[gone]

    @property
    def in_use(self) -> Source | None:
        """The source that carries the ledger."""
        return None if self._state.in_use is None else self._by_label[self._state.in_use]

    def believes(self, source: Source) -> bool:
        """Whether the source was believable in the last step."""
        return source.label in self._state.steady_since_mono_ns

    def step(self, now_mono_ns: int) -> tuple[list[Booking], list[Note]]:
        """Judge the sources after they have heard this scan's samples, choose, and book."""
        bookings: list[Booking] = []
        notes: list[Note] = []
        self._judge(now_mono_ns, notes)
        able = [source for source in self._sources if self.believes(source)]
        if not able:
            self._lose(now_mono_ns, notes)
            return bookings, notes
        if self._ledger.booked_until_mono_ns is None:
            self._ledger.start(able[0])
            self._hand_to(able[0], now_mono_ns, notes)
            self._end_loss(now_mono_ns, notes)
            return bookings, notes
        source = self._choose(able, now_mono_ns, notes)
        if source is None:
            source = self._bridge(able, now_mono_ns, bookings, notes)
        else:
            self._state.gap_since_mono_ns = None
        if source is not None and self._ledger.is_ahead(source) and not self._waits(source):
            bookings.append(self._ledger.book(source))
            self._end_loss(now_mono_ns, notes)
        return bookings, notes

    def _judge(self, now_mono_ns: int, notes: list[Note]) -> None:
        """Keep who is believable and since when."""
        steady = self._state.steady_since_mono_ns
        for source in self._sources:
            self._judge_silence(source, notes)
            if self._doubt(source, now_mono_ns) is None:
                steady.setdefault(source.label, now_mono_ns)
            else:
                steady.pop(source.label, None)

    def _judge_silence(self, source: Source, notes: list[Note]) -> None:
        silent, label, at_mono_ns = (
            self._state.silent_mono_ns,
            source.label,
            source.track.at_mono_ns,
        )
        facts: dict[str, Fact] = {"reason": "silent"}
        if label in silent:
            if at_mono_ns > silent.pop(label):
                facts["cleared"] = True
                notes.append(Note(EventKind.COUNTER, label, Severity.INFO, facts))
                if not source.keeps_total:
                    # Its counting has a hole, which must not pass as a time without energy.
                    source.track.begin(at_mono_ns)
            else:
                silent[label] = at_mono_ns
        elif source.kind is not SourceKind.POWER:
            witness_uwh, step_uwh = self._witness(source)
            if is_silent(source, witness_uwh, step_uwh):
                silent[label] = at_mono_ns
                facts["missed_kwh"] = witness_uwh / UWH_PER_KWH
                notes.append(Note(EventKind.COUNTER, label, Severity.WARNING, facts))

    def _witness(self, source: Source) -> tuple[int, int]:
        """Energy that others have seen since the source last changed, and how coarse they are."""
        seen_uwh = step_uwh = 0
        for other in self._sources:
            if other is source or not self.believes(other):
                continue
            step_uwh = max(step_uwh, other.track.step_uwh)
            if source.label == self._state.in_use:
                seen_uwh = max(seen_uwh, pending_uwh(other, source.direction))
        return source.track.unmatched_uwh + seen_uwh, step_uwh

    def _waits(self, source: Source) -> bool:
        """Whether a counter has nothing to book although others say that it should. Only counters:
        they are called silent in the end, so the front never stands for long.
        """
        if source.kind is SourceKind.POWER or source.track.import_uwh or source.track.export_uwh:
            return False
        return is_overdue(source, *self._witness(source))

    def _doubt(self, source: Source, now_mono_ns: int) -> str | None:
        """Why the source is not believable, None if it is."""
        heard_mono_ns = source.track.heard_mono_ns
        if heard_mono_ns is None:
            return "unheard"
        if source.label in self._state.silent_mono_ns:
            return "silent"
        if now_mono_ns - max(heard_mono_ns, self._started_mono_ns) > source.stale_ns:
            return "stale"
        return source.fault

    def _choose(self, able: list[Source], now_mono_ns: int, notes: list[Note]) -> Source | None:
        """The source to follow now, among those that have counted since the front."""
        ready = [source for source in able if self._ledger.knows_all(source)]
        if not ready:
            return None
        current = self.in_use
        if current is None or current not in ready:
            self._hand_to(ready[0], now_mono_ns, notes)
            return ready[0]
        steady = self._state.steady_since_mono_ns
        for better in ready[: ready.index(current)]:
            if now_mono_ns - steady[better.label] >= self._steady_ns and self._ledger.is_ahead(
                better
            ):
                self._hand_to(better, now_mono_ns, notes)
                return better
        return current

    def _bridge(
        self, able: list[Source], now_mono_ns: int, bookings: list[Booking], notes: list[Note]
    ) -> Source | None:
        """Wait a little for a source that has counted all along, then estimate what nobody has."""
        if self._state.gap_since_mono_ns is None:
            self._state.gap_since_mono_ns = now_mono_ns
        ahead = [source for source in able if self._ledger.is_ahead(source)]
        if not ahead or self._is_worth_waiting(ahead, now_mono_ns):
            return None
        source = ahead[0]
        until_mono_ns = source.track.from_mono_ns
        front = self._ledger.booked_until_mono_ns
        assert front is not None
        if until_mono_ns > front:
            measured = next((one for one in ahead if isinstance(one, PowerSource)), source)
            energy = gap_energy_uwh(
                self._ledger.mean_w(), power_since_break_w(measured), until_mono_ns - front
            )
            booking = self._ledger.bridge(until_mono_ns, *energy)
            bookings.append(booking)
            notes.append(_gap_note(booking))
        else:
            self._ledger.settle(until_mono_ns)
        self._state.gap_since_mono_ns = None
        if source is not self.in_use:
            self._hand_to(source, now_mono_ns, notes)
        return source

    def _is_worth_waiting(self, ahead: list[Source], now_mono_ns: int) -> bool:
        since_mono_ns = self._state.gap_since_mono_ns
        assert since_mono_ns is not None
        if now_mono_ns - since_mono_ns >= self._stale_ns:
            return False
        hope = any(source.keeps_total and not self.believes(source) for source in self._sources)
        # Counters need the time to show a power; a power register shows it at once.
        return hope or not any(isinstance(source, PowerSource) for source in ahead)

    def _hand_to(self, source: Source, now_mono_ns: int, notes: list[Note]) -> None:
        state, before = self._state, self.in_use
        facts: dict[str, Fact] = {"to": source.label, "age_s": _age_s(source, now_mono_ns)}
        if before is not None:
            facts["from"] = before.label
            facts["from_age_s"] = _age_s(before, now_mono_ns)
            facts["reason"] = self._doubt(before, now_mono_ns) or (
                "better_back" if self._ledger.knows_all(before) else "counting_broken"
            )
        else:
            facts["reason"] = "first_believable"
        best = self._sources[0]
        severity = Severity.INFO if source is best else Severity.WARNING
        if source is best and state.second_best:
            facts["cleared"] = True
        state.second_best = source is not best
        state.in_use = source.label
        notes.append(Note(EventKind.SOURCE, best.label, severity, facts))

    def _lose(self, now_mono_ns: int, notes: list[Note]) -> None:
        state = self._state
        state.in_use = state.gap_since_mono_ns = None
        if state.lost_since_mono_ns is None:
            state.lost_since_mono_ns = now_mono_ns
        if not state.lost_told and now_mono_ns - self._started_mono_ns > self._stale_ns:
            state.lost_told = True
            facts: dict[str, Fact] = {"reason": "all_lost"}
            for source in self._sources:
                facts[source.label] = self._doubt(source, now_mono_ns)
            notes.append(Note(EventKind.SOURCE, _SITE, Severity.ALARM, facts))

    def _end_loss(self, now_mono_ns: int, notes: list[Note]) -> None:
        state = self._state
        if state.lost_since_mono_ns is not None and state.lost_told:
            lost_s = (now_mono_ns - state.lost_since_mono_ns) / NS_PER_S
            facts: dict[str, Fact] = {"reason": "all_lost", "lost_s": lost_s, "cleared": True}
            notes.append(Note(EventKind.SOURCE, _SITE, Severity.INFO, facts))
        state.lost_since_mono_ns, state.lost_told = None, False


def _age_s(source: Source, now_mono_ns: int) -> float | None:
    heard_mono_ns = source.track.heard_mono_ns
    return None if heard_mono_ns is None else (now_mono_ns - heard_mono_ns) / NS_PER_S


def _gap_note(booking: Booking) -> Note:
    facts: dict[str, Fact] = {
        "reason": "gap_estimated",
        "gap_s": (booking.to_mono_ns - booking.from_mono_ns) / NS_PER_S,
        "import_kwh": booking.import_uwh / UWH_PER_KWH,
        "export_kwh": booking.export_uwh / UWH_PER_KWH,
    }
    return Note(EventKind.COUNTER, _SITE, Severity.WARNING, facts)
