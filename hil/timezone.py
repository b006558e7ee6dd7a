"""A time zone of the bench's own, whose midnight comes when a scenario needs it.

A day's plan must be filed before its first gate closes; nobody wants to wait for midnight. It makes
a file of the system's format (RFC 8536) and reads no clock.
"""

from __future__ import annotations

import struct
from pathlib import Path

NAME = "Bench/Plant"
_DAY_S = 86_400
_HALF_DAY_S = _DAY_S // 2


def offset_for_midnight_s(at_utc_s: int) -> int:
    """The offset from UTC, from -12 h to 12 h, by which local midnight is at `at_utc_s`."""
    return (-at_utc_s + _HALF_DAY_S) % _DAY_S - _HALF_DAY_S


def write_timezone(folder: Path, offset_s: int) -> dict[str, str]:
    """Make the zone under `folder`; the environment in which a process finds it by its name."""
    abbreviation = b"PLANT\0"
    header = struct.pack(">4s16x6I", b"TZif", 0, 0, 0, 0, 1, len(abbreviation))
    path = folder / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + struct.pack(">iBB", offset_s, 0, 0) + abbreviation)
    return {"PYTHONTZPATH": str(folder)}
