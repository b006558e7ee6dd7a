"""Checks of the hardware watchdog: there, left to us by systemd, held by nobody else, its time-out.

Never opens the device: that arms it. What sysfs and /proc tell is enough.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from edge.adapters.watchdog import is_no_way_out
from edge.cli.doctor.result import CheckResult, fail, ok, warn
from edge.cli.doctor.settings import systemd_values
from edge.config.io import WatchdogPlan

_OFF: Final = frozenset({"0", "off", "infinity", ""})
# The BCM2835's counter ends here; drivers mask larger values (60 s became 12 s).
_BCM2835_S_MAX: Final = 15
_SYSFS: Final = "sys/class/watchdog"


def check_watchdog(
    plan: WatchdogPlan, root: Path = Path("/"), *, running: bool = False
) -> list[CheckResult]:
    """Everything of the device. `running`: a controller runs, so it is right that one holds it."""
    device = check_device(plan, root)
    if not plan.device or not (root / plan.device.lstrip("/")).exists():
        return [device]
    return [device, check_owner(plan, root, running=running), check_timeout(plan, root)]


def check_device(plan: WatchdogPlan, root: Path) -> CheckResult:
    """Whether the device is there and systemd leaves it to us."""
    name = "watchdog"
    if not plan.device:
        return warn(name, "none in the site file", "a hung machine stays hung: set watchdog.device")
    device = root / plan.device.lstrip("/")
    if not device.exists():
        return fail(name, f"{plan.device} is missing", "dtparam=watchdog=on in config.txt")
    taken = _systemd_watchdog(root)
    if taken is not None:
        advice = "set RuntimeWatchdogSec=off in /etc/systemd/system.conf and reboot"
        return fail(name, f"systemd holds it, RuntimeWatchdogSec={taken}", advice)
    if not os.access(device, os.W_OK):
        return warn(name, f"{plan.device}: not for this user", "the service's user needs it")
    way_out = is_no_way_out(plan.device, root / _SYSFS)
    return ok(name, f"{plan.device}, {plan.timeout_s} s{', nowayout' if way_out else ''}")


def check_owner(plan: WatchdogPlan, root: Path, *, running: bool) -> CheckResult:
    """Who holds the device, which can be opened once. /proc shows others' files to root only."""
    name = "watchdog owner"
    holder = _holder(plan, root)
    state = _word(plan, root, "state")
    if holder is None and state != "active":
        if running:
            advice = "restart the controller once the device is free, and see its start in the log"
            return warn(name, "nobody, although a controller runs", advice)
        return ok(name, "nobody" if state else "nobody that this user can see")
    who = "not seen by this user, run this as root" if holder is None else holder
    if running:
        return ok(name, f"held while the controller runs ({who})")
    advice = "end that program: the controller could not open the device, nor be guarded by it"
    return fail(name, f"held, and no controller runs: {who}", advice)


def check_timeout(plan: WatchdogPlan, root: Path) -> CheckResult:
    """The time-out of the site file against what the hardware can."""
    name = "watchdog time-out"
    identity = _word(plan, root, "identity")
    if "BCM2835" in identity.upper() and plan.timeout_s > _BCM2835_S_MAX:
        advice = f"watchdog.timeout_s at most {_BCM2835_S_MAX}: the chip's counter ends there"
        return fail(name, f"{plan.timeout_s} s on {identity}", advice)
    limits = [_word(plan, root, word) for word in ("min_timeout", "max_timeout")]
    least, most = (int(limit) if limit.isdigit() else 0 for limit in limits)
    if plan.timeout_s < least or (most and plan.timeout_s > most):
        advice = f"watchdog.timeout_s from {least} to {most or 'any'}"
        return fail(name, f"{plan.timeout_s} s on {identity}", advice)
    return ok(name, f"{plan.timeout_s} s{f' on {identity}' if identity else ''}")


def _systemd_watchdog(root: Path) -> str | None:
    """The last setting that systemd reads; None where it leaves the watchdog alone."""
    found = systemd_values(root, "system.conf", "RuntimeWatchdogSec")
    return None if not found or found[-1].lower() in _OFF else found[-1]


def _holder(plan: WatchdogPlan, root: Path) -> str | None:
    """The first process that has the device open, as far as this user may look."""
    names = {plan.device}
    if Path(plan.device).name in {"watchdog", "watchdog0"}:
        names |= {"/dev/watchdog", "/dev/watchdog0"}
    for process in (root / "proc").glob("[0-9]*"):
        try:
            targets = {str(path.readlink()) for path in (process / "fd").iterdir()}
            if names & targets:
                command = (process / "comm").read_text(encoding="utf-8").strip()
                return f"{command}, process {process.name}"
        except OSError:
            continue  # another user's, or gone meanwhile
    return None


def _word(plan: WatchdogPlan, root: Path, word: str) -> str:
    """A file of the device in sysfs, empty where there is none. /dev/watchdog is watchdog0."""
    name = Path(plan.device).name
    path = root / _SYSFS / ("watchdog0" if name == "watchdog" else name) / word
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
