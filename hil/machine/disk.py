"""Disks of machines, by QEMU's own tool."""

from __future__ import annotations

import subprocess
from pathlib import Path


class DiskError(RuntimeError):
    """A disk could not be made; `str()` is what the tool said."""


def make_disk(disk: Path, size_mib: int) -> None:
    """An empty one. Raises DiskError."""
    _qemu_img("create", "-q", "-f", "qcow2", str(disk), f"{size_mib}M")


def make_overlay(base: Path, disk: Path) -> None:
    """A disk of a machine's own over a raw image that stays as it is. Raises DiskError."""
    base_words = ("-b", str(base.resolve()), "-F", "raw")
    _qemu_img("create", "-q", "-f", "qcow2", *base_words, str(disk))


def _qemu_img(*words: str) -> None:
    done = subprocess.run(["qemu-img", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DiskError(f"qemu-img {' '.join(words)}: {done.stderr.strip()}")
