"""The page that people read: whole, balanced, self-contained, and safe from what logs hold."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest

from hil.suite import report
from hil.suite.record import ChannelRecord, Measured, RunRecord, Verdict
from hil.suite.report.__main__ import main
from hil.suite.report.markup import band, number, title_of
from hil.suite.report.page import page, verdict_of
from hil.suite.report.section import measurements, section
from hil.suite.requirements import Requirement
from tests.hil.suite.report import example

_VOID = {"meta", "br", "hr", "img", "input", "link"}
KNOWN = {
    "S02": Requirement("Hangs are survived.", "docs/twin.md"),
    "NOBODY": Requirement("Nothing covers this.", "docs/guide.md", shown_by="tests/x.py"),
}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def _read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader


@pytest.fixture(scope="module")
def text() -> str:
    return page([example.run(), example.run("machine")], KNOWN)


@pytest.fixture(scope="module")
def reader(text) -> _Reader:
    return _read(text)


def _run(**changed) -> RunRecord:
    return msgspec.structs.replace(example.run(), **changed)


def test_page_is_balanced(reader):
    assert reader.open == []


def test_page_names_every_scenario(reader):
    whole = "".join(reader.text)
    assert [each.name for each in example.run().scenarios if each.name not in whole] == []


def test_page_leads_nowhere_outside_itself(reader, text):
    names = {value for name, value in reader.attributes if name == "id"}
    links = [value for name, value in reader.attributes if name in {"href", "src"}]
    assert links
    assert [link for link in links if not link or link[:1] != "#" or link[1:] not in names] == []
    assert re.findall(r"https?:|url\(|@import", text) == []


def test_page_has_each_id_once(reader):
    names = [value for name, value in reader.attributes if name == "id"]
    assert len(names) == len(set(names)) == 48


def test_page_shows_markup_of_a_log_as_text(reader, text):
    assert "<b>&" not in text
    assert "<b>&\"'</b> デマンド超過警報 ]]> red �" in "".join(reader.text)


def test_page_of_the_same_run_is_the_same(text):
    assert page([example.run(), example.run("machine")], KNOWN) == text


@pytest.mark.parametrize(
    ("bench", "said"), [("process", "virtual"), ("machine", "virtual"), ("rig", "real")]
)
def test_page_says_whether_the_bench_is_virtual(bench, said):
    text = page([example.run(bench)], {})
    assert f'<span class="class">{said}</span>' in text


def _headline(run: RunRecord) -> str:
    found = re.search(r'<p class="headline (\w+)">(.*?)</p>', page([run], {}))
    assert found is not None
    return f"{found[1]}: {found[2]}"


def test_headline_counts_every_verdict():
    assert _headline(example.run()) == (
        "failed: ✗ 2 of 24 scenarios failed, in 1 the bench itself failed, 20 passed, 1 skipped."
    )


def test_headline_of_a_clean_run_says_what_was_skipped():
    clean = [
        each
        for each in example.run().scenarios
        if each.verdict in {Verdict.PASSED, Verdict.SKIPPED}
    ]
    assert (
        _headline(_run(scenarios=clean)) == "passed: ✓ All 20 scenarios that ran passed, 1 skipped."
    )


def test_headline_with_a_dead_channel_is_no_pass():
    clean = [each for each in example.run().scenarios if each.verdict is Verdict.PASSED]
    said = _headline(_run(scenarios=clean, channels=[ChannelRecord("board", ok=False)]))
    assert said == "error: ! 1 channel of the bench did not pass the self-test, 20 passed."


def test_headline_where_nothing_ran_is_no_pass():
    skipped = [each for each in example.run().scenarios if each.verdict is Verdict.SKIPPED]
    assert _headline(_run(scenarios=skipped)) == "skipped: – No scenario ran, 1 skipped."


def test_verdict_over_several_is_the_gravest():
    assert verdict_of(list(Verdict)) is Verdict.FAILED
    assert verdict_of([Verdict.PASSED, Verdict.ERROR]) is Verdict.ERROR
    assert verdict_of([Verdict.SKIPPED, Verdict.PASSED]) is Verdict.PASSED
    assert verdict_of([]) is Verdict.SKIPPED


def test_matrix_shows_what_nothing_covers(text):
    assert "Nothing covers this." in text
    assert "– no scenario" in text
    assert "deeper: tests/x.py" in text


def test_scenario_is_open_where_it_did_not_pass():
    opened = re.findall(r'<details [^>]*class="scenario (\w+)"( open)?', page([example.run()], {}))
    assert len(opened) == 24
    assert {verdict: bool(is_open) for verdict, is_open in opened} == {
        "passed": False, "failed": True, "error": True, "skipped": False,
    }  # fmt: skip


def test_failure_that_says_much_is_cut_where_it_is_read_and_whole_below():
    lines = [f"line {place}" for place in range(20)]
    failed = example.scenario("test_x", Verdict.FAILED, text="\n".join(lines) + "\n\nwhere")
    section_ = section(failed, "x")
    assert [each.text for each in section_.iter("pre")] == [
        "\n".join(lines[:6]),
        "\n".join([*lines[6:], "", "where"]),
    ]


@pytest.mark.parametrize(
    ("measured", "said", "places"),
    [
        (Measured("x", 0.5, "s", None, 1.0), "≤ 1 s", (0, 75, 37.5)),
        (Measured("x", 1.5, "s", None, 1.0), "≤ 1 s", (0, 66.67, 99.5)),
        (Measured("x", 20, "", 10, None), "≥ 10", (50, 50, 99.5)),
        (Measured("x", 0, "", 0, 0), "= 0", (50, 0, 50)),
        (Measured("x", 2, "", 1, 3), "1 to 3", (25, 50, 50)),
        (Measured("x", -1, "s", -2, 2), "−2 to 2 s", (0.5, 74.5, 18.75)),
    ],
)
def test_gauge_shows_the_value_in_its_band(measured, said, places):
    assert band(measured) == said
    told = measurements([measured])
    assert told is not None
    rect, line = told.find(".//rect[@class='band']"), told.find(".//line")
    assert rect is not None
    assert line is not None
    found = (rect.get("x"), rect.get("width"), line.get("x1"))
    assert [float(str(each).rstrip("%")) for each in found] == pytest.approx(places, abs=0.01)


def test_number_keeps_four_figures_and_whole_numbers_whole():
    given = [0.0, 1.0, 0.269732414, 12345.678, 1234567.0, -0.5, 0.00001234]
    assert [number(each) for each in given] == [
        "0", "1", "0.2697", "12\u202f346", "1\u202f234\u202f567", "−0.5", "0.00001234",
    ]  # fmt: skip


def test_title_keeps_parameters_as_they_are():
    assert title_of("test_path_that_is_cut[net0_a]") == "Path that is cut [net0_a]"


def test_program_writes_both_files_of_several_runs(tmp_path, capsys):
    paths = [tmp_path / "process.json", tmp_path / "machine.json"]
    for path in paths:
        example.run(path.stem).write(path)
    main([*map(str, paths), "--out", str(tmp_path / "out")])
    assert capsys.readouterr().out.strip() == str(tmp_path / "out" / "report.html")
    whole = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Bench report: process, machine" in whole
    assert (tmp_path / "out" / "junit.xml").read_bytes().startswith(b"<?xml")


def test_write_of_a_run_that_has_nothing_leaves_a_page(tmp_path):
    report.write(_run(scenarios=[], channels=[], versions={}), tmp_path)
    assert "No scenario ran" in (tmp_path / "report.html").read_text(encoding="utf-8")
