"""Load on processors and disk, beside which a pair must stay calm.

``python -m hil.figures.twin_load cpu|disk FOLDER`` is one of its processes; it ends
with its parent.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

CPU_COUNT = 8
TEXT = f"{CPU_COUNT} processes that compute and one that syncs to the disk"
_ROUND_COUNT = 100_000
_WRITE_BYTES = 256 * 1024
_FILE_BYTES_MAX = 64 * 1024 * 1024


@contextlib.contextmanager
def load(folder: Path) -> Iterator[None]:
    """Everything at ordinary priority, for as long as it is entered; `folder` is on a disk."""
    kinds = ["cpu"] * CPU_COUNT + ["disk"]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for kind in kinds:
            words = [sys.executable, "-m", "hil.figures.twin_load", kind, str(folder)]
            started.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, process_group=0))
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def _compute(parent: int) -> None:
    number = 1
    while os.getppid() == parent:
        for _ in range(_ROUND_COUNT):
            number = number * 1_103_515_245 + 12_345 & 0x7FFF_FFFF


def _sync(parent: int, path: Path) -> None:
    piece = os.urandom(_WRITE_BYTES)
    with path.open("wb", buffering=0) as file:
        path.unlink()
        while os.getppid() == parent:
            if file.tell() >= _FILE_BYTES_MAX:
                file.seek(0)
            file.write(piece)
            os.fsync(file.fileno())


def main() -> None:
    kind, folder = sys.argv[1:]
    if kind == "cpu":
        _compute(os.getppid())
    else:
        _sync(os.getppid(), Path(folder) / "load")


if __name__ == "__main__":
    main()
