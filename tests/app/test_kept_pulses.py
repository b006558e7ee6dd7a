"""The whole controller killed and started again under 1 kHz of pulses, with descriptors kept by a
service manager: what it books is what the meter gave, to the pulse.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hil.controller import children
from tests.app.kept_works import Works
from tests.hil.board_rig import Rig

TRAIN_COUNT = 1500
AWAY_COUNT = 400


def inodes(pid: int) -> set[int]:
    """Inodes of what a process has open."""
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile: a child that is starting
            found.add(link.stat().st_ino)
    return found


@pytest.fixture
def works() -> Iterator[Works]:
    with Rig(unit_changes={"a": {"watchdog": {"kill": False}}}) as rig:
        made = Works(rig)
        yield made
        made.close()


def away_and_back(works: Works, end: Callable[[], None]) -> None:
    """Pulses begin, the controller books some, ends, some come while it is away, it is back."""
    booked = works.booked_count()
    works.pulse(TRAIN_COUNT)
    works.wait(lambda: works.booked_count() > booked)
    end()
    given = works.given_count()
    works.pulse(AWAY_COUNT)
    works.wait(lambda: works.given_count() >= given + AWAY_COUNT)
    works.start()


def settle(works: Works, count: int) -> None:
    """Wait until all is given and booked, then for the state that is saved at a stop."""
    works.wait(lambda: works.given_count() == count and works.booked_count() >= count)
    works.stop()


def test_pulses_at_1_khz_over_two_kills_and_a_restart_are_booked_exactly(works: Works) -> None:
    works.start()
    for end in (works.kill, works.stop, works.kill):
        away_and_back(works, end)
    given_count = 3 * (TRAIN_COUNT + AWAY_COUNT)
    settle(works, given_count)
    state = works.state()
    assert state is not None
    track = state.metering.tracks["pulse.incomer"]
    assert (works.booked_count(), track.breaks_count) == (given_count, 0)


def test_pulses_that_ended_while_the_controller_was_away_are_booked_by_the_next_run(
    works: Works,
) -> None:
    works.start()
    works.wait(lambda: works.state() is not None)
    works.kill()
    works.pulse(AWAY_COUNT)
    works.wait(lambda: works.given_count() == AWAY_COUNT)
    works.start()
    settle(works, AWAY_COUNT)
    assert works.booked_count() == AWAY_COUNT


def test_pulses_of_before_are_not_booked_again_when_none_came_while_the_controller_was_away(
    works: Works,
) -> None:
    works.start()
    works.pulse(AWAY_COUNT)
    works.wait(lambda: works.booked_count() == AWAY_COUNT)
    works.kill()
    works.start()
    works.pulse(1)
    settle(works, AWAY_COUNT + 1)
    assert works.booked_count() == AWAY_COUNT + 1


def test_kept_lines_are_held_by_the_control_process_alone(works: Works) -> None:
    works.start()
    works.wait(lambda: len(works.manager.names) == 3)  # a line, its page, a relay
    works.kill()
    works.start()
    kept = works.manager.inodes()
    assert kept <= inodes(works.pid)
    found = children(works.pid)
    assert [command for command in found.values() if "edge.keeper" in command]
    for pid in found:
        assert not kept & inodes(pid)


def test_pulses_of_a_site_file_with_another_debounce_are_counted_anew(works: Works) -> None:
    works.start()
    works.wait(lambda: len(_pulse_lines(works)) == 2)
    (before, _) = _pulse_lines(works)
    works.stop()
    works.start(debounce_ms=0.1)
    works.wait(lambda: len(_pulse_lines(works)) == 2 and before not in _pulse_lines(works))


def _pulse_lines(works: Works) -> list[str]:
    return [name for name in works.manager.names if name.startswith("line-")]
