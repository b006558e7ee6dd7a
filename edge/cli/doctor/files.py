"""Checks of folders: the store and its disk, the socket's folder and group, the plan folder."""

from __future__ import annotations

import grp
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from edge.cli.doctor.result import CheckResult, fail, ok, warn
from edge.config.io import ControlPlan, StorePlan

_BYTES_PER_MB: Final = 1_000_000
# Beside journal and recorder: checkpoint, a torn journal set aside, room for SQLite's log.
_SPARE_BYTES: Final = 50 * _BYTES_PER_MB


def check_store(plan: StorePlan) -> list[CheckResult]:
    """Whether the folder takes files, and whether the disk has room for all that may come."""
    folder = Path(plan.directory)
    written = check_writable("store", folder)
    base = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free_bytes = shutil.disk_usage(base).free
    need_bytes = plan.journal_bytes_max + plan.recorder_bytes_max + _SPARE_BYTES
    found = f"{free_bytes // _BYTES_PER_MB} MB free"
    need = f"need {need_bytes // _BYTES_PER_MB} MB: free the disk, or lower store.*_mb_max"
    enough = free_bytes >= need_bytes
    return [written, ok("disk space", found) if enough else warn("disk space", found, need)]


def check_writable(name: str, folder: Path) -> CheckResult:
    """Makes a file in the folder and removes it; a folder to be made needs a writable parent."""
    if not folder.exists():
        parent = next(path for path in folder.absolute().parents if path.exists())
        if os.access(parent, os.W_OK):
            return ok(name, f"{folder} will be made")
        advice = f"mkdir {folder} and give it to the service's user"
        return fail(name, f"{folder} is missing", advice)
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ok(name, str(folder))
    except OSError as error:
        advice = "run this as the service's user, or give the folder to it"
        return fail(name, f"{folder}: {error.strerror}", advice)


def check_socket(plan: ControlPlan) -> list[CheckResult]:
    """The socket's folder, and the group whose members may give orders."""
    group = "socket group"
    folder = check_writable("socket folder", Path(plan.socket).parent)
    try:
        grp.getgrnam(plan.group)
    except KeyError:
        return [folder, warn(group, f"{plan.group} is unknown", f"groupadd --system {plan.group}")]
    return [folder, ok(group, plan.group)]


def check_plan_folder(directory: str) -> CheckResult:
    """The folder where the office puts plans; empty `directory`: no plan is held."""
    name = "plan folder"
    if not directory:
        return ok(name, "no plan is held")
    folder = Path(directory)
    if not folder.is_dir():
        return fail(name, f"{folder} is missing", f"mkdir {folder}, or correct plan.directory")
    if not os.access(folder, os.R_OK | os.X_OK):
        return fail(name, f"{folder}: no permission", "let the service's user read it")
    count = len(list(folder.glob("*.csv")))
    return ok(name, f"{folder}, {count} CSV files")
