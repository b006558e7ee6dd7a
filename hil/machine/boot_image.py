"""The image that machines boot from, as its build has left it; each machine gets a disk over it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, Final

import msgspec

from hil.machine.command_line import PROGRAM, BootFiles, Connections

FOLDER: Final = Path(__file__).resolve().parents[2] / "build" / "image"
# Beside it: machines without the product, and a card with its packages.
BARE: Final = "bare"
_TOOLS: Final = (PROGRAM, "qemu-img", "setpriv")
_MANIFEST: Final = "manifest.json"


class BootImage(msgspec.Struct, frozen=True):
    """`key` changes with anything in the image. `about`: its manifest."""

    kernel: Path
    initrd: Path
    root: Path
    layers: tuple[Path, ...]
    key: str
    about: dict[str, Any]

    @property
    def commit(self) -> str:
        """Of the product that is installed in it."""
        return str(self.about.get("product", {}).get("commit", "unknown"))

    def files(
        self, disk: Path, connections: Connections, hosts: list[str], name: str, uuid: str = ""
    ) -> BootFiles:
        """For a machine that has its own `disk` over the root image. `hosts` by card."""
        words = [f"systemd.hostname={name}"]
        words += [f"denban.net{place}={host}/24" for place, host in enumerate(hosts)]
        assert len(hosts) == len(connections.cards)
        return BootFiles(self.kernel, self.initrd, disk, self.layers, " ".join(words), uuid)


def reason_to_skip(folder: Path = FOLDER) -> str:
    """Why no machine can boot here, for people; empty: they can."""
    missing = [name for name in _TOOLS if shutil.which(name) is None]
    if missing:
        return f"{' '.join(missing)}: not installed (apt install qemu-system-x86 qemu-utils)"
    if not (folder / _MANIFEST).exists():
        return f"{folder / _MANIFEST}: no image was built (make image)"
    return ""


def read_image(folder: Path = FOLDER) -> BootImage:
    """Raises FileNotFoundError where none was built."""
    raw = (folder / _MANIFEST).read_bytes()
    about = json.loads(raw)
    files = about["files"]
    return BootImage(
        folder / files["kernel"],
        folder / files["initrd"],
        folder / files["root"],
        tuple(folder / name for name in files.get("layers", [])),
        hashlib.sha256(raw).hexdigest()[:16],
        about,
    )
