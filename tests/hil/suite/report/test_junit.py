"""What a CI server reads of a run."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from hil.suite.record import Verdict
from hil.suite.report.junit import junit
from tests.hil.suite.report import example

_COUNTS = ("tests", "failures", "errors", "skipped")


@pytest.fixture(scope="module")
def root() -> ET.Element:
    return ET.fromstring(junit([example.run(), example.run("machine")]))


def test_junit_of_two_runs_counts_each_verdict(root):
    suites = root.findall("testsuite")
    counts = [[each.get(key) for key in ("name", *_COUNTS)] for each in suites]
    assert counts == [
        ["denban.process", "24", "2", "1", "1"],
        ["denban.machine", "24", "2", "1", "1"],
    ]
    assert [root.get(key) for key in _COUNTS] == ["48", "4", "2", "2"]
    assert [len(suite.findall("testcase")) for suite in suites] == [24, 24]


def test_junit_elements_within_a_case_are_those_of_its_verdict(root):
    named = {"failed": "failure", "error": "error", "skipped": "skipped"}
    suite = root.find("testsuite")
    assert suite is not None
    for case, scenario in zip(suite.findall("testcase"), example.run().scenarios, strict=True):
        assert case.get("name") == scenario.name
        found = [each.tag for each in case if each.tag in set(named.values())]
        assert found == ([named[scenario.verdict]] if scenario.verdict in named else [])


def test_junit_failure_says_first_line_kind_and_all_of_the_text(root):
    failure = root.find(".//testcase[@name='test_that_fails']/failure")
    assert failure is not None
    assert failure.get("message") == "AssertionError: takeover: got 1.4 s, allowed at most 1.1 s"
    assert failure.get("type") == "AssertionError"
    assert "<b>&\"'</b> デマンド超過警報 ]]> red �" in (failure.text or "")


def test_junit_case_holds_measured_beside_allowed(root):
    case = root.find(".//testcase[@name='test_that_fails']")
    assert case is not None
    told = {each.get("name"): each.get("value") for each in case.findall("properties/property")}
    assert told["measured takeover"] == "1.4 s"
    assert told["allowed takeover"] == "≤ 1.1 s"
    assert "takeover: 1.4 s, allowed ≤ 1.1 s: NOT OK" in (case.findtext("system-out") or "")


def test_junit_suite_names_bench_versions_and_self_test(root):
    suite = root.find("testsuite")
    assert suite is not None
    told = {each.get("name"): each.get("value") for each in suite.findall("properties/property")}
    assert told["bench"] == "process"
    assert told["commit"] == "2d0436e-dirty"
    assert told["self-test line of EG-MINAMI"] == "ok 16.9 ms for 2 registers"
    assert suite.get("timestamp") == "2026-11-22T22:03:36"


def test_junit_skip_says_why(root):
    skipped = root.find(".//testcase[@name='test_panic[a b]']/skipped")
    assert skipped is not None
    assert skipped.get("message") == "process bench: needs a kernel"


def test_example_run_has_every_verdict():
    assert {each.verdict for each in example.run().scenarios} == set(Verdict)
