"""Lateness of the scan's own loop with nothing to do in it: `python -m tests.figures.scan_pace S`.

The same class, clock and real-time settings as the control process, at 10 ms instead of 100 ms, for
S seconds. Prints the lateness of each wake-up in ns.
"""

from __future__ import annotations

import json
import sys
import time

from edge.adapters import realtime
from edge.adapters.boottime import SystemClock
from edge.model.scan import AlarmOutputs, ClockTrust, ScanInputs, ScanOutputs
from edge.model.units import NS_PER_MS, NS_PER_S
from edge.scan.health import Health
from edge.scan.loop import PHASES, Scan
from edge.scan.pace import Pace

PERIOD_NS = 10 * NS_PER_MS
PRIORITY = 50
NOTHING = ScanOutputs((), AlarmOutputs(), ())


class WatchedClock(SystemClock):
    """Notes how late each sleep ended."""

    def __init__(self) -> None:
        super().__init__()
        self.late_ns: list[int] = []

    def sleep_until(self, deadline_mono_ns: int) -> None:
        super().sleep_until(deadline_mono_ns)
        self.late_ns.append(self.mono_ns() - deadline_mono_ns)


class Idle:
    """Inputs, outputs and watchdogs of a scan that does nothing."""

    def read(self, now_mono_ns: int, now_utc_ns: int) -> ScanInputs:
        return ScanInputs(now_mono_ns, now_utc_ns, ClockTrust.NTP)

    def write(self, outputs: ScanOutputs, valid_until_mono_ns: int) -> None:
        pass

    def stop(self) -> None:
        pass

    def crash(self) -> None:
        pass

    def feed(self, now_mono_ns: int) -> None:
        pass

    def disarm(self) -> None:
        pass


def main(duration_s: float) -> list[int]:
    """Lateness of each wake-up, the first ones left out."""
    clock = WatchedClock()
    realtime.set_timer_slack(1)
    realtime.schedule_fifo(PRIORITY)
    realtime.lock_memory()
    realtime.quiet_collector()
    start_mono_ns = clock.mono_ns() + PERIOD_NS
    idle = Idle()
    scan = Scan(
        clock=clock,
        inputs=idle,
        decide=lambda _inputs: NOTHING,
        outputs=idle,
        watch=idle,
        publish=lambda _inputs, _outputs: None,
        tidy=realtime.collect_between_scans,
        pace=Pace(PERIOD_NS, start_mono_ns),
        health=Health(dict.fromkeys(PHASES, NS_PER_S), start_mono_ns),
        lease_ns=NS_PER_S,
    )
    end_s = time.monotonic() + duration_s
    scan.run(lambda: time.monotonic() > end_s)
    return clock.late_ns[10:]


if __name__ == "__main__":
    print(json.dumps(main(float(sys.argv[1]))))
