"""The real firmware of both Picos at the real driver, over pseudo-terminals."""

from __future__ import annotations

import pytest

from hil.boottime import boottime_ns
from hil.rig.clock_map import Ping
from hil.rig.pico import Pico
from hil.waiting import wait_for

PULSE_PIN = 2
CALL_NS = 20_000_000  # between two clocks that the table reads, on a busy computer


def _await_made(stimulus, pin, wanted):
    wait_for("pulses", lambda: stimulus.ask("made", pin=pin) >= wanted, 20.0)


def _await_edges(observer, count):
    found = []

    def look():
        found.extend(observer.take_edges())
        return len(found) >= count

    wait_for(f"{count} edges", look, 10.0)
    return found


def test_pico_says_what_it_is(stimulus, observer):
    assert (stimulus.hello["role"], observer.hello["role"]) == ("stimulus", "observer")
    assert stimulus.hello["protocol"] == 1
    assert stimulus.hello["serial"] == "e66101"
    assert "watch" in observer.hello["verbs"]
    assert "watch" not in stimulus.hello["verbs"]


def test_pico_in_the_wrong_role_is_refused(table, observer):
    observer.close()
    try:
        with pytest.raises(RuntimeError, match="wrong device: got protocol 1 role observer"):
            Pico(table.ports["observer"], "stimulus")
    finally:
        observer.__init__(table.ports["observer"], "observer")


@pytest.mark.parametrize(("count", "rate_hz"), [(20, 30), (100, 100), (500, 1000)])
def test_train_of_pulses_is_exact_in_number_and_never_too_fast(table, stimulus, count, rate_hz):
    made = stimulus.ask("made", pin=PULSE_PIN)
    seen = len(table.output(PULSE_PIN))
    period_us = round(1e6 / rate_hz)
    begun_ns = boottime_ns()
    stimulus.ask("pulses", pin=PULSE_PIN, count=count, width_us=period_us // 2, period_us=period_us)
    _await_made(stimulus, PULSE_PIN, made + count)
    wait_for("last edge", lambda: len(table.output(PULSE_PIN)) >= seen + 2 * count, 5.0)
    lasted_s = (boottime_ns() - begun_ns) / 1e9
    levels = [level for _, level in table.output(PULSE_PIN)[seen:]]
    assert levels == [1, 0] * count
    assert stimulus.ask("made", pin=PULSE_PIN) == made + count
    assert lasted_s > 0.9 * (count - 1) / rate_hz


def test_broken_wire_shows_nothing_while_the_meter_counts_on(table, stimulus):
    made = stimulus.ask("made", pin=PULSE_PIN)
    seen = len(table.output(PULSE_PIN))
    stimulus.ask("break", pin=PULSE_PIN, on=True)
    stimulus.ask("pulses", pin=PULSE_PIN, count=5, width_us=1000, period_us=2000)
    _await_made(stimulus, PULSE_PIN, made + 5)
    stimulus.ask("rest")
    assert table.output(PULSE_PIN)[seen:] == []


@pytest.mark.parametrize(
    ("train", "why"),
    [
        ({"count": 1, "width_us": 100, "period_us": 1000}, "need a width and a rest of 200 us"),
        ({"count": 1, "width_us": 900, "period_us": 1000}, "need a width and a rest of 200 us"),
    ],
)
def test_pulses_that_are_too_short_are_refused(stimulus, train, why):
    with pytest.raises(RuntimeError, match=why):
        stimulus.ask("pulses", pin=PULSE_PIN, **train)


def test_observer_tells_every_edge_in_its_order_on_the_benchs_clock(table, observer):
    pins = [3, 4, 5]
    assert observer.ask("watch", pins=pins) == {"3": 0, "4": 0, "5": 0}
    moved = [(table.conduct(pin, on), pin, on) for on in (True, False) for pin in pins]
    observer.ping()
    edges = _await_edges(observer, len(moved))
    assert [(edge.pin, edge.on) for edge in edges] == [(pin, on) for _, pin, on in moved]
    assert [edge.number for edge in edges] == [edges[0].number + k for k in range(len(moved))]
    error_ns = observer.clock.error_ns(observer.ask("ping"))
    for edge, (moved_ns, _, _) in zip(edges, moved, strict=True):
        assert abs(edge.t_ns - moved_ns) <= error_ns + CALL_NS


def test_observer_says_which_channels_conduct(table, observer):
    table.conduct(6, True)
    wait_for("channel 6", lambda: observer.ask("watch", pins=[6])["6"], 2.0)
    assert observer.ask("states")["6"] == 1
    observer.take_edges()  # it may have been watched already when it began to conduct
    table.conduct(6, False)
    assert [(edge.pin, edge.on) for edge in _await_edges(observer, 1)] == [(6, False)]


def test_edge_whose_number_is_missing_ends_the_evidence(table, observer):
    observer.ask("watch", pins=[7])
    before = observer.ask("stats")
    observer._edge_number = before["seen"] - 5  # as if some had been lost on the way
    table.conduct(7, True)
    with pytest.raises(RuntimeError, match="edges lost: got number"):
        _await_edges(observer, 1)
    observer._edge_number = None


def test_pico_that_was_reset_is_refused(stimulus):
    pings = stimulus.clock._pings
    kept = list(pings)
    pings.appendleft(Ping(kept[0].sent_ns - 20_000_000_000, 1 << 60, kept[0].sent_ns))
    with pytest.raises(RuntimeError, match="it was reset; what was counted"):
        stimulus.ping()
    pings.clear()
    pings.extend(kept)
