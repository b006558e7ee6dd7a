"""Plant quantities shared between bench processes: named float64 cells in a memory-mapped file.

One process writes (the board, which runs the plant model), any number read (the meter servers).
A cell is one aligned 8-byte store, so a reader never sees half a number.
"""

from __future__ import annotations

import json
import mmap
from pathlib import Path
from types import TracebackType

_HEADER_BYTES = 4096  # JSON list of names, space padded; cells follow


class Values:
    """Named float64 cells; :meth:`create` makes the file, :meth:`open` opens it elsewhere."""

    def __init__(self, path: Path, names: list[str]) -> None:
        size = _HEADER_BYTES + 8 * len(names)
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), size)
        self._view = memoryview(self._map)
        self._cells = self._view[_HEADER_BYTES:size].cast("d")
        self._index = {name: i for i, name in enumerate(names)}

    @classmethod
    def create(cls, path: Path, names: list[str]) -> Values:
        """Make the file, all cells 0.0. Raises ValueError when the names do not fit the header."""
        header = json.dumps(names).encode()
        if len(header) > _HEADER_BYTES:
            raise ValueError(
                f"{path}: {len(names)} names take {len(header)} bytes, limit {_HEADER_BYTES}"
            )
        path.write_bytes(header.ljust(_HEADER_BYTES) + bytes(8 * len(names)))
        return cls(path, names)

    @classmethod
    def open(cls, path: Path) -> Values:
        with path.open("rb") as file:
            names = json.loads(file.read(_HEADER_BYTES))
        return cls(path, names)

    @property
    def names(self) -> list[str]:
        return list(self._index)

    def __getitem__(self, name: str) -> float:
        return self._cells[self._index[name]]

    def __setitem__(self, name: str, value: float) -> None:
        self._cells[self._index[name]] = value

    def close(self) -> None:
        self._cells.release()
        self._view.release()
        self._map.close()

    def __enter__(self) -> Values:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
