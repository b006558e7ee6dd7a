"""Checks of what the controller is made of: Python, packages, time zones."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge.cli.doctor.result import CheckResult, fail, ok

_PYTHON_MIN = (3, 11)
_PYTHON_END = (3, 14)
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_BOUND = re.compile(r"([<>]=?)\s*([0-9.]+)")


def check_python(found: tuple[int, int] = sys.version_info[:2]) -> CheckResult:
    """The supported range of Python."""
    text = f"{found[0]}.{found[1]}"
    if _PYTHON_MIN <= found < _PYTHON_END:
        return ok("Python", text)
    return fail("Python", text, "use Python 3.11 to 3.13")


def check_packages(requirements: list[str] | None = None) -> list[CheckResult]:
    """Every package that denban requires, against the versions that it was tested with."""
    if requirements is None:
        try:
            requirements = requires("denban") or []
        except PackageNotFoundError:
            return [fail("packages", "denban is not installed", "pip install denban")]
    return [_check_package(text) for text in requirements if "extra ==" not in text]


def _check_package(requirement: str) -> CheckResult:
    match = _NAME.match(requirement)
    assert match is not None
    name = match[0]
    try:
        found = version(name)
    except PackageNotFoundError:
        return fail(f"package {name}", "not installed", f"pip install '{requirement}'")
    for bound, limit in _BOUND.findall(requirement):
        if not _within(_numbers(found), bound, _numbers(limit)):
            return fail(f"package {name}", found, f"pip install '{requirement}'")
    return ok(f"package {name}", found)


def _within(found: tuple[int, ...], bound: str, limit: tuple[int, ...]) -> bool:
    return found >= limit if bound.startswith(">") else found < limit


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def check_zone_data(zone: str) -> CheckResult:
    """The time zone data of the machine or of the tzdata package."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return fail("time zones", f"{zone} is unknown", "apt install tzdata, or pip install tzdata")
    return ok("time zones", zone)
