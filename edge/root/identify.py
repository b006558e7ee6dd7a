"""Blinks one LED of this machine until the moment that the service's request names.

Runs as root, since LEDs are root's. Of the request it believes its form only: the LED is a name
under /sys/class/leds, the pattern one of three, the end not far away. The LED gets its trigger
back.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

_REQUEST: Final = "run/denban-login/identify"
_LEDS: Final = "sys/class/leds"
_REQUEST_BYTES_MAX: Final = 256
_LINE: Final = re.compile(
    r"1\|([0-9]{1,12})\|([A-Za-z0-9][A-Za-z0-9:_.+-]{0,63})\|(long|short|even)\n"
)
# As the desk: nobody walks for longer. A request that says more is no request.
_LEFT_S_MAX: Final = 600
# Seconds on and off.
_PATTERNS: Final = {"long": (1.0, 0.25), "short": (0.15, 0.85), "even": (0.5, 0.5)}
_TRIGGER: Final = re.compile(r"\[([^\]\s]+)\]")


class Request(NamedTuple):
    """`until_s` in seconds since boot."""

    until_s: int
    led: str
    pattern: str


def read_request(root: Path, now_s: float) -> Request | None:
    """What is to blink now; None: nothing."""
    try:
        fd = os.open(root / _REQUEST, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            found = _LINE.fullmatch(file.read(_REQUEST_BYTES_MAX).decode("ascii", "replace"))
    except OSError:
        return None
    if found is None or not now_s < int(found[1]) <= now_s + _LEFT_S_MAX:
        return None
    return Request(int(found[1]), found[2], found[3])


def blink(root: Path, now: Callable[[], float], wait: Callable[[float], None]) -> bool:
    """Until the request's end, or a newer one's of the same LED. False: there is no such LED, or it
    can not be written; True also where nothing was asked.
    """
    request = read_request(root, now())
    if request is None:
        return True
    led = root / _LEDS / request.led
    try:
        trigger = _TRIGGER.search((led / "trigger").read_text())
        full = (led / "max_brightness").read_text().strip() or "1"
        before = (led / "brightness").read_text().strip()
        (led / "trigger").write_text("none")
    except OSError as error:
        print(f"{led}: not usable: got {error.strerror}; nothing blinks", file=sys.stderr)
        return False
    asked: Request | None = request
    try:
        while asked is not None and asked.led == request.led:
            on_s, off_s = _PATTERNS[asked.pattern]
            (led / "brightness").write_text(full)
            wait(on_s)
            (led / "brightness").write_text("0")
            wait(off_s)
            asked = read_request(root, now())
    finally:
        (led / "brightness").write_text(before)
        (led / "trigger").write_text(trigger[1] if trigger else "none")
    return True


def main(arguments: list[str]) -> int:
    """`python -m edge.root.identify [ROOT]`: 0 done or nothing to do, 1 no such LED."""
    signal.signal(signal.SIGTERM, _leave)
    root = Path(arguments[0] if arguments else "/")
    return 0 if blink(root, lambda: time.clock_gettime(time.CLOCK_BOOTTIME), time.sleep) else 1


def _leave(_number: int, _frame: object) -> NoReturn:
    """Through `finally`, which gives the LED back."""
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
