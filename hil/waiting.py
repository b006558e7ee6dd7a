"""Waiting for something that can only be looked at, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE_S = 30.0  # a shared machine may stall; nothing waits this long when all is well
_LOOK_S = 0.02
_Seen = TypeVar("_Seen")


def wait_for(
    what: str,
    look: Callable[[], _Seen | None],
    within_s: float,
    explain: Callable[[], str] = str,
    look_s: float = _LOOK_S,
) -> _Seen:
    """The first result of `look` that is not None, False or empty; every `look_s` it looks again.

    Raises TimeoutError that says `what` did not come, with `explain()`.
    """
    deadline_s = time.monotonic() + within_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"{what}: not seen in {within_s:g} s\n{explain()}")
        time.sleep(look_s)
