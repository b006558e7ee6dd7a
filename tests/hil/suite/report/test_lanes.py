"""A timeline's layout: what is shown where, and that nothing lies on something else."""

from __future__ import annotations

import itertools
import re

import pytest

from hil.suite.record import Mark, ScenarioRecord, Span, Verdict
from hil.suite.report import lanes
from hil.suite.report.axis import FONT_PX, PLOT_PX_MIN, Window, ticks, whole
from hil.suite.report.drawing import timelines
from hil.suite.report.lanes import Kind
from hil.suite.report.markup import text_px
from hil.suite.report.turns import turns
from tests.hil.suite.report import example

EVERY = example.run().scenarios


def _shown(scenario):
    return lanes.lanes(scenario, whole(scenario))


def _percent(text: str) -> float:
    assert text.endswith("%")
    return float(text[:-1])


def test_lanes_stand_in_the_order_bus_gap_role_fault_load():
    found = [(lane.kind, lane.name) for lane in _shown(EVERY[0])]
    assert found == [
        (Kind.BUS, "EG-KITA bus"),
        (Kind.BUS, "EG-MINAMI bus"),
        (Kind.GAP, "no driver"),
        (Kind.ROLE, "EG-KITA role"),
        (Kind.ROLE, "EG-MINAMI role"),
        (Kind.FAULT, "EG-KITA"),
        (Kind.FAULT, "line"),
        (Kind.FAULT, "links"),
        (Kind.FAULT, "scenario"),
        (Kind.LOAD, "chiller-1"),
        (Kind.LOAD, "ventilation"),
    ]


@pytest.mark.parametrize("gap_s", [0.1, 1.4])
def test_turn_between_two_drivers_is_as_long_as_nobody_drove(gap_s):
    (turn,) = turns(example.scenario("test_x", gap_s=gap_s))
    assert (turn.old, turn.new, turn.overlaps) == (*example.UNITS, False)
    assert turn.text == f"EG-KITA to EG-MINAMI: nobody drives for {gap_s} s"


def test_turn_of_two_at_once_is_an_overlap():
    (turn,) = turns(example.scenario("test_x", gap_s=-0.04))
    assert turn.overlaps
    assert turn.text == "EG-KITA and EG-MINAMI drive at once, both: 0.04 s"


def test_turn_within_a_longer_one_hides_neither_its_length_nor_the_next_gap():
    spans = [Span(0, 10, "A bus", ""), Span(3, 4, "B bus", ""), Span(11, 20, "A bus", "")]
    scenario = ScenarioRecord("test_x", "f", "", [], Verdict.PASSED, 0, 20, spans=spans)
    found = [(turn.start_ns, turn.end_ns) for turn in turns(scenario)]
    assert found == [(4, 3), (10, 11)]


def test_turn_before_the_first_driver_is_told_where_it_is_longer_than_a_poll():
    driven = [Span(400_000_000, 10**9, "A bus", "")]
    late = ScenarioRecord("test_x", "f", "", [], Verdict.PASSED, 0, 10**9, spans=driven)
    assert [turn.text for turn in turns(late)] == ["nobody drives for 0.4 s until A does"]
    soon = ScenarioRecord("test_x", "f", "", [], Verdict.PASSED, 200_000_000, 10**9, spans=driven)
    assert turns(soon) == []


def test_short_gap_is_enlarged_until_its_length_can_be_read():
    scenario = example.scenario("test_x", gap_s=0.1, lasted_s=20)
    ((_, window),) = lanes.zooms(scenario)
    found = lanes.lanes(scenario, window, zoomed=True)
    (gap,) = next(lane.bars for lane in found if lane.kind is Kind.GAP)
    assert gap.end - gap.start >= 0.19
    assert gap.label == "0.1 s"


def test_gap_that_is_seen_in_the_whole_is_not_enlarged():
    assert lanes.zooms(example.scenario("test_x", gap_s=3.0, lasted_s=20)) == []


def test_marks_from_before_the_scenario_are_not_drawn():
    (lane,) = (lane for lane in _shown(EVERY[0]) if lane.name == "EG-KITA")
    assert not any("override" in flag.text for flag in lane.flags)


