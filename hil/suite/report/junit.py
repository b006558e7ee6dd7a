"""A run as JUnit XML, as Jenkins and GitLab read it.

What was measured is in a test case's properties, which Jenkins keeps on request, and in its output,
which both show.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from hil.suite.record import RunRecord, ScenarioRecord, Verdict
from hil.suite.report.markup import Element, add, band, el, quantity

_ELEMENT = {Verdict.FAILED: "failure", Verdict.ERROR: "error", Verdict.SKIPPED: "skipped"}
_MESSAGE_LETTERS_MAX = 500


def junit(runs: Sequence[RunRecord]) -> bytes:
    every = [scenario for run in runs for scenario in run.scenarios]
    root = el("testsuites", name="denban", time=_seconds(sum(run.lasted_s for run in runs)))
    _count(root, every)
    for run in runs:
        add(root, _suite(run))
    ET.indent(root, " ")
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _suite(run: RunRecord) -> Element:
    suite = el(
        "testsuite", name=f"denban.{run.bench}", time=_seconds(run.lasted_s),
        timestamp=run.begun_utc.partition("+")[0].removesuffix("Z"),
    )  # fmt: skip
    _count(suite, run.scenarios)
    told = {"bench": run.bench, "bench description": run.description, **run.versions}
    for channel in run.channels:
        told[f"self-test {channel.channel}"] = f"{'ok' if channel.ok else 'FAILED'} {channel.note}"
    add(suite, _properties(list(told.items())))
    return add(suite, *(_case(run, scenario) for scenario in run.scenarios))


def _case(run: RunRecord, scenario: ScenarioRecord) -> Element:
    case = el(
        "testcase", classname=f"{run.bench}.{scenario.file.removesuffix('.py').replace('/', '.')}",
        name=scenario.name, file=scenario.file,
        time=_seconds((scenario.end_ns - scenario.start_ns) / 1e9),
    )  # fmt: skip
    told = [("requirement", each) for each in scenario.requirements]
    lines = [scenario.procedure, ""]
    for each in scenario.measured:
        got, allowed = quantity(each.value, each.unit), band(each)
        told += [(f"measured {each.what}", got), (f"allowed {each.what}", allowed)]
        lines.append(f"{each.what}: {got}, allowed {allowed}{'' if each.ok else ': NOT OK'}")
    told += [("evidence", each) for each in scenario.evidence]
    if told:
        add(case, _properties(told))
    if scenario.verdict in _ELEMENT:
        add(case, _reason(scenario))
    return add(case, el("system-out", "\n".join(lines)))


def _reason(scenario: ScenarioRecord) -> Element:
    message = first_line(scenario.text)[:_MESSAGE_LETTERS_MAX]
    name = _ELEMENT[scenario.verdict]
    if scenario.verdict is Verdict.SKIPPED:
        return el(name, scenario.text, message=message)
    kind = message.partition(":")[0]
    return el(name, scenario.text, message=message, type=kind if kind.isidentifier() else name)


def first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _properties(told: Sequence[tuple[str, str]]) -> Element:
    return el(
        "properties", *(el("property", name=name, value=value.strip()) for name, value in told)
    )


def _count(element: Element, scenarios: Sequence[ScenarioRecord]) -> None:
    verdicts = [scenario.verdict for scenario in scenarios]
    element.set("tests", str(len(verdicts)))
    for key, verdict in (
        ("failures", Verdict.FAILED), ("errors", Verdict.ERROR), ("skipped", Verdict.SKIPPED),
    ):  # fmt: skip
        element.set(key, str(verdicts.count(verdict)))


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
