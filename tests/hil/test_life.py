"""The soak's arithmetic, and its look at a process that is really there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hil.life.reading import Reading, StoreReading, read_process, read_store
from hil.life.report import growths, markdown
from hil.life.run import Life
from hil.life.slope import slope


def _reading(elapsed_s: float, private_kb: int, pid: int = 7) -> Reading:
    return Reading(
        elapsed_s=elapsed_s,
        unit="EG-KITA",
        process="keeper",
        pid=pid,
        rss_kb=private_kb + 1000,
        pss_kb=private_kb + 500,
        private_kb=private_kb,
        descriptors=13,
        threads=1,
        write_bytes=int(elapsed_s) * 1000,
        write_calls=int(elapsed_s) * 4,
        cpu_ms=int(elapsed_s) * 2,
    )


def test_slope_of_a_line_is_its_own_without_error() -> None:
    found = slope([0.0, 1800.0, 3600.0], [100.0, 105.0, 110.0])
    assert found is not None
    assert (found.per_h, found.error_per_h) == pytest.approx((10.0, 0.0))
    assert (found.first, found.last, found.lowest, found.highest) == (100.0, 110.0, 100.0, 110.0)


def test_slope_of_too_little_is_none_and_of_unequal_rows_an_error() -> None:
    assert slope([0.0, 1.0], [1.0, 2.0]) is None
    assert slope([5.0, 5.0, 5.0], [1.0, 2.0, 3.0]) is None
    with pytest.raises(ValueError, match="got 1 times and 2 values"):
        slope([1.0], [1.0, 2.0])


def test_growth_is_of_the_longest_life_after_its_own_warm_up() -> None:
    short = [_reading(10.0 * n, 5000 + 100 * n, pid=6) for n in range(10)]
    # 600 s of a beginning that grows fast, then 36 kB an hour.
    begun = [_reading(100.0 + 10 * n, 9000 + 10 * n) for n in range(60)]
    settled = [_reading(700.0 + 100 * n, 10_000 + n) for n in range(40)]
    (found,) = growths([*short, *begun, *settled], 600.0)
    assert (found.unit, found.process, found.lives) == ("EG-KITA", "keeper", 2)
    assert found.private_kb.per_h == pytest.approx(36.0)
    assert (found.descriptors, found.threads) == ((13, 13), (1, 1))
    assert found.written_mb_per_day == pytest.approx(86.4)
    assert found.cpu_ratio == pytest.approx(0.002)


def test_report_of_a_run_too_short_has_no_row_of_a_process() -> None:
    stores = [StoreReading(0.0, "EG-KITA", 4000, 9000, 0), StoreReading(9.0, "EG-KITA", 8000, 9, 0)]
    life = Life(0.1, [_reading(0.0, 5000)], stores, 0, 0, 0, 0, 0, [], ["9 s: handover: refused"])
    text = markdown(life, 0.0)
    assert "keeper" not in text
    assert "| EG-KITA | 4, 8 | 9, 0 | 0, 0 |" in text
    assert "Incident: 9 s: handover: refused" in text


def test_process_of_the_product_is_read_and_others_are_not(tmp_path: Path) -> None:
    program = tmp_path / "edge" / "keeper.py"
    program.parent.mkdir()
    program.write_text("import sys\nprint('up', flush=True)\nsys.stdin.read()\n")
    words = [sys.executable, "-m", "edge.keeper"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(
        words, cwd=tmp_path, env=os.environ | {"PYTHONPATH": ""}, **pipes
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        found = read_process(child.pid, "EG-KITA", 1.25)
        child.communicate()
    assert found is not None
    assert (found.process, found.unit, found.pid, found.threads) == (
        "keeper",
        "EG-KITA",
        child.pid,
        1,
    )
    assert found.rss_kb >= found.pss_kb >= found.private_kb > 0
    assert read_process(os.getpid(), "EG-KITA", 0.0) is None
    assert read_process(child.pid, "EG-KITA", 0.0) is None


def test_store_is_read_with_the_journals_log(tmp_path: Path) -> None:
    store = tmp_path / "state"
    (store / "incidents").mkdir(parents=True)
    for name, size in (("journal.db", 10), ("journal.db-wal", 20), ("incidents/a.flight.z", 5)):
        (store / name).write_bytes(bytes(size))
    log = tmp_path / "log"
    log.write_bytes(b"x")
    assert read_store(store, log, "EG-KITA", 2.0) == StoreReading(2.0, "EG-KITA", 30, 35, 1)