@pytest.mark.parametrize("scenario", EVERY, ids=lambda each: each.name[:40])
def test_labels_of_flags_never_lie_on_each_other_nor_outside(scenario):
    for lane in _shown(scenario):
        places = []
        for flag in lane.flags:
            if flag.row is None or not flag.label:
                continue
            x_px, width_px = flag.at * PLOT_PX_MIN, 11 + text_px(flag.label, FONT_PX)
            start_px, end_px = (x_px - width_px, x_px) if flag.to_left else (x_px, x_px + width_px)
            assert start_px >= 0
            assert end_px <= PLOT_PX_MIN
            places.append((flag.row, start_px, end_px))
        for (row, _, end_px), (next_row, start_px, _) in itertools.pairwise(sorted(places)):
            assert row != next_row or end_px <= start_px


@pytest.mark.parametrize("scenario", EVERY, ids=lambda each: each.name[:40])
def test_labels_of_bars_fit_into_them(scenario):
    for lane in _shown(scenario):
        for bar in lane.bars:
            if bar.label and not bar.beside:
                assert text_px(bar.label, FONT_PX) <= (bar.end - bar.start) * PLOT_PX_MIN


@pytest.mark.parametrize("scenario", EVERY, ids=lambda each: each.name[:40])
def test_drawn_bars_lie_within_their_lane(scenario):
    for figure in timelines(scenario):
        for lane in figure.iterfind(".//g[@data-lane]"):
            ground = lane.find("rect[@class='ground']")
            assert ground is not None
            top = float(ground.get("y", ""))
            bottom = top + float(ground.get("height", ""))
            for body in lane.iterfind("g/rect[@class='body']"):
                start, width = _percent(body.get("x", "")), _percent(body.get("width", ""))
                assert 0 <= start <= start + width <= 100.001
                y = float(body.get("y", ""))
                assert top <= y < y + float(body.get("height", "")) <= bottom


def test_marks_close_to_each_other_all_keep_their_labels():
    (lane,) = (lane for lane in _shown(EVERY[0]) if lane.name == "EG-KITA")
    assert [(flag.row, flag.label[:7], flag.to_left) for flag in lane.flags] == [
        (0, "control", False),
        (1, "systemc", False),
        (2, "hangs", False),
        (0, "reset b", True),
    ]


@pytest.mark.parametrize("scenario", EVERY, ids=lambda each: each.name[:40])
def test_pole_of_a_flag_never_crosses_a_label_below(scenario):
    for lane in _shown(scenario):
        for upper, lower in itertools.permutations(lane.flags, 2):
            if upper.row is None or lower.row is None or upper.row >= lower.row:
                continue
            width = (9 + text_px(lower.label, FONT_PX)) / PLOT_PX_MIN if lower.label else 0
            start, end = (lower.at - width, lower.at) if lower.to_left else (
                lower.at + 9 / PLOT_PX_MIN, lower.at + width,
            )  # fmt: skip
            assert not start < upper.at < end


def test_many_marks_at_once_are_all_drawn_in_a_lane_of_bounded_height():
    marks = [Mark(5_003_000_000_000 + place, "line", f"bytes {place}") for place in range(100)]
    scenario = example.scenario("test_x", marks=marks)
    (lane,) = (lane for lane in _shown(scenario) if lane.name == "line")
    assert len(lane.flags) == 100
    assert lane.rows_count <= 7


def test_lane_of_a_soak_draws_no_more_than_its_limit():
    marks = [Mark(5_000_000_000_000 + place, "line", "x") for place in range(5000)]
    (lane,) = (
        lane for lane in _shown(example.scenario("test_x", marks=marks)) if lane.name == "line"
    )
    assert len(lane.flags) == lanes.DRAWN_MAX


@pytest.mark.parametrize(
    ("length_ns", "labels"),
    [
        (20_000_000_000, ["0", "5", "10", "15", "20"]),
        (400_000_000, ["0.00", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30", "0.35", "0.40"]),
        (1, ["0.000000"]),
    ],
)
def test_ticks_stand_at_round_seconds(length_ns, labels):
    assert [label for _, label in ticks(Window(7, 7 + length_ns, 7))] == labels


def test_ticks_before_the_scenario_have_a_minus():
    found = ticks(Window(-500_000_000, 500_000_000, 0))
    assert found[0] == (pytest.approx(0.1), "−0.4")
    assert all(re.fullmatch(r"−?\d+\.\d", label) for _, label in found)
