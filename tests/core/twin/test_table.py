"""The table of roles is what the machine walks, and what the documents show."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.core.twin.diagram import diagram_markdown, diagram_mermaid
from edge.core.twin.table import TABLE, Cause, row
from edge.model.event import EventKind, Severity
from edge.model.twin import Role
from tests.core.twin.scenarios import SCENARIOS

_PAPER = Path(__file__).parents[3] / "docs" / "twin.md"
_BEGIN, _END = "<!-- roles:begin -->", "<!-- roles:end -->"


def test_table_every_row_is_walked_by_a_scenario_and_nothing_else() -> None:
    known = {(change.source.value, change.words): change for change in TABLE}
    assert len(known) == len(TABLE)
    walked = set()
    for scenario in SCENARIOS:
        for unit in scenario().units:
            for event in unit.events:
                if event.subject == "role":
                    change = known[str(event.facts["from"]), str(event.facts["why"])]
                    assert event.kind is EventKind.TWIN
                    assert event.severity is change.severity
                    assert event.facts["to"] == change.target.value
                    walked.add(change)
    assert [change for change in TABLE if change not in walked] == []


def test_table_has_one_target_for_each_cause_in_a_role() -> None:
    assert len({(change.source, change.cause) for change in TABLE}) == len(TABLE)


def test_table_change_that_is_not_in_it_is_a_programmers_error() -> None:
    with pytest.raises(AssertionError, match="no row for claimed in boot"):
        row(Role.BOOT, Cause.CLAIMED)


def test_table_no_alarm_in_the_journal_stands_for_a_role() -> None:
    """A role is no condition that ends: an alarm of its own would stand for ever."""
    assert all(change.severity is not Severity.ALARM for change in TABLE)


def test_diagram_names_every_role_and_cause() -> None:
    drawn = diagram_mermaid()
    assert drawn.startswith("stateDiagram-v2\n    [*] --> BOOT\n    BOOT --> LISTEN: started\n")
    assert all(role.name in drawn for role in Role)
    assert all(cause.value in drawn for cause in Cause)


def test_paper_shows_the_table_as_it_is() -> None:
    """If not: put what ``python -c "from edge.core.twin.diagram import diagram_markdown;
    print(diagram_markdown())"`` prints between the markers of docs/twin.md.
    """
    if not _PAPER.exists():
        pytest.skip("docs/twin.md is not there yet")
    shown = _PAPER.read_text().partition(_BEGIN)[2].partition(_END)[0]
    assert shown.strip() == diagram_markdown()
