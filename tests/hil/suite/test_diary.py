"""What was done is on the page of its scenario; what still holds can be mended."""

from __future__ import annotations

from hil.suite.diary import Diary
from hil.suite.protocol import Unable
from hil.suite.record import Mark, Span


class Clock:
    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        self.now_ns += 1
        return self.now_ns


def test_diary_notes_what_is_done_again_and_again_once() -> None:
    diary = Diary(Clock())
    for text in ("kill", "kill", "stop", "kill"):
        diary.mark("kita", text)
    assert diary.marks == [
        Mark(1, "kita", "kill"), Mark(2, "kita", "stop"), Mark(3, "kita", "kill")
    ]  # fmt: skip


def test_diary_knows_a_fault_from_its_begin_to_its_end() -> None:
    diary = Diary(Clock())
    diary.fault("line", "shorted", lambda: None, on=True)
    diary.fault("line", "shorted", lambda: None, on=True)
    assert diary.spans() == [Span(1, None, "line", "shorted")]
    diary.fault("line", "shorted", lambda: None, on=False)
    (span,) = diary.spans()
    assert (span.start_ns, span.end_ns is not None) == (1, True)
    diary.turn()
    assert diary.spans() == []


def test_diary_ends_nothing_that_does_not_hold() -> None:
    diary = Diary(Clock())
    diary.fault("line", "shorted", lambda: None, on=False)
    assert diary.spans() == []


def test_diary_mends_the_newest_first_and_each_once() -> None:
    diary = Diary(Clock())
    mended: list[str] = []
    for text in ("cut", "shorted"):
        diary.fault("line", text, lambda text=text: mended.append(text), on=True)  # type: ignore[misc]
    diary.mend()
    diary.mend()
    assert mended == ["shorted", "cut"]


def test_diary_mends_the_rest_where_a_bench_can_not_mend_one() -> None:
    def refuse() -> None:
        raise Unable("table: no such switch")

    diary = Diary(Clock())
    mended: list[str] = []
    diary.fault("line", "cut", lambda: mended.append("cut"), on=True)
    diary.fault("kita", "USB adapter dead", refuse, on=True)
    diary.mend()
    assert mended == ["cut"]
