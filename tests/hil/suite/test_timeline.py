"""What the witness saw becomes spans on lanes, none of them outside the scenario."""

from __future__ import annotations

from typing import Any

from hil.observer import Log
from hil.suite.record import Mark, Span
from hil.suite.timeline import bus_spans, load_spans, reset_marks, role_spans
from hil.witness import Witness

_MS = 1_000_000
A, B = "kita", "minami"


def burst(node: str, start_ms: int, end_ms: int) -> dict[str, Any]:
    return {
        "node": node, "start_ns": start_ms * _MS, "end_ns": end_ms * _MS, "hex": "01030000f1d8",
        "collided": False, "lost_count": 0, "isolated": False,
    }  # fmt: skip


def contact(at_ms: int, load: str, *, shed: bool) -> dict[str, Any]:
    return {"event": "contact", "t_ns": at_ms * _MS, "load": load, "shed": shed, "units": []}


def witness(*events: dict[str, Any], bursts: tuple[dict[str, Any], ...] = ()) -> Witness:
    return Witness(bursts, Log(events), (A, B))


def test_queries_that_follow_each_other_are_one_turn_on_the_line() -> None:
    seen = witness(
        bursts=(burst(A, 0, 10), burst(A, 200, 210), burst(B, 300, 310), burst(A, 800, 810))
    )
    assert bus_spans(seen, A, 0, 1000 * _MS) == [
        Span(0, 210 * _MS, "kita bus", "drives the line"),
        Span(800 * _MS, 810 * _MS, "kita bus", "drives the line"),
    ]


def test_queries_long_before_and_after_the_scenario_are_not_in_its_picture() -> None:
    seen = witness(bursts=(burst(A, 0, 10), burst(A, 650, 660), burst(A, 690, 695)))
    assert bus_spans(seen, A, 640 * _MS, 680 * _MS) == [
        Span(650 * _MS, 660 * _MS, "kita bus", "drives the line")
    ]


def test_turn_that_ended_just_before_the_scenario_shows_where_a_gap_begins() -> None:
    seen = witness(bursts=(burst(A, 30, 39), burst(B, 70, 75)))
    assert bus_spans(seen, A, 40 * _MS, 80 * _MS) == [
        Span(30 * _MS, 39 * _MS, "kita bus", "drives the line")
    ]


def test_load_that_was_shed_before_and_stays_shed_fills_the_picture() -> None:
    seen = witness(contact(10, "fan", shed=True))
    assert load_spans(seen, 40 * _MS, 80 * _MS) == [Span(40 * _MS, 80 * _MS, "fan", "shed")]


def test_load_that_is_shed_and_restored_has_a_span_of_that_time() -> None:
    seen = witness(
        contact(10, "fan", shed=True), contact(20, "fan", shed=False),
        contact(50, "fan", shed=True), contact(60, "pump", shed=True),
        contact(70, "fan", shed=False),
    )  # fmt: skip
    assert load_spans(seen, 40 * _MS, 80 * _MS) == [
        Span(50 * _MS, 70 * _MS, "fan", "shed"),
        Span(60 * _MS, 80 * _MS, "pump", "shed"),
    ]


def test_roles_last_until_the_next_one_is_said() -> None:
    roles = {A: [(10, "standby"), (50, "active")], B: []}
    assert role_spans(roles, 20, 90) == [
        Span(20, 50, "kita role", "standby"),
        Span(50, 90, "kita role", "active"),
    ]


def test_resets_of_the_scenario_are_marks_on_their_units_lane() -> None:
    resets = [{"event": "watchdog_reset", "t_ns": t, "unit": A} for t in (10, 50, 90)]
    assert reset_marks(witness(*resets), A, 20, 80) == [Mark(50, A, "reset by its watchdog")]
