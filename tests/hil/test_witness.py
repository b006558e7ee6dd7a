"""What the witness says of logs written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hil.observer import Log, Move
from hil.witness import Drive, Query, Silence, Takeover, Witness

_MS = 1_000_000
_NODES = ("a", "b")


def burst(node: str, start_ms: int, end_ms: int, **other: Any) -> dict[str, Any]:
    return {
        "node": node,
        "start_ns": start_ms * _MS,
        "end_ns": end_ms * _MS,
        "hex": "01030000f1d8",
        "collided": False,
        "lost_count": 0,
        "isolated": False,
        **other,
    }


def query(node: str, start_ms: int, end_ms: int, **other: Any) -> Query:
    return Query(node, start_ms * _MS, end_ms * _MS, bytes.fromhex("01030000f1d8"), **other)


def witness(*bursts: dict[str, Any], events: list[dict[str, Any]] | None = None) -> Witness:
    return Witness(bursts, Log(events or []), _NODES)


def test_witness_takes_queries_of_gateways_that_reach_the_line() -> None:
    seen = witness(
        burst("b", 20, 24),
        burst("a", 10, 14, lost_count=2),
        burst("meter", 15, 19),
        burst("a", 30, 34, isolated=True),
    )
    assert seen.queries == [query("a", 10, 14, lost=True), query("b", 20, 24)]
    assert seen.of("a", 11 * _MS) == []
    assert seen.of(until_ns=20 * _MS) == [query("a", 10, 14, lost=True)]


def test_witness_takeover_is_from_the_last_query_to_the_first() -> None:
    seen = witness(burst("a", 0, 4), burst("a", 10, 14), burst("b", 600, 604), burst("b", 650, 654))
    (takeover,) = seen.takeovers()
    assert takeover == Takeover("a", "b", 14 * _MS, 600 * _MS)
    assert takeover.gap_s == 0.586
    assert seen.last_of("a") == query("a", 10, 14)
    assert seen.last_of("a", until_ns=10 * _MS) == query("a", 0, 4)
    assert seen.first_of("b") == query("b", 600, 604)
    assert seen.first_of("a", 11 * _MS) is None


def test_witness_old_driver_that_comes_back_is_two_takeovers_more() -> None:
    seen = witness(burst("a", 0, 4), burst("b", 10, 14), burst("a", 20, 24), burst("b", 30, 34))
    assert [(each.old, each.new) for each in seen.takeovers()] == [
        ("a", "b"),
        ("b", "a"),
        ("a", "b"),
    ]
    assert len(seen.takeovers(since_ns=10 * _MS)) == 2


def test_witness_overlap_is_two_gateways_at_once_however_long_the_first_is() -> None:
    seen = witness(burst("a", 0, 100), burst("a", 10, 12), burst("b", 50, 54), burst("b", 100, 104))
    assert seen.overlaps() == [(query("a", 0, 100), query("b", 50, 54))]


def test_witness_fragment_is_nobodys_turn_but_does_overlap() -> None:
    seen = witness(
        burst("a", 0, 4),
        burst("b", 10, 11, hex="77"),
        burst("a", 20, 24),
        burst("b", 22, 23, hex="77"),
    )
    assert seen.takeovers() == []
    assert [late.start_ns for _, late in seen.overlaps()] == [22 * _MS]


def test_witness_echo_of_a_terminal_that_is_being_opened_is_nobodys() -> None:
    heard = burst("meter", 10, 14, hex="020400420002d1ec")
    driving = burst("a", 20, 24)
    echo = burst("b", 21, 23, hex="5e425e4042")  # ^B^@B: 04 ends a file, and is not echoed
    assert witness(heard, driving, echo).overlaps() == []
    halves = (burst("b", 21, 22, hex="5e"), burst("b", 22, 23, hex="40"))  # ^@
    assert witness(heard, driving, *halves).overlaps() == []
    assert len(witness(driving, echo).overlaps()) == 1
    assert len(witness(heard, driving, burst("b", 21, 23, hex="425e4077")).overlaps()) == 1
    assert len(witness(heard, driving, {**echo, "start_ns": 700 * _MS}).overlaps()) == 0


def test_witness_collision_with_a_meter_is_no_overlap() -> None:
    seen = witness(burst("a", 0, 10, collided=True), burst("meter", 5, 15, collided=True))
    assert seen.overlaps() == []
    assert seen.collisions() == [query("a", 0, 10, collided=True)]


def test_witness_silences_count_the_edges_of_the_span() -> None:
    seen = witness(burst("a", 0, 10), burst("a", 30, 40), burst("b", 100, 110))
    assert seen.silences(0.015, 5 * _MS, 200 * _MS) == [
        Silence(10 * _MS, 30 * _MS),
        Silence(40 * _MS, 100 * _MS),
        Silence(110 * _MS, 200 * _MS),
    ]
    assert seen.longest_silence(5 * _MS, 105 * _MS) == Silence(40 * _MS, 100 * _MS)
    assert seen.longest_silence(41 * _MS, 51 * _MS).length_s == 0.01


def test_witness_silence_with_no_query_at_all_is_the_span() -> None:
    assert witness().longest_silence(5, 50) == Silence(5, 50)


def test_witness_tells_moves_drives_resets_and_enable_lines_of_the_board() -> None:
    line = {"event": "line", "unit": "a"}
    seen = witness(
        events=[
            {"t_ns": 1, "pin": 5, "direction": "out", "level": 1, **line},
            {"t_ns": 2, "event": "contact", "load": "fan", "shed": True, "units": ["a"]},
            {"t_ns": 3, "pin": 5, "direction": "in", "level": 0, **line},
            {"t_ns": 3, "pin": 6, "direction": "out", "level": 0, **line},
            {"t_ns": 4, "event": "watchdog_reset", "unit": "a", "timeout_s": 2},
            {"t_ns": 5, "event": "watchdog_reset", "unit": "b", "timeout_s": 2},
            {"t_ns": 6, "event": "enable", "unit": "b", "up": False},
        ]
    )
    assert seen.load_moves() == [Move(2, "fan", True, ["a"])]
    assert seen.load_moves(until_ns=2) == []
    assert seen.drives("a", [5]) == [Drive(1, "a", 5, 1), Drive(3, "a", 5, None)]
    assert seen.drives("b", [5]) == []
    assert seen.resets("a") == [4]
    assert seen.enables("b") == [(6, False)]
    assert seen.enables("b", since_ns=7) == []


def test_witness_reads_both_files_but_a_line_still_being_written(tmp_path: Path) -> None:
    bus, board = tmp_path / "bus", tmp_path / "board"
    bus.write_text(json.dumps(burst("a", 0, 4)) + '\n{"node": "b"')
    board.write_text('{"t_ns": 4, "event": "watchdog_reset", "unit": "a"}\n{"t_')
    seen = Witness.read(bus, board, _NODES)
    assert seen.queries == [query("a", 0, 4)]
    assert seen.resets("a") == [4]
