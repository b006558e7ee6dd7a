"""What a check says."""

from __future__ import annotations

import enum

from msgspec import Struct


class Verdict(enum.StrEnum):
    """WARN: the controller runs, with less safety. FAIL: it does not run, or not rightly."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class CheckResult(Struct, frozen=True):
    """One line of the doctor's table; `advice` is empty where all is well."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def ok(name: str, found: str) -> CheckResult:
    return CheckResult(name, Verdict.OK, found)


def warn(name: str, found: str, advice: str) -> CheckResult:
    return CheckResult(name, Verdict.WARN, found, advice)


def fail(name: str, found: str, advice: str) -> CheckResult:
    return CheckResult(name, Verdict.FAIL, found, advice)
