"""The board process through real gpiod: lines, dead owners, contacts, feedback, pulses, orders."""

from __future__ import annotations

import errno
import signal
import time
from collections.abc import Iterator

import pytest

from hil.values import Values
from tests.hil.board_rig import DEADLINE_S, Child, Rig

_EDGES = (
    "i = gpiod.request_lines('/dev/gpiochip0', {18: gpiod.LineSettings(direction=Direction.INPUT, "
    "edge_detection=Edge.FALLING, bias=Bias.PULL_UP)}, event_buffer_size=1024)"
)
# Reads events until one has the line_seqno, or fails after ten seconds without any.
_COUNT = """
def count_to(last):
    seen = []
    while not seen or seen[-1].line_seqno < last:
        assert i.wait_edge_events(10), len(seen)
        seen += i.read_edge_events()
    return seen
"""


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as board:
        yield board


def take_output(child: Child, pin: int, value: str = "ACTIVE", extra: str = "") -> None:
    child.run(
        f"r{pin} = gpiod.request_lines('/dev/gpiochip0', {{{pin}: gpiod.LineSettings("
        f"direction=Direction.OUTPUT, output_value=Value.{value}{extra})}}, consumer='denban')"
    )


def set_output(child: Child, pin: int, value: str) -> None:
    child.run(f"r{pin}.set_value({pin}, Value.{value})")


def test_board_output_with_initial_value_shows_no_other_level(rig: Rig) -> None:
    child = rig.child()
    take_output(child, 5)
    set_output(child, 5, "ACTIVE")
    set_output(child, 5, "INACTIVE")
    assert rig.levels("a", 5) == [("out", 1), ("out", 0)]


def test_board_active_low_output_is_inverted_on_the_pin(rig: Rig) -> None:
    child = rig.child()
    take_output(child, 6, "ACTIVE", ", active_low=True")
    assert child.ask("r6.get_value(6).value") == 1
    assert rig.levels("a", 6) == [("out", 0)]


def test_board_taken_line_is_busy_for_another_process(rig: Rig) -> None:
    take_output(rig.child(), 5)
    with pytest.raises(OSError, match="gpiod") as caught:
        take_output(rig.child(), 5)
    assert caught.value.errno == errno.EBUSY


def test_board_units_have_pins_of_their_own(rig: Rig) -> None:
    take_output(rig.child("a"), 5)
    take_output(rig.child("b"), 5, "INACTIVE")
    pins = rig.order("pins")
    assert pins["a"] == [
        {"pin": 5, "direction": "out", "level": 1, "consumer": "denban", "line_seqno": 0}
    ]
    assert pins["b"] == [
        {"pin": 5, "direction": "out", "level": 0, "consumer": "denban", "line_seqno": 0}
    ]


def test_board_dead_owner_persist_keeps_the_output_and_revert_drops_it(rig: Rig) -> None:
    for unit in ("a", "b"):
        child = rig.child(unit)
        take_output(child, 5)
        child.kill()
    assert rig.order("pins") == {
        "a": [{"pin": 5, "direction": "out", "level": 1, "consumer": "", "line_seqno": 0}],
        "b": [],
    }
    assert rig.levels("a", 5) == [("out", 1)]
    assert rig.levels("b", 5) == [("out", 1), ("in", 0)]


def test_board_persistent_output_is_taken_over_by_the_next_process_without_a_glitch(
    rig: Rig,
) -> None:
    child = rig.child()
    take_output(child, 5)
    child.kill()
    take_output(rig.child(), 5)
    assert rig.levels("a", 5) == [("out", 1)]


def test_board_energise_to_shed_contacts_are_in_parallel(rig: Rig) -> None:
    a, b = rig.child("a"), rig.child("b")
    take_output(a, 5)
    take_output(b, 5)
    set_output(a, 5, "INACTIVE")
    set_output(b, 5, "INACTIVE")
    moves = [(move.load, move.shed, move.units) for move in rig.log().moves()]
    assert moves == [("chiller", True, ["a"]), ("chiller", False, [])]


