"""A growing log is read line by line, none twice."""

from __future__ import annotations

from pathlib import Path

from hil.tail import Tail


def test_tail_gives_all_whole_lines_and_takes_each_apart_once(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("")
    tail = Tail(path)
    assert tail.rows() == []
    with path.open("a", buffering=1) as log:
        log.write('{"n": 1}\n{"n": 2}\n{"n"')
        log.flush()
        first = tail.rows()[0]
        assert tail.rows() == [{"n": 1}, {"n": 2}]
        log.write(": 3}\n")
        assert tail.rows() == [{"n": 1}, {"n": 2}, {"n": 3}]
        assert tail.rows()[0] is first
