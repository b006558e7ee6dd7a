"""The hardware watchdog: a device that resets the machine unless it is fed in time.

Feeds when told to; whether the scan deserves it is computed in edge.scan.health. Letting go without
`disarm` leaves the watchdog running, which is what a crash wants.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from pathlib import Path
from typing import Final

from edge.adapters.reasons import reason
from edge.model.problem import Problem

# linux/watchdog.h, with the request encoding of x86 and Arm.
_GET_SUPPORT: Final = 0x80285700
_GET_BOOT_STATUS: Final = 0x80045702
_KEEP_ALIVE: Final = 0x80045705
_SET_TIMEOUT: Final = 0xC0045706
_INT: Final = struct.Struct("=i")
_INFO: Final = struct.Struct("=II32s")  # options, firmware_version, identity
_OPTION_MAGIC_CLOSE: Final = 0x0100
_STATUS_CARD_RESET: Final = 0x0020
# The BCM2835's counter ends here; drivers have masked larger values (60 s became 12 s).
_BCM2835: Final = "BCM2835"
_BCM2835_S_MAX: Final = 15

# For a restart, or an upgrade with its way back; what a Raspberry Pi takes of it comes second.
_GRACE_S: Final = (60, _BCM2835_S_MAX)

_NEXT_STEPS: Final = {
    errno.ENOENT: "load the driver (dtparam=watchdog=on), or set watchdog.device to an empty text",
    errno.EACCES: "give the service access: DeviceAllow=char-watchdog rw and the device's group",
    errno.EBUSY: "systemd has it: set RuntimeWatchdogSec=off in /etc/systemd/system.conf",
}


class Watchdog:
    """A watchdog that runs. `granted_s` is the time-out that the hardware took; `was_reset` says
    that the last start of the machine was this watchdog's doing.
    """

    def __init__(self, device: str, fd: int) -> None:
        """Takes over `fd`. Raises OSError when that is no watchdog."""
        self._device = device
        self._fd = fd
        options, _, identity = _INFO.unpack(fcntl.ioctl(fd, _GET_SUPPORT, bytes(_INFO.size)))
        self.identity = identity.split(b"\0")[0].decode("ascii", "replace")
        self.granted_s = 0
        self.problem: Problem | None = None
        self._has_magic_close = bool(options & _OPTION_MAGIC_CLOSE)

    @property
    def was_reset(self) -> bool:
        """True when the machine's last start was a reset by this watchdog; False where it cannot
        say.
        """
        try:
            answer = fcntl.ioctl(self._fd, _GET_BOOT_STATUS, bytes(_INT.size))
        except OSError:
            return False
        return bool(_INT.unpack(answer)[0] & _STATUS_CARD_RESET)

    def set_timeout(self, timeout_s: int) -> None:
        """Raises OSError where the hardware refuses. A different grant is in `granted_s`."""
        if _BCM2835 in self.identity and timeout_s > _BCM2835_S_MAX:
            raise OSError(errno.EINVAL, f"{timeout_s} s is beyond the BCM2835's {_BCM2835_S_MAX} s")
        answer = fcntl.ioctl(self._fd, _SET_TIMEOUT, _INT.pack(timeout_s))
        self.granted_s = _INT.unpack(answer)[0]

    def feed(self) -> None:
        """Start the time-out anew. A failure is in `problem`: the machine will be reset."""
        try:
            fcntl.ioctl(self._fd, _KEEP_ALIVE, bytes(_INT.size))
            self.problem = None
        except OSError as error:
            self.problem = self._warn(
                "cannot be fed", reason(error), effect="the machine is reset when its time is over"
            )

    def disarm(self) -> Problem | None:
        """Stop the watchdog, for an orderly stop only. A problem says that it cannot be stopped.

        One that cannot is given all the time that it takes, so that the next run is there first:
        an upgrade must not end in a reset.
        """
        problem = None
        self._give_grace()
        try:
            os.write(self._fd, b"V")
        except OSError as error:
            problem = self._warn("cannot be stopped", reason(error), self._reset_effect)
        if problem is None and (not self._has_magic_close or is_no_way_out(self._device)):
            problem = self._warn(
                "cannot be stopped",
                "nowayout" if self._has_magic_close else "no magic close",
                self._reset_effect,
            )
        self.let_go()
        return problem

    def _give_grace(self) -> None:
        for grace_s in _GRACE_S:
            if grace_s <= self.granted_s:
                return
            try:
                self.set_timeout(grace_s)
            except OSError:
                continue  # longer than it takes
            return

    def let_go(self) -> None:
        """Close the device; a watchdog that was not disarmed goes on and resets the machine."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def _reset_effect(self) -> str:
        return f"the machine is reset in {self.granted_s} s unless the controller starts again"

    def _warn(self, what: str, got: str, effect: str) -> Problem:
        return Problem(where=f"watchdog {self._device}", what=what, got=got, effect=effect)


def open_watchdog(device: str, timeout_s: int) -> tuple[Watchdog | None, tuple[Problem, ...]]:
    """Opens, which arms it, sets `timeout_s` and feeds it once. Without one the controller runs,
    with one warning; a grant of another time-out is a warning too.
    """
    try:
        fd = os.open(device, os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        return None, (_not_guarded(device, error),)
    try:
        watchdog = Watchdog(device, fd)
    except OSError as error:
        os.close(fd)
        return None, (_not_guarded(device, error),)
    try:
        watchdog.set_timeout(timeout_s)
    except OSError as error:
        stuck = watchdog.disarm()
        return None, (_not_guarded(device, error), *((stuck,) if stuck else ()))
    watchdog.feed()
    return watchdog, _granted_otherwise(device, timeout_s, watchdog.granted_s)


def is_no_way_out(device: str, sysfs: Path = Path("/sys/class/watchdog")) -> bool:
    """True when the kernel was told never to stop this watchdog. /dev/watchdog is watchdog0."""
    name = Path(device).name
    path = sysfs / ("watchdog0" if name == "watchdog" else name) / "nowayout"
    try:
        return path.read_text(encoding="ascii").strip() == "1"
    except OSError:
        return False


def _granted_otherwise(device: str, timeout_s: int, granted_s: int) -> tuple[Problem, ...]:
    if granted_s == timeout_s:
        return ()
    return (
        Problem(
            where=f"watchdog {device}",
            what="time-out changed by the hardware",
            got=f"{granted_s} s",
            need=f"{timeout_s} s",
            effect="it works with what it got",
            next_step="set watchdog.timeout_s to what the hardware takes",
        ),
    )


def _not_guarded(device: str, error: OSError) -> Problem:
    return Problem(
        where=f"watchdog {device}",
        what="cannot be used",
        got=reason(error),
        effect="a hung machine is not reset",
        next_step=_NEXT_STEPS.get(error.errno or 0, "check the driver and watchdog.timeout_s"),
    )