def test_board_de_energise_to_shed_contacts_are_in_series() -> None:
    loads = {"chiller": {"pin": 5, "contact": "de_energise_to_shed"}}
    with Rig(loads=loads) as rig:
        assert rig.order("snapshot")["loads"]["chiller"]["contact_sheds"] is True  # nobody holds it
        a, b = rig.child("a"), rig.child("b")
        take_output(a, 5)
        assert rig.order("snapshot")["loads"]["chiller"]["contact_sheds"] is True
        take_output(b, 5)
        set_output(a, 5, "INACTIVE")
        moves = [(move.load, move.shed, move.units) for move in rig.log().moves()]
        assert moves == [("chiller", False, []), ("chiller", True, ["a"])]


def test_board_relay_board_that_pulls_low_is_energised_by_a_low_pin() -> None:
    with Rig(loads={"chiller": {"pin": 5, "energised_level": 0}}) as rig:
        assert rig.order("snapshot")["loads"]["chiller"]["contact_sheds"] is False
        take_output(rig.child(), 5, "INACTIVE")
        assert rig.order("snapshot")["loads"]["chiller"]["contact_sheds"] is True


def test_board_lamp_is_lit_by_either_unit() -> None:
    with Rig(lamps={"alarm": {"pin": 12}}) as rig:
        take_output(rig.child("b"), 12)
        assert rig.order("snapshot")["lamps"] == {"alarm": True}


def test_board_hand_switch_overrides_the_contact(rig: Rig) -> None:
    take_output(rig.child(), 5)
    rig.order("manual", load="chiller", position="on")
    assert rig.order("snapshot")["loads"]["chiller"]["shed"] is False
    rig.order("manual", load="chiller", position="off")
    set_off = rig.order("snapshot")["loads"]["chiller"]
    assert (set_off["shed"], set_off["contact_sheds"]) == (True, True)
    with pytest.raises(RuntimeError, match="got 'onn', need auto"):
        rig.order("manual", load="chiller", position="onn")


def test_board_feedback_follows_the_load_and_can_stick() -> None:
    loads = {"chiller": {"pin": 5, "feedback": {"pin": 20, "delay_s": 0.001}}}
    with Rig(loads=loads) as rig:
        child = rig.child()
        child.run(
            "i = gpiod.request_lines('/dev/gpiochip0', {20: gpiod.LineSettings("
            "direction=Direction.INPUT, edge_detection=Edge.BOTH, bias=Bias.PULL_UP)})"
        )
        assert child.ask("i.get_value(20).value") == 0  # closed to ground: the load is on
        take_output(child, 5)
        assert child.ask("[e.event_type.name for e in i.read_edge_events()]") == ["RISING_EDGE"]
        rig.order("feedback_stick", load="chiller", state="closed")
        assert child.ask("[e.event_type.name for e in i.read_edge_events()]") == ["FALLING_EDGE"]
        rig.order("feedback_stick", load="chiller", state=None)
        assert child.ask("i.get_value(20).value") == 1


def test_board_thousand_pulses_at_1_khz_are_counted_exactly(rig: Rig) -> None:
    child = rig.child()
    child.run(_EDGES + _COUNT)
    assert rig.order("pulses", line="contact", count=1000, rate_hz=1000) == 1.0
    child.run("seen = count_to(1000)")
    assert child.ask("[e.line_seqno for e in seen]") == list(range(1, 1001))
    # Edges that a busy machine makes late are made up for: the pace is right over all of them.
    took_ns = child.ask("seen[-1].timestamp_ns - seen[0].timestamp_ns")
    assert took_ns == pytest.approx(999_000_000, rel=0.2)
    assert rig.order("snapshot")["pulses"]["contact"]["pulses_count"] == 1000


def test_board_burst_beyond_the_event_buffer_loses_the_oldest_and_keeps_the_seqno(
    rig: Rig,
) -> None:
    child = rig.child()
    child.run(_EDGES + _COUNT)
    rig.order("pulses", line="contact", count=5000, rate_hz=0)
    child.run("seen = count_to(5000)")
    assert child.ask("[e.line_seqno for e in seen]") == list(range(5000 - 1024 + 1, 5001))


