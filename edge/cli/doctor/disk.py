"""Checks of the disk under the store: writable, apart from the system, room, errors, wear.

Reads mount tables and sysfs; writes nothing.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, NamedTuple

from edge.cli.doctor.result import CheckResult, fail, ok, warn

# eMMC: 1 is up to 10 % of the life used, 10 up to 100 %, 11 above; 0 is "not told" (JESD84-B51).
_HEX: Final = re.compile(r"0x[0-9a-fA-F]+")
_LIFE_WARN: Final = 8
_LIFE_END: Final = 11
_PRE_EOL: Final = {
    "0x02": "80 % of its spare blocks are used",
    "0x03": "nearly all of its spare blocks are used",
}
# Journal, recorder and state are some dozens of files.
_INODES_MIN: Final = 1000
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs", "overlay"})


class Mount(NamedTuple):
    """One line of the mount table. `device` is a number like 179:2."""

    device: str
    place: str
    read_only: bool
    kind: str
    source: str


def check_disk(store: Path, root: Path = Path("/")) -> list[CheckResult]:
    """All of the disk that holds `store`, and the errors of every file system."""
    mounts = read_mounts(root)
    mount = mount_of(store, mounts)
    results = [check_inodes(store), check_errors(root), *check_wear(root)]
    return results if mount is None else [check_mount(store, mount, mounts), *results]


def check_mount(store: Path, mount: Mount, mounts: list[Mount]) -> CheckResult:
    """Whether what is written there stays, and does not share its space with the system."""
    name = "store disk"
    found = f"{store} on {mount.source} ({mount.kind}), mounted on {mount.place}"
    if mount.read_only:
        advice = "it was mounted so, or an error made it so: dmesg, then fsck and a new card"
        return fail(name, f"{found}, read-only", advice)
    if mount.kind in _IN_MEMORY:
        advice = "what is written is gone at the next start: is the data partition mounted?"
        return fail(name, f"{found}, in memory", advice)
    root_mount = next((one for one in reversed(mounts) if one.place == "/"), None)
    if root_mount is not None and root_mount.device == mount.device:
        advice = "a full system disk stops the records: a partition of its own, firmware-config"
        return warn(name, found, advice)
    return ok(name, found)


def check_inodes(store: Path) -> CheckResult:
    """A disk can be full of small files while there is room."""
    name = "disk inodes"
    base = next(path for path in (store, *store.absolute().parents) if path.exists())
    state = os.statvfs(base)
    if state.f_files == 0:
        return ok(name, "not limited")
    if state.f_favail < _INODES_MIN:
        advice = f"need {_INODES_MIN}: find the folder with too many files, and remove them"
        return fail(name, f"{state.f_favail} free", advice)
    return ok(name, f"{state.f_favail} free")


def check_errors(root: Path) -> CheckResult:
    """Errors that ext4 has seen since the file system was last repaired."""
    name = "disk errors"
    counts = {
        path.parent.name: _word(path) for path in (root / "sys/fs/ext4").glob("*/errors_count")
    }
    bad = [f"{count} on {disk}" for disk, count in sorted(counts.items()) if count not in {"", "0"}]
    if bad:
        advice = "take this unit out (denban maintenance), fsck, and put a new card in soon"
        return fail(name, ", ".join(bad), advice)
    return ok(name, f"none on {len(counts)} file systems" if counts else "not told by the kernel")


def check_wear(root: Path) -> list[CheckResult]:
    """What an eMMC says of its life; SD cards say nothing."""
    results = []
    for device in sorted((root / "sys/bus/mmc/devices").glob("*")):
        lives = [int(word, 16) for word in _HEX.findall(_word(device / "life_time"))]
        used = max(lives, default=0)
        if not used:
            continue
        name = f"eMMC {device.name}"
        spare = _PRE_EOL.get(_word(device / "pre_eol_info"))
        found = f"up to {used * 10} % of its life used" if used < _LIFE_END else "beyond its life"
        if used >= _LIFE_END or spare is not None:
            advice = "replace the module; until then the twin should be on duty"
            results.append(fail(name, f"{found}{f', {spare}' if spare else ''}", advice))
        elif used >= _LIFE_WARN:
            results.append(warn(name, found, "plan a new module for the next visit"))
        else:
            results.append(ok(name, found))
    return results


def read_mounts(root: Path) -> list[Mount]:
    """The mount table of this process (proc(5), mountinfo); empty where it cannot be read."""
    mounts = []
    try:
        lines = (root / "proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(), after.split()
        options = {*fields[5].split(","), *kinds[2].split(",")}
        place = fields[4].replace("\\040", " ")
        mounts.append(Mount(fields[2], place, "ro" in options, kinds[0], kinds[1]))
    return mounts


def mount_of(folder: Path, mounts: list[Mount]) -> Mount | None:
    """The mount that holds `folder`: the longest place above it, of equal ones the last."""
    above = [str(path) for path in (folder.absolute(), *folder.absolute().parents)]
    holding = [mount for mount in mounts if mount.place in above]
    return max(reversed(holding), key=lambda mount: len(mount.place), default=None)


def _word(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
