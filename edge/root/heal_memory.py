"""What the root program of healing remembers: limits of its own, places last seen, what has hung.

Lies in a folder that only root may write, so a controller that was taken over can not reset for
ever.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from edge.root.heal_usb import RefusedError

LOOK, RESET, AUTHORIZE, REBIND, PORT_POWER, CONTROLLER, REBOOT = 0, 2, 3, 4, 5, 6, 7
RUNGS: Final = (LOOK, RESET, AUTHORIZE, REBIND, PORT_POWER, CONTROLLER, REBOOT)
HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S
REBOOT_UP_S_MIN: Final = 6 * HOUR_S
# (within an hour, within a day), of all lines together: above what the ladder asks for on eight.
LIMITS: Final = {
    LOOK: (60, 400),
    RESET: (24, 96),
    AUTHORIZE: (24, 96),
    REBIND: (24, 96),
    PORT_POWER: (2, 6),
    CONTROLLER: (1, 3),
    REBOOT: (1, 2),
}
_FILE_BYTES_MAX: Final = 256 * 1024
_ATTEMPTS_MAX: Final = 1200


@dataclass(frozen=True)
class Now:
    """One instant on both clocks, and which boot it is of."""

    boot_id: str
    up_s: float
    utc_s: float

    @staticmethod
    def of(root: Path) -> Now:
        boot_id = (root / "proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return Now(boot_id, time.clock_gettime(time.CLOCK_BOOTTIME), time.time())


@dataclass
class Memory:
    """`attempts`: rung, boot, seconds since it, wall clock. `places`: by port, what sat there."""

    path: Path
    attempts: list[tuple[int, str, float, float]] = field(default_factory=list)
    places: dict[str, dict[str, str]] = field(default_factory=dict)
    hung: dict[str, str] = field(default_factory=dict)

    def refuse_over_limit(self, rung: int, now: Now) -> None:
        """Raises RefusedError where the rung may not be done now."""
        if rung == REBOOT and now.up_s < REBOOT_UP_S_MIN:
            raise RefusedError(
                f"reboot: up for {now.up_s / 60:.0f} min, need {REBOOT_UP_S_MIN // 60} min;"
                " nothing was done"
            )
        if self.hung.get(str(rung)) == now.boot_id:
            raise RefusedError(f"rung {rung}: hung since this boot; nothing was done; reboot")
        ages_s = [_age_s(attempt, now) for attempt in self.attempts if attempt[0] == rung]
        for span_s, limit in zip((HOUR_S, DAY_S), LIMITS[rung], strict=True):
            count = sum(age <= span_s for age in ages_s)
            if count >= limit:
                raise RefusedError(
                    f"rung {rung}: done {count} times within {span_s // HOUR_S} h,"
                    f" limit {limit}; nothing was done"
                )

    def note(self, rung: int, now: Now) -> None:
        """One more; what no limit counts is forgotten."""
        kept = [attempt for attempt in self.attempts if _age_s(attempt, now) <= DAY_S]
        self.attempts = [*kept, (rung, now.boot_id, now.up_s, now.utc_s)][-_ATTEMPTS_MAX:]

    def save(self) -> None:
        """On the disk when it returns. Raises OSError."""
        draft = self.path.with_suffix(".new")
        content = {"attempts": self.attempts, "places": self.places, "hung": self.hung}
        with draft.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)


def load_memory(path: Path) -> Memory:
    """What was kept. A torn file counts as one attempt of each rung just now: no limit is lost."""
    memory = Memory(path)
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_FILE_BYTES_MAX))
    except FileNotFoundError:
        return memory
    except (OSError, ValueError):
        return _torn(path)
    try:
        memory.attempts = [_attempt(row) for row in content["attempts"]]
        memory.places = {
            str(port): {str(key): str(value) for key, value in place.items()}
            for port, place in content["places"].items()
        }
        memory.hung = {str(rung): str(boot) for rung, boot in content["hung"].items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return _torn(path)
    return memory


def _attempt(row: Any) -> tuple[int, str, float, float]:
    rung, boot_id, up_s, utc_s = row
    return int(rung), str(boot_id), float(up_s), float(utc_s)


def _torn(path: Path) -> Memory:
    return Memory(path, [(rung, "", 0.0, time.time()) for rung in RUNGS if rung != LOOK])


def _age_s(attempt: tuple[int, str, float, float], now: Now) -> float:
    """Within a boot by its own clock; else by the wall clock, which may have been set back."""
    _, boot_id, up_s, utc_s = attempt
    return now.up_s - up_s if boot_id == now.boot_id else abs(now.utc_s - utc_s)
