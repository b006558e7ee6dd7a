"""A hardware watchdog as /dev/watchdog shows it, limited as the Pi's bcm2835_wdt.

Modelled on drivers/watchdog/watchdog_dev.c: opening starts it, writing feeds it, `V` as the last
write before the close stops it. It says that it has expired; what a reset does is the unit's
business.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

from hil.board import uapi
from hil.board.chip import Device, refuse
from hil.board.clock import NS_PER_S, Agenda
from hil.board.feed import Pipe

TIMEOUT_S_MAX = 15  # bcm2835_wdt.c: PM_WDOG_TIME_SET, 20 bits of 1/65536 s
IDENTITY = b"Broadcom BCM2835 Watchdog timer"
_OPTIONS = uapi.WDIOF_SETTIMEOUT | uapi.WDIOF_MAGICCLOSE | uapi.WDIOF_KEEPALIVEPING
_WRITE_BYTES_MAX = 4096

Log = Callable[..., None]


class Watchdog:
    """The timer: `log(t_ns, event, **fields)` is told of it, `on_expiry(t_ns)` does the reset."""

    def __init__(
        self, agenda: Agenda, log: Log, on_expiry: Callable[[int], None], *, nowayout: bool
    ) -> None:
        self._agenda = agenda
        self._log = log
        self._on_expiry = on_expiry
        self._nowayout = nowayout
        self._deadline_ns: int | None = None  # None: stopped
        self._holder: WatchdogDevice | None = None
        self._caused_reset = False
        self.timeout_s = TIMEOUT_S_MAX
        self.feeds_count = 0

    def open(self, t_ns: int) -> WatchdogDevice:
        """Starts the timer. Raises OSError EBUSY while somebody else has it open."""
        if self._holder is not None:
            raise refuse(errno.EBUSY)
        self._holder = WatchdogDevice(self)
        self._start(t_ns)
        self._log(t_ns, "watchdog_opened", timeout_s=self.timeout_s)
        return self._holder

    def _start(self, t_ns: int) -> None:
        self._deadline_ns = t_ns + self.timeout_s * NS_PER_S
        self._agenda.at(self._deadline_ns, self._check)

    def feed(self, t_ns: int) -> None:
        self.feeds_count += 1
        if self._deadline_ns is not None:
            self._start(t_ns)

    def _check(self, t_ns: int) -> None:
        if self._holder is not None:
            self._holder.attend(t_ns)  # what was written before the deadline counts
        if self._deadline_ns is None or t_ns < self._deadline_ns:
            return
        self._deadline_ns = None
        self._log(t_ns, "watchdog_reset", timeout_s=self.timeout_s)
        self._on_expiry(t_ns)
        self._caused_reset = True

    def reset(self) -> None:
        """Stopped with its power-on values: the machine around it has lost power or was reset."""
        self._deadline_ns = None
        self._caused_reset = False
        self.timeout_s = TIMEOUT_S_MAX

    def set_timeout(self, timeout_s: int, t_ns: int) -> None:
        if not 1 <= timeout_s <= TIMEOUT_S_MAX:
            raise refuse(errno.EINVAL)
        self.timeout_s = timeout_s
        self.feed(t_ns)
        self._log(t_ns, "watchdog_timeout", timeout_s=timeout_s)

    def set_options(self, options: int, t_ns: int) -> None:
        if options & uapi.WDIOS_DISABLECARD:
            self._stop(t_ns)
        if options & uapi.WDIOS_ENABLECARD:
            self._start(t_ns)

    def _stop(self, t_ns: int) -> None:
        if self._nowayout:
            raise refuse(errno.EBUSY)
        self._deadline_ns = None
        self._log(t_ns, "watchdog_stopped")

    def left_s(self, t_ns: int) -> int:
        if self._deadline_ns is None:
            return 0
        return max(0, self._deadline_ns - t_ns) // NS_PER_S

    def boot_status(self) -> int:
        return uapi.WDIOF_CARDRESET if self._caused_reset else 0

    def release(self, t_ns: int, *, magic: bool) -> None:
        """The last descriptor is closed, after a `V` or without."""
        self._holder = None
        if self._deadline_ns is None:
            return
        if magic and not self._nowayout:
            self._stop(t_ns)
            return
        self._log(t_ns, "watchdog_left_running", left_s=self.left_s(t_ns))
        self.feed(t_ns)  # Linux: "watchdog did not stop!", and one more ping

    def state(self, t_ns: int) -> dict[str, Any]:
        return {
            "running": self._deadline_ns is not None,
            "open": self._holder is not None,
            "timeout_s": self.timeout_s,
            "left_s": self.left_s(t_ns),
            "feeds_count": self.feeds_count,
        }


class WatchdogDevice:
    """An open /dev/watchdog; the process writes into the pipe."""

    def __init__(self, watchdog: Watchdog) -> None:
        self.pipe = Pipe(gateway_reads=False)
        self._watchdog = watchdog
        self._magic = False

    def attend(self, t_ns: int) -> None:
        """Take what has been written. Each write feeds; only the last one's `V` counts."""
        try:
            written = os.read(self.pipe.ours, _WRITE_BYTES_MAX)
        except BlockingIOError:
            return
        if written:
            self._magic = written.endswith(b"V")
            self._watchdog.feed(t_ns)

    def ioctl(self, request: int, raw: bytes, t_ns: int) -> tuple[bytes, Device | None]:
        self.attend(t_ns)
        watchdog = self._watchdog
        if request == uapi.WDIOC_KEEPALIVE:
            watchdog.feed(t_ns)
            return b"", None
        if request == uapi.WDIOC_SETTIMEOUT:
            watchdog.set_timeout(uapi.decode_int(raw), t_ns)
            return uapi.encode_int(watchdog.timeout_s), None
        if request == uapi.WDIOC_SETOPTIONS:
            watchdog.set_options(uapi.decode_int(raw), t_ns)
            return raw, None
        if request == uapi.WDIOC_GETSUPPORT:
            return uapi.WATCHDOG_INFO.pack(_OPTIONS, 0, IDENTITY), None
        return uapi.encode_int(self._number(request, t_ns)), None

    def _number(self, request: int, t_ns: int) -> int:
        if request == uapi.WDIOC_GETTIMEOUT:
            return self._watchdog.timeout_s
        if request == uapi.WDIOC_GETTIMELEFT:
            return self._watchdog.left_s(t_ns)
        if request == uapi.WDIOC_GETBOOTSTATUS:
            return self._watchdog.boot_status()
        if request == uapi.WDIOC_GETSTATUS:
            return 0
        raise refuse(errno.ENOTTY)

    def closed(self, t_ns: int) -> None:
        self.attend(t_ns)
        self._watchdog.release(t_ns, magic=self._magic)
        self.pipe.close()
