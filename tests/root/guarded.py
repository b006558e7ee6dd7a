"""A machine for the guard: folders of its own, and a systemd that only notes what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from edge.root.guard import Guard, Places


class Manager:
    """As systemd answers; `asked` keeps what changes something."""

    def __init__(self) -> None:
        self.service = "active"
        self.system = "running"
        self.asked: list[tuple[str, ...]] = []
        self.meanwhile: list[Callable[[], None]] = []  # what happens while it reads its units anew

    def __call__(self, *words: str) -> str:
        match words[0]:
            case "is-active":
                return f"{self.service}\n"
            case "is-system-running":
                return f"{self.system}\n"
            case _:
                self.asked.append(words)
                if words == ("daemon-reload",) and self.meanwhile:
                    self.meanwhile.pop(0)()
                return ""


class Machine:
    def __init__(self, folder: Path) -> None:
        self.places = Places(
            folder / "denban/guard.json",
            folder / "guard/state.json",
            folder / "systemd",
        )
        self.places.told.parent.mkdir()
        self.manager = Manager()
        self.guard = Guard(self.places, self.manager)

    def tell(self, may_stop: bool, reason: str) -> None:
        words = {"may_stop": may_stop, "reason": reason, "unit": "EG-KITA", "peer": "EG-MINAMI"}
        self.places.told.write_text(json.dumps(words))

    def units(self) -> dict[str, str]:
        """Everything in systemd's runtime folder: links by their target, files by their text."""
        folder = self.places.units
        return {
            str(path.relative_to(folder)): (
                str(path.readlink()) if path.is_symlink() else path.read_text()
            )
            for path in sorted(folder.rglob("*"))
            if path.is_symlink() or path.is_file()
        }
