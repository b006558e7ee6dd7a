"""Checks of what a unit needs to hear its twin: the key, its own addresses, the cable, the peer."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path

from edge.adapters.reasons import reason
from edge.cli.doctor.result import CheckResult, fail, ok, warn
from edge.cli.terms import duration
from edge.config.io import PathPlan
from edge.keeper.requests import Answer
from edge.model.problem import ProblemsError
from edge.peer.keys import load_keys


def check_key(key_file: str, environment: Mapping[str, str]) -> CheckResult:
    """Whether the key is there, read by nobody else, and means something. It is root's: another
    user is told of its place and mode only.
    """
    closed = _closed_key(Path(key_file), environment)
    if closed is not None:
        return closed
    try:
        keys = load_keys(Path(key_file), environment)
    except ProblemsError as error:
        (problem,) = error.problems
        return fail("twin key", f"{problem.what}: {problem.got}", problem.next_step)
    return ok("twin key", f"{len(keys)} in force, id {next(iter(keys))} is used")


def _closed_key(path: Path, environment: Mapping[str, str]) -> CheckResult | None:
    """What can be said of a key file that this user may not read; None where he may, or without
    one.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
    if environment.get("CREDENTIALS_DIRECTORY") or os.access(path, os.R_OK):
        return None
    if mode & 0o077:
        return fail("twin key", f"{path} is open to others, {mode:04o}", f"sudo chmod 600 {path}")
    return ok("twin key", f"{path} is there, closed to this user; run this as root to look into it")


def check_path(path: PathPlan) -> CheckResult:
    """Whether this machine has its end of the path. The other end is the peer's to check."""
    name = f"twin path {path.name}"
    if path.device:
        if not Path(path.device).exists():
            return fail(name, f"{path.device} is missing", "plug it in, or correct twin.serial")
        if not os.access(path.device, os.R_OK | os.W_OK):
            return fail(name, f"{path.device}: no permission", "add the user to group dialout")
        return ok(name, path.device)
    kind = socket.AF_INET6 if ":" in path.own_host else socket.AF_INET
    with socket.socket(kind, socket.SOCK_DGRAM) as end:
        try:
            end.bind((path.own_host, 0))
        except OSError as error:
            advice = "is the network up? else correct this unit's addresses in the site file"
            return fail(name, f"{path.own_host} is not of this machine ({reason(error)})", advice)
    return ok(name, f"{path.own_host} to {path.peer_host}, port {path.port}")


def check_peer(answer: Answer | None) -> CheckResult:
    """What the running controller hears of the other unit; None where it could not be asked."""
    name = "twin peer"
    twin = answer.twin if answer is not None else None
    if twin is None:
        return warn(name, "not known: no controller tells of it", "start it, then check again")
    peer = twin.peer
    if not peer.heard:
        age = "never" if peer.age_s is None else f"not for {duration(peer.age_s)}"
        advice = "does it run, with the same key? see its cables and `denban doctor` there"
        return fail(name, f"{peer.unit} is not heard ({age})", advice)
    down = [path.name for path in twin.paths if not path.ok]
    if down:
        advice = "see the cable and the switch of that network"
        return warn(name, f"{peer.unit} is heard, but not on {', '.join(down)}", advice)
    if not (peer.same_site_file and peer.same_plan):
        what = "plan" if peer.same_site_file else "site file"
        advice = "give both the same file"
        return warn(name, f"{peer.unit} has another {what}", advice)
    return ok(name, f"{peer.unit} is heard on {len(twin.paths)} paths, {peer.role}")
