"""Whatever happens to the keeper: an event is in the journal, is held, or was counted lost."""

from __future__ import annotations

import itertools

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.keeper import link
from edge.keeper.link import Saved
from edge.model.event import Event
from tests.keeper.fake_keeper import KEPT_MAX, event, handle_of_fake


class EventsOverDeaths(RuleBasedStateMachine):
    """Whatever happens to the keeper: an event is in the journal, is held, or was counted lost."""

    def __init__(self) -> None:
        super().__init__()
        self.handle, self.keeper = handle_of_fake()
        self.numbers = itertools.count()
        self.posted: list[int] = []
        self.journal: dict[int, Event] = {}
        self._kept_before = link.RECORDS_KEPT_MAX
        link.RECORDS_KEPT_MAX = KEPT_MAX

    def teardown(self) -> None:
        link.RECORDS_KEPT_MAX = self._kept_before

    @rule(count=st.integers(0, 70))
    def post(self, count: int) -> None:
        new = list(itertools.islice(self.numbers, count))
        self.posted += new
        self.handle.post_events(tuple(map(event, new)))

    @rule()
    def turn(self) -> None:
        self.handle.keep_alive(0)
        self.handle.drain(0)

    @rule()
    def keeper_reads(self) -> None:
        self.keeper.take()

    @rule(is_acknowledged=st.booleans())
    def keeper_saves(self, is_acknowledged: bool) -> None:
        for record in self.keeper.pending:
            for offset, stored in enumerate(record.events):
                known = self.journal.setdefault(record.first + offset, stored)
                assert known == stored, "a number stands for one event"
        if self.keeper.pending:
            last = self.keeper.pending[-1]
            self.keeper.saved = Saved(last.writer, last.first + len(last.events) - 1)
        self.keeper.pending.clear()
        if self.keeper.saved is not None and is_acknowledged:  # else the link was full: next time
            self.keeper.answers.append(link.encode(self.keeper.saved))
            self.keeper.saved = None

    @precondition(lambda self: self.keeper.is_alive)
    @rule()
    def keeper_dies(self) -> None:
        self.keeper.die()

    @rule()
    def all_goes_well_again(self) -> None:
        """Whatever came before, what is held reaches the journal and is held no longer."""
        for _ in range(KEPT_MAX + 1):
            self.turn()
            self.handle.post_events(())
            self.keeper_reads()
            self.keeper_saves(is_acknowledged=True)
        self.turn()
        assert len(self.handle._unsaved) == 0

    @invariant()
    def what_is_unsent_is_held(self) -> None:
        assert 0 <= self.handle._unsent <= len(self.handle._unsaved) <= KEPT_MAX

    @invariant()
    def no_event_is_missing_uncounted(self) -> None:
        held = {one.mono_ns for record in self.handle._unsaved for one in record.events}
        stored = {one.mono_ns for one in self.journal.values()}
        missing = [number for number in self.posted if number not in held | stored]
        assert len(missing) <= self.handle.events_lost

    @invariant()
    def journal_numbers_are_in_the_order_of_the_events(self) -> None:
        assert all(number == one.mono_ns for number, one in self.journal.items())


TestEventsOverDeaths = EventsOverDeaths.TestCase
