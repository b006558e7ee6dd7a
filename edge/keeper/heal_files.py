"""Files of the healing: memory in the state folder, request and result beside the control socket.

The root program reads and writes the last two; a result that is not of its shape is no result.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from edge.model.healing import HealingMemory, HealRequest, HelperResult

MEMORY_NAME: Final = "healing.json"  # in the state folder
FOLDER_NAME: Final = "heal"  # in the runtime folder
REQUEST_NAME: Final = "request"
RESULT_NAME: Final = "result"
_RESULT_BYTES_MAX: Final = 4096
# The root program is in our group and has no right to pass over modes.
_FOLDER_MODE: Final = 0o770


class HealFiles:
    """`trouble` says why the last thing could not be written; empty where it could."""

    def __init__(self, state: Path, runtime: Path) -> None:
        self._memory = state / MEMORY_NAME
        self._folder = runtime / FOLDER_NAME
        self.trouble = ""

    def load(self) -> HealingMemory:
        """A torn or missing memory is an empty one: the root program has limits of its own."""
        try:
            return msgspec.json.decode(self._memory.read_bytes(), type=HealingMemory)
        except (OSError, msgspec.MsgspecError):
            return HealingMemory()

    def save(self, memory: HealingMemory) -> bool:
        """On the disk when it returns True."""
        draft = self._memory.with_suffix(".new")
        try:
            with draft.open("wb") as file:
                file.write(msgspec.json.encode(memory))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._memory)
        except OSError as error:
            self.trouble = f"{self._memory}: {error.strerror}"
            return False
        self.trouble = ""
        return True

    def ask(self, request: HealRequest) -> bool:
        """Leave a request for the root program, whole and at once; an old result goes first."""
        try:
            if not self._folder.is_dir():
                self._folder.mkdir(parents=True)
            self._folder.chmod(_FOLDER_MODE)
            with contextlib.suppress(FileNotFoundError):
                (self._folder / RESULT_NAME).unlink()
            draft = self._folder / f"{REQUEST_NAME}.new"
            draft.write_bytes(msgspec.json.encode(request))
            draft.chmod(0o640)
            draft.replace(self._folder / REQUEST_NAME)
        except OSError as error:
            self.trouble = f"{self._folder}: {error.strerror}"
            return False
        return True

    def take_result(self) -> HelperResult | None:
        """Once; None while there is none."""
        path = self._folder / RESULT_NAME
        try:
            with path.open("rb") as file:
                raw = file.read(_RESULT_BYTES_MAX)
            path.unlink()
        except OSError:
            return None
        try:
            return msgspec.json.decode(raw, type=HelperResult)
        except msgspec.MsgspecError:
            return None
