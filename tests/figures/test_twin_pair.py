"""How a trial of the pair is judged from the line's and the board's logs, made by hand here."""

from __future__ import annotations

from typing import Any

from hil.figures.twin_pair import judge
from hil.figures.twin_rows import Trial
from hil.observer import Log
from hil.witness import Witness

OLD, NEW = "EG-KITA", "EG-MINAMI"
MS = 1_000_000


def burst(node: str, start_ms: int, **differs: Any) -> dict[str, Any]:
    return {
        "node": node,
        "start_ns": start_ms * MS,
        "end_ns": (start_ms + 5) * MS,
        "hex": "010400004019",
        "isolated": False,
        "collided": False,
        "lost_count": 0,
    } | differs


def contact(load: str, at_ms: int) -> dict[str, Any]:
    return {"event": "contact", "t_ns": at_ms * MS, "load": load, "shed": False, "units": []}


def judged(bursts: list[dict[str, Any]], *moves: dict[str, Any]) -> Trial:
    return judge(Witness(bursts, Log(moves), (OLD, NEW)), OLD, NEW, 1000 * MS)


def test_gap_is_from_the_old_ones_last_query_before_the_fault_to_the_new_ones_first() -> None:
    bursts = [burst(OLD, 700), burst(OLD, 900), burst(NEW, 1405), burst(NEW, 1600)]
    assert judged(bursts) == Trial(0.5)


def test_query_of_the_old_one_after_the_fault_shortens_the_gap() -> None:
    assert judged([burst(OLD, 900), burst(OLD, 1200), burst(NEW, 1405)]) == Trial(0.2)


def test_pair_without_a_taker_has_no_gap() -> None:
    assert judged([burst(NEW, 500), burst(OLD, 900)]) == Trial(None)


def test_overlap_of_both_after_the_takeover_is_a_collision() -> None:
    bursts = [burst(OLD, 900), burst(NEW, 1405), burst(OLD, 1408)]
    assert judged(bursts).collisions_count == 1


def test_moves_count_from_the_fault_on_and_of_loads_held_shed_only() -> None:
    bursts = [burst(OLD, 900), burst(NEW, 1405)]
    moves = contact("chiller-1", 500), contact("chiller-1", 1300), contact("ventilation", 1300)
    assert judged(bursts, *moves).moves_count == 1
