"""The observer's findings from a log written by hand."""

from __future__ import annotations

from pathlib import Path

from hil.board.journal import Journal
from hil.observer import Dwell, IntervalEnergy, Log, Move

_S = 1_000_000_000


def write_log(path: Path) -> Log:
    journal = Journal(path)
    journal.add(0, "start", import_uwh={"incomer": 0}, export_uwh={"incomer": 0})
    journal.add(1 * _S, "contact", load="fan", shed=True, units=["a"])
    journal.add(2 * _S, "contact", load="chiller", shed=True, units=["a", "b"])
    journal.add(5 * _S, "contact", load="fan", shed=False, units=[])
    journal.add(5 * _S + _S // 2, "contact", load="fan", shed=True, units=["b"])
    marks = {"import_uwh": {"incomer": 500}, "export_uwh": {"incomer": 7}}
    journal.add(10 * _S, "interval", boundary_utc_ns=1000 * _S, **marks)
    marks = {"import_uwh": {"incomer": 60_000_500}, "export_uwh": {"incomer": 7}}
    journal.add(70 * _S, "interval", boundary_utc_ns=1060 * _S, **marks)
    journal.add(71 * _S, "watchdog_reset", unit="a", timeout_s=2)
    journal.close()
    with path.open("a") as file:
        file.write('{"t_ns": 72')  # still being written
    return Log.read(path)


def test_observer_moves_and_dwells_are_by_load(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log")
    assert log.moves(2 * _S) == [
        Move(2 * _S, "chiller", True, ["a", "b"]),
        Move(5 * _S, "fan", False, []),
        Move(5 * _S + _S // 2, "fan", True, ["b"]),
    ]
    short = Dwell("fan", False, 5 * _S, 0.5)
    assert log.dwells() == [Dwell("fan", True, 1 * _S, 4.0), short]
    assert log.chatter() == [short]
    assert log.moves_by_load() == {"fan": 3, "chiller": 1}
    assert log.watchdog_resets() == [(71 * _S, "a")]


def test_observer_interval_energy_is_the_difference_of_its_boundaries(tmp_path: Path) -> None:
    first, whole = write_log(tmp_path / "log").intervals()
    assert first == IntervalEnergy("incomer", 0, 10 * _S, 1000 * _S, 500, 7, whole=False)
    assert whole == IntervalEnergy(
        "incomer", 10 * _S, 70 * _S, 1060 * _S, 60_000_000, 0, whole=True
    )
    assert whole.mean_import_w == 3600.0  # 60 Wh in a minute
