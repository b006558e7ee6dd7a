"""Scenarios of disks, each run by test_disks.py in a mount namespace of its own: `python -m
tests.promises.disks NAME FOLDER`. The folder's `disk` is a small tmpfs, and so are its mounts.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge.keeper import requests
from edge.keeper.flight import SEGMENT_NS, read_segment, segments_in
from edge.keeper.journal import JOURNAL_NAME, read_events
from edge.keeper.slots import CHECKPOINT_NAME, read_newest
from edge.model.checkpoint import Checkpoint
from edge.model.event import Event, EventKind
from edge.model.order import Acknowledge
from tests.keeper.bench import KeeperBench, checkpoint, event

_MB = 1 << 20


def _mount(folder: Path, size: int = 4 * _MB) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)


def _remount(folder: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", folder], check=True)


def _fill(folder: Path) -> Path:
    """Take every byte of the disk."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (4096, 512, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return ballast


def _long(number: int) -> Event:
    return Event(number, number, EventKind.STAGE, "site", facts={"why": "x" * 2000})


def _saved_scan(bench: KeeperBench) -> int:
    newest = read_newest(bench.state / CHECKPOINT_NAME)
    return msgspec.msgpack.decode(newest, type=Checkpoint).scan_number if newest else -1


def _still_serves(bench: KeeperBench) -> None:
    """Orders go through, whatever the disk does."""
    before = len(bench.orders)
    assert bench.ask(requests.AskAcknowledge()).ok
    bench.turn_until(lambda: len(bench.orders) > before)
    assert isinstance(bench.orders[-1], Acknowledge)


def _stored(bench: KeeperBench) -> list[int]:
    path = bench.state / JOURNAL_NAME
    return [e.mono_ns for e in read_events(path, kinds=(EventKind.STAGE,))] if path.exists() else []


def full_state(folder: Path) -> None:
    """A full disk: events wait in memory, the checkpoint goes on, nothing is lost."""
    bench = KeeperBench(folder)
    _mount(bench.state)
    bench.handle.post_state(checkpoint(1))
    bench.handle.post_events((_long(0),))
    bench.turn_until(lambda: _stored(bench) == [0] and _saved_scan(bench) == 1)
    ballast = _fill(bench.state)
    count = 300
    for number in range(1, count):
        bench.handle.post_events((_long(number),))
    bench.turn_until(lambda: "disk" in bench.alarms())
    text = bench.alarms()["disk"]
    assert text.startswith(f"{bench.state}: state not written: got "), text
    assert text.endswith("; free or replace the disk"), text
    bench.handle.post_state(checkpoint(2))
    bench.turn_until(lambda: _saved_scan(bench) == 2)
    _still_serves(bench)
    assert len(_stored(bench)) < count
    ballast.unlink()
    bench.turn_until(lambda: not bench.alarms())
    bench.turn_until(lambda: not bench.handle._unsaved)
    assert _stored(bench) == list(range(count))
    assert bench.handle.starts == 1
    bench.handle.close()


def read_only_state(folder: Path) -> None:
    """A card that came up read-only: the same, until it is mended."""
    state = folder / "state"
    _mount(state)
    _remount(state, "ro")
    bench = KeeperBench(folder)
    bench.handle.post_events((event(0), event(1)))
    bench.handle.post_state(checkpoint(5))
    bench.turn_until(lambda: "disk" in bench.alarms())
    _still_serves(bench)
    _remount(state, "rw")
    bench.turn_until(lambda: not bench.alarms() and not bench.handle._unsaved)
    moves = [e for e in bench.events() if e.kind is EventKind.RELAY]
    assert moves == [event(0), event(1)]
    assert _saved_scan(bench) == 5
    bench.handle.close()


def full_runtime(folder: Path) -> None:
    """A full /run: no recording, no end of the keeper; the desk and the journal go on."""
    runtime = folder / "run"
    _mount(runtime)
    ballast = _fill(runtime)
    bench = KeeperBench(folder)
    for number in range(20):
        bench.handle.post_state(checkpoint(10 * number))
        for scan in range(1, 11):
            bench.handle.post_scan(10 * number + scan, b"x" * 1000, 0)
    bench.handle.post_events((event(0),))
    bench.turn_until(lambda: "flight recorder" in bench.alarms())
    text = bench.alarms()["flight recorder"]
    assert text.startswith(f"{bench.runtime / 'flight'}: scans not recorded: got [Errno 28]"), text
    _still_serves(bench)
    bench.turn_until(lambda: event(0) in bench.events())
    assert bench.handle.starts == 1
    ballast.unlink()
    bench.handle.post_state(checkpoint(500))
    bench.handle.post_scan(501, b"again", 0)
    bench.turn_until(lambda: not bench.alarms())
    frames = list(read_segment(segments_in(bench.runtime / "flight")[-1]))
    assert len(frames) == 3, frames
    bench.handle.close()


def read_only_runtime(folder: Path) -> None:
    """No desk can be made: control and journal go on, and the desk opens when it can."""
    runtime = folder / "run"
    _mount(runtime)
    _remount(runtime, "ro")
    bench = KeeperBench(folder)
    bench.handle.post_state(checkpoint(0))
    bench.handle.post_events((event(0),))
    bench.turn_until(lambda: {"desk", "flight recorder"} <= set(bench.alarms()))
    bench.turn_until(lambda: event(0) in bench.events())
    _remount(runtime, "rw")
    bench.handle.post_state(checkpoint(1))
    bench.turn_until(lambda: not bench.alarms())
    _still_serves(bench)
    assert bench.handle.starts == 1
    bench.handle.close()


def read_only_incidents(folder: Path) -> None:
    """An incident that can not be kept is kept when it can."""
    bench = KeeperBench(folder)
    incidents = bench.state / "incidents"
    _mount(incidents)
    _remount(incidents, "ro")
    first = checkpoint(0)
    bench.handle.post_state(first)
    bench.handle.post_events((event(0),))  # a relay moved
    later = msgspec.structs.replace(first, mono_ns=first.mono_ns + SEGMENT_NS)
    bench.handle.post_state(later)
    bench.turn_until(lambda: "incident not kept" in bench.alarms().get("flight recorder", ""))
    bench.turn_until(lambda: event(0) in bench.events())
    _remount(incidents, "rw")
    bench.turn_until(lambda: not bench.alarms())
    (kept,) = segments_in(incidents)
    assert kept.name == f"{first.mono_ns:020d}.flight.z"
    bench.handle.close()


def full_at_the_end(folder: Path) -> None:
    """A stop while the disk is full: it takes no longer, and says what could not be kept."""
    bench = KeeperBench(folder)
    _mount(bench.state)
    bench.handle.post_events((_long(0),))
    bench.turn_until(lambda: _stored(bench) == [0])
    _fill(bench.state)
    for number in range(1, 300):
        bench.handle.post_events((_long(number),))
    bench.turn_until(lambda: "disk" in bench.alarms())
    bench.handle.close()


SCENARIOS: dict[str, Callable[[Path], None]] = {
    scenario.__name__: scenario
    for scenario in (
        full_state,
        read_only_state,
        full_runtime,
        read_only_runtime,
        read_only_incidents,
        full_at_the_end,
    )
}

if __name__ == "__main__":
    SCENARIOS[sys.argv[1]](Path(sys.argv[2]))
