"""Asks root's program to blink this machine's LED; which one and how is decided here.

The service itself may not write to /sys. The request names an LED, a pattern by the role and the
moment of the end, in seconds since boot, so that an old one means nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from edge.model.units import NS_PER_S
from edge.root.whole_file import write_whole

REQUEST_NAME: Final = "identify"
_LEDS: Final = Path("/sys/class/leds")
# Two requests whose ends are so near to each other are the same, said again.
_SAME_S: Final = 3
_PATTERNS: Final = {"active": "long", "yield": "long", "alone": "long", "standby": "short"}
_OTHER_PATTERN: Final = "even"
_WORDS: Final = {
    "long": "long flashes (on duty)",
    "short": "short flashes (standby)",
    "even": "even flashes",
}


class Beacon:
    """`folder` is that of the login files; empty: nobody is there to blink."""

    def __init__(self, folder: str, led: str, leds: Path = _LEDS) -> None:
        self._folder = folder
        self._led = led
        self._leds = leds
        self._said = ("", 0)

    def trouble(self) -> str:
        """Why nothing can blink here, empty if it can."""
        if not self._led:
            return "got none in the site file, need identify.led"
        if "/" in self._led or not (self._leds / self._led).is_dir():
            return f"got no {self._leds}/{self._led}, need an LED; see `ls {self._leds}`"
        if not self._folder or not Path(self._folder).is_dir():
            return "got a controller without its folder for logins, need the installed service"
        return ""

    def light(self, duration_s: int, role: str, now_mono_ns: int) -> str:
        """Blink for so long from now; what it will look like, in words. The caller has looked for
        trouble; raises OSError where the request can not be left.
        """
        pattern = _PATTERNS.get(role, _OTHER_PATTERN)
        until_s = now_mono_ns // NS_PER_S + duration_s
        said_pattern, said_until_s = self._said
        if pattern != said_pattern or abs(until_s - said_until_s) > _SAME_S:
            path = Path(self._folder) / REQUEST_NAME
            write_whole(path, f"1|{until_s}|{self._led}|{pattern}\n")
            self._said = (pattern, until_s)
        return f"LED {self._led} blinks for {duration_s} s: {_WORDS[pattern]}"
