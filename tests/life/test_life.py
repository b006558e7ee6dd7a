"""What the decisions hold does not grow with the days, whatever the clocks and the plans do."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from edge.model.event import EventKind
from edge.model.scan import ScanOutputs
from tests.life.growth import growth
from tests.life.site import FILE_BYTES_MAX, Disk, Held, Site

_STEP_S = 120
_DAYS = 24
_WARM_UP_DAYS = 4
# One plan of 50 half-hours, see ROOM.
_STATE_ROOM_BYTES = 1_300
_ROOT: Final = Path(__file__).parents[2]
# What counts coverage, or has run other tests, holds memory of its own.
_ALONE: Final = """
import sys
from datetime import date
import msgspec
from tests.life.site import Site
first, step_s, days = sys.argv[1:]
for _ in range(2):  # the first life fills the interpreter's caches
    held = Site(date.fromisoformat(first), int(step_s)).live(int(days))
sys.stdout.buffer.write(msgspec.json.encode(held))
"""
_ALONE_S_MAX: Final = 300


def live_alone(first: date, days: int) -> Held:
    """In a process that does nothing else."""
    command = (sys.executable, "-c", _ALONE, first.isoformat(), str(_STEP_S), str(days))
    said = subprocess.run(command, cwd=_ROOT, capture_output=True, check=True, timeout=_ALONE_S_MAX)
    return msgspec.json.decode(said.stdout, type=Held)


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", [date(2026, 3, 16), date(2026, 10, 12)], ids=["clocks forward", "clocks back"]
)
def test_site_over_days_with_a_change_of_clocks_holds_no_more_than_before(first: date) -> None:
    held = live_alone(first, _DAYS)
    assert growth(held.blocks[_WARM_UP_DAYS:]).is_flat
    settled = held.state_bytes[_WARM_UP_DAYS:]
    assert max(settled) - min(settled) <= _STATE_ROOM_BYTES


def test_site_that_keeps_one_thing_of_each_interval_is_seen_to_grow() -> None:
    kept: list[Any] = []

    def leak(outputs: ScanOutputs) -> None:
        kept.extend(
            event.facts for event in outputs.events if event.kind is EventKind.INTERVAL_CLOSED
        )

    held = Site(date(2026, 3, 23), _STEP_S, leak=leak).live(_DAYS // 3)
    assert not growth(held.blocks[_WARM_UP_DAYS:]).is_flat


@pytest.mark.slow
def test_files_of_a_site_stay_within_their_sizes(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    held = Site(date(2026, 3, 23), 300, disk).live(9)
    disk.close()
    # The database's log beside it is cut to 2 MiB; an incident may be a segment over.
    assert max(held.journal_bytes) <= FILE_BYTES_MAX + 2**21 + 2**16
    assert max(held.incident_bytes) <= FILE_BYTES_MAX
    assert max(held.ring_files) == 60
    assert held.journal_bytes[-1] > FILE_BYTES_MAX  # the limit was met, or nothing was shown
