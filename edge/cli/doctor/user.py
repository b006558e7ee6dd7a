"""Says for whom the permissions below hold."""

from __future__ import annotations

import pwd
from typing import Final

from edge.cli.doctor.result import CheckResult, ok, warn

_SERVICE: Final = "denban"


def check_user(uid: int) -> CheckResult:
    """Root may do everything and another user perhaps less than the service: neither tells."""
    name = "user"
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"number {uid}"
    if user == _SERVICE:
        return ok(name, user)
    advice = f"permissions are told for {user}, not for the service: sudo -u {_SERVICE}"
    if uid == 0:
        advice += "; as root one sees the key and who holds the watchdog"
    return warn(name, user, f"{advice} denban doctor" if uid else advice)
