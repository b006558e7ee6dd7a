"""How a pulse contact waits for those who take its edges, in single steps with time as argument."""

from __future__ import annotations

from hil.board.clock import Agenda, now_ns
from hil.board.config import PulseConfig
from hil.board.line import Line
from hil.board.pulses import PulseSource

_S = 1_000_000_000


class Taker:
    """A sink that takes an edge when told so."""

    def __init__(self, *, ready: bool) -> None:
        self.ready = ready
        self.levels: list[int] = []

    def sense(self, line: Line, t_ns: int) -> None:  # noqa: ARG002
        self.levels.append(line.level)

    def is_ready(self, line: Line) -> bool:  # noqa: ARG002
        return self.ready


def make_source(*takers: Taker, patience_s: float = 0.0) -> tuple[Agenda, list[Line], PulseSource]:
    agenda = Agenda()
    lines = [Line(k, 1, lambda *_: None) for k in range(len(takers))]
    for line, taker in zip(lines, takers, strict=True):
        line.sink = taker
    return agenda, lines, PulseSource(PulseConfig(pin=0, patience_s=patience_s), lines, agenda)


def test_burst_gives_up_a_taker_that_is_not_ready_in_five_seconds_and_goes_on() -> None:
    quick, stuck = Taker(ready=True), Taker(ready=False)
    agenda, _, source = make_source(quick, stuck)
    source.order(3, 0, 0)
    agenda.run_due(5 * _S - 1)
    assert (quick.levels, source.state()["idle"]) == ([], False)
    agenda.run_due(5 * _S)
    assert (quick.levels, stuck.levels) == ([0, 1] * 3, [0, 1] * 3)
    assert source.state()["idle"]


def test_burst_waits_again_for_a_taker_that_has_come_back() -> None:
    taker = Taker(ready=False)
    agenda, (line,), source = make_source(taker)
    source.order(1, 0, 0)
    agenda.run_due(5 * _S)
    line.say_ready(6 * _S)
    source.order(1, 0, 7 * _S)
    assert taker.levels == [0, 1]
    taker.ready = True
    line.say_ready(8 * _S)
    assert taker.levels == [0, 1, 0, 1]


def test_burst_waits_for_all_takers_and_a_train_for_none() -> None:
    first, second = Taker(ready=False), Taker(ready=False)
    agenda, lines, source = make_source(first, second)
    source.order(1, 0, 0)
    first.ready = True
    lines[0].say_ready(1)
    assert first.levels == []
    second.ready = True
    lines[1].say_ready(2)
    assert first.levels == second.levels == [0, 1]
    first.ready = False
    source.order(2, 1000, 3)
    agenda.run_due(_S)
    assert first.levels == [0, 1] * 3


def test_train_to_a_guest_never_makes_up_for_a_late_board_by_edges_in_a_row() -> None:
    taker = Taker(ready=True)
    agenda, (line,), _ = make_source(taker)
    line.is_live = True
    source = PulseSource(PulseConfig(pin=0), [line], agenda)
    source.order(3, 0.5, now_ns() - 60 * _S)  # a second up, a second down, a minute late
    agenda.run_due(now_ns())
    assert taker.levels == [0]


def test_train_to_a_played_kernel_comes_at_the_instants_at_which_it_was_due() -> None:
    taker = Taker(ready=True)
    agenda, _, source = make_source(taker)
    source.order(3, 0.5, now_ns() - 60 * _S)
    agenda.run_due(now_ns())
    assert taker.levels == [0, 1] * 3


def test_train_with_patience_waits_for_a_taker_and_goes_on_at_its_rate() -> None:
    taker = Taker(ready=True)
    agenda, (line,), source = make_source(taker, patience_s=1)
    source.order(2, 5, 0)  # an edge each 0.1 s
    taker.ready = False
    agenda.run_due(_S // 2)
    assert taker.levels == [0]
    taker.ready = True
    line.say_ready(_S // 2)
    assert taker.levels == [0, 1]
    agenda.run_due(_S * 6 // 10)
    assert taker.levels == [0, 1, 0]


def test_train_with_patience_gives_up_a_taker_that_stays_away() -> None:
    taker = Taker(ready=False)
    agenda, _, source = make_source(taker, patience_s=1)
    source.order(2, 5, 0)
    agenda.run_due(_S - 1)
    assert taker.levels == []
    agenda.run_due(_S * 13 // 10)
    assert taker.levels == [0, 1, 0, 1]
