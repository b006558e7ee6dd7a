"""What a living process holds and has written, from /proc, and what a unit's files hold.

It only looks. A process that ends while it is looked at has no reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

# The product's processes are `python -m MODULE`; the herald is a fork of the control process.
_NAMES = {"edge.app": "control", "edge.keeper": "keeper", "edge.bus": "bus worker"}
_HERALD = "herald"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One look at one process. `private_kb`: pages that it has written and shares with nobody,
    which is where a leak shows; `pss_kb`: shared pages count in parts.
    """

    elapsed_s: float
    unit: str
    process: str
    pid: int
    rss_kb: int
    pss_kb: int
    private_kb: int
    descriptors: int
    threads: int
    write_bytes: int
    write_calls: int
    cpu_ms: int


class StoreReading(msgspec.Struct, frozen=True):
    """A unit's files: `journal_bytes` of the database and what lies beside it, `store_bytes` of
    all.
    """

    elapsed_s: float
    unit: str
    journal_bytes: int
    store_bytes: int
    log_bytes: int


def read_process(pid: int, unit: str, elapsed_s: float) -> Reading | None:
    """None for a process that is not the product's or has gone."""
    at = Path(f"/proc/{pid}")
    try:
        process = _name(at)
        if process is None:
            return None
        memory = _numbers(at / "smaps_rollup")
        io = _numbers(at / "io")
        return Reading(
            elapsed_s=round(elapsed_s, 1),
            unit=unit,
            process=process,
            pid=pid,
            rss_kb=memory["Rss"],
            pss_kb=memory["Pss"],
            private_kb=memory["Private_Dirty"],
            descriptors=sum(1 for _ in (at / "fd").iterdir()),
            threads=sum(1 for _ in (at / "task").iterdir()),
            write_bytes=io["write_bytes"],
            write_calls=io["syscw"],
            cpu_ms=int((at / "schedstat").read_text().split()[0]) // 1_000_000,
        )
    except (OSError, KeyError, ValueError):
        return None


def _name(at: Path) -> str | None:
    name = _NAMES.get(_module(at) or "")
    if name == "control" and _module(Path("/proc", _parent(at))) == "edge.app":
        return _HERALD
    return name


def _module(at: Path) -> str | None:
    words = (at / "cmdline").read_bytes().decode(errors="replace").split("\0")
    if "-m" not in words[:-1] or words[0] == "sh":
        return None
    return words[words.index("-m") + 1]


def _parent(at: Path) -> str:
    lines = (at / "status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("PPid:"))


def _numbers(path: Path) -> dict[str, int]:
    """Of lines such as `Rss:   123 kB`."""
    found = {}
    for line in path.read_text().splitlines():
        name, colon, rest = line.partition(":")
        words = rest.split()
        if colon and words and words[0].isdecimal():
            found[name] = int(words[0])
    return found


def read_store(store: Path, log: Path, unit: str, elapsed_s: float) -> StoreReading:
    sizes = {path: _size(path) for path in store.rglob("*")}
    journal = sum(size for path, size in sizes.items() if path.name.startswith("journal.db"))
    return StoreReading(round(elapsed_s, 1), unit, journal, sum(sizes.values()), _size(log))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def process_names(readings: Iterable[Reading]) -> list[tuple[str, str]]:
    """Unit and process, each once, in order."""
    return sorted({(each.unit, each.process) for each in readings})
