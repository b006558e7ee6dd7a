"""Every row of the table of roles is walked by a run of the world."""

from __future__ import annotations

import pytest

from edge.core.twin.table import TABLE
from tests.sim.stories import STORIES, Story


@pytest.mark.parametrize("story", STORIES, ids=lambda story: f"{story.source}-{story.target}")
def test_story_walks_its_row_without_violation(story: Story) -> None:
    result = story.walk()
    assert result is not None, "no seed walks this row"
    assert result.violations == ()


def test_stories_cover_the_whole_table() -> None:
    told = {(story.source, story.target, story.words) for story in STORIES}
    assert {(row.source, row.target, row.words) for row in TABLE} == told