def test_board_pulses_reach_both_units(rig: Rig) -> None:
    children = [rig.child("a"), rig.child("b")]
    for child in children:
        child.run(_EDGES + _COUNT)
    rig.order("pulses", line="contact", count=100, rate_hz=0)
    assert [child.ask("count_to(100)[-1].line_seqno") for child in children] == [100, 100]


def test_board_cut_pulse_wire_is_silent_while_the_meter_counts_on(rig: Rig) -> None:
    child = rig.child()
    child.run(_EDGES + _COUNT)
    rig.order("break_pulse", line="contact", state="open")
    rig.order("pulses", line="contact", count=7, rate_hz=0)
    rig.order("break_pulse", line="contact", state=None)
    rig.order("pulses", line="contact", count=2, rate_hz=0)
    assert child.ask("[e.line_seqno for e in count_to(2)]") == [1, 2]
    assert rig.order("snapshot")["pulses"]["contact"]["pulses_count"] == 9


def test_board_plant_power_falls_when_a_contact_sheds(rig: Rig) -> None:
    child = rig.child()
    take_output(child, 5)
    deadline = rig.order("snapshot")["t_ns"] + int(DEADLINE_S * 1e9)
    while (state := rig.order("snapshot"))["load_power_w"]["chiller"] > 0:
        assert state["t_ns"] < deadline
    with Values.open(rig.path / "values") as values:
        assert (values["load.chiller.power_w"], values["load.chiller.on"]) == (0.0, 0.0)
        assert 0 < values["incomer.import_kwh"] < 1


def test_board_power_cut_kills_the_units_processes_and_resets_its_pins(rig: Rig) -> None:
    child, other = rig.child("a"), rig.child("b")
    take_output(child, 5)
    rig.order("power_cut", unit="a")
    assert child.process.wait(DEADLINE_S) == -signal.SIGKILL
    assert rig.levels("a", 5) == [("out", 1), ("in", 0)]  # whatever dead_owner says
    take_output(rig.child("a"), 5)
    assert other.ask("1 + 1") == 2


def test_board_refused_order_says_why_and_the_board_lives(rig: Rig) -> None:
    with pytest.raises(RuntimeError, match="need >= 0 at 0 to 1000"):
        rig.order("pulses", line="contact", count=1, rate_hz=5000)
    with pytest.raises(RuntimeError, match="KeyError"):
        rig.order("pulses", line="nothing", count=1, rate_hz=5)
    with pytest.raises(RuntimeError, match="need base_w or solar_w"):
        rig.order("plant_set", name="base", value_w=5)
    assert rig.order("moves", since_ns=0) == []


def test_board_intervals_in_the_log_add_up_to_the_counter() -> None:
    with Rig(interval_s=1) as rig:
        deadline = rig.order("snapshot")["t_ns"] + int(DEADLINE_S * 1e9)
        while len([interval for interval in rig.log().intervals() if interval.whole]) < 1:
            assert rig.order("snapshot")["t_ns"] < deadline
        rig.order("stop")
        rig.process.wait(DEADLINE_S)
        log = rig.log()
        stop = log.events[-1]
        assert sum(i.import_uwh for i in log.intervals()) == stop["import_uwh"]["incomer"]
        whole = next(i for i in log.intervals() if i.whole)
        assert whole.end_utc_ns is not None
        assert whole.end_utc_ns % 1_000_000_000 == 0
        boot_to_utc_ns = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        assert abs(whole.end_utc_ns - whole.end_ns - boot_to_utc_ns) < 1_000_000
        assert 2500 < whole.mean_import_w < 3500


@pytest.mark.parametrize("end", ["stdin", "sigterm"])
def test_board_ends_when_its_starter_has_gone_or_asks(rig: Rig, end: str) -> None:
    if end == "sigterm":
        rig.process.terminate()
    else:
        assert rig.process.stdin is not None
        rig.process.stdin.close()
    assert rig.process.wait(DEADLINE_S) == 0
    assert sorted(p.name for p in rig.path.iterdir()) == ["board.json", "log", "values"]
