"""Whether a scenario has caught a break: it failed, and for the reason that was expected."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from hil.breaks.seeded import Break, Catch
from hil.suite.record import RunRecord, ScenarioRecord, Verdict

_LINE_CHARS_MAX = 200
_REMARK = "bench computer:"


class Finding(msgspec.Struct, frozen=True):
    """One scenario under one break. `line` of its failure; `why` it counts as not caught."""

    name: str
    scenario: str
    caught: bool
    line: str
    why: str = ""

    @property
    def missed(self) -> bool:
        """The scenario ran to its end and passed: another try would say the same."""
        return self.why == Verdict.PASSED


def judge(seeded: Break, run: RunRecord | None, not_loaded: Sequence[str]) -> list[Finding]:
    """`run` is None where the bench left nothing; `not_loaded` are broken files that never ran."""
    return [_judge(seeded.name, catch, run, not_loaded) for catch in seeded.caught_by]


def not_passed(scenarios: Sequence[str], run: RunRecord | None) -> dict[str, str]:
    """Of a run of the unbroken product: what did not pass, and why."""
    wrong: dict[str, str] = {}
    for scenario in scenarios:
        records = _records(scenario, run)
        if not records:
            wrong[scenario] = "did not run"
        for record in records:
            if record.verdict is not Verdict.PASSED:
                wrong[scenario] = f"{record.verdict}: {failure_line(record.text)}"
    return wrong


def failure_line(text: str) -> str:
    """The line that a reader needs first; what follows it is where it came from. A remark on the
    bench's own computer may stand before it.
    """
    lines = [line for line in text.splitlines() if line and not line.startswith(_REMARK)]
    return lines[0][:_LINE_CHARS_MAX] if lines else ""


def _judge(name: str, catch: Catch, run: RunRecord | None, not_loaded: Sequence[str]) -> Finding:
    if not_loaded:
        return Finding(name, catch.scenario, False, "", f"not loaded: {', '.join(not_loaded)}")
    records = _records(catch.scenario, run)
    if not records:
        return Finding(name, catch.scenario, False, "", "did not run")
    failed = [record for record in records if record.verdict is Verdict.FAILED]
    if not failed:
        first = records[0]
        return Finding(name, catch.scenario, False, failure_line(first.text), first.verdict.value)
    for record in failed:
        line = failure_line(record.text)
        if re.search(catch.says, line):
            return Finding(name, catch.scenario, True, line)
    line = failure_line(failed[0].text)
    return Finding(name, catch.scenario, False, line, f"failed otherwise: need {catch.says!r}")


def _records(scenario: str, run: RunRecord | None) -> list[ScenarioRecord]:
    """Of one scenario: by its name with its parameters, or of all of them by the bare name."""
    if run is None:
        return []
    name = scenario.rpartition("::")[2]
    return [record for record in run.scenarios if record.name == name or _bare(record.name) == name]


def _bare(name: str) -> str:
    return name.partition("[")[0]
