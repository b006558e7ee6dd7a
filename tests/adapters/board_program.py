"""A small controller for the tests: the real scan and relays, told by its argument how to end.

``run`` scans until it is stopped; ``raise`` meets an exception in its third decision. It prints a
line after its first scan.
"""

from __future__ import annotations

import sys

from edge.adapters.boottime import SystemClock
from edge.adapters.gpio_chip import find_chip
from edge.adapters.gpiod_pins import GpiodFactory
from edge.adapters.output_pin import output_opener
from edge.adapters.relays import Ending, Relays
from edge.adapters.stop_signal import StopSignal
from edge.adapters.watchdog import Watchdog, open_watchdog
from edge.config.io import OutputPolicy, RelayPlan
from edge.model.scan import AlarmOutputs, ClockTrust, RelayCommand, ScanInputs, ScanOutputs
from edge.scan.health import Health
from edge.scan.loop import PHASES, Scan
from edge.scan.pace import Pace

MS = 1_000_000
SAFE, HOLD = OutputPolicy.SAFE, OutputPolicy.HOLD
PLANS = (
    RelayPlan("safe", 5, shed_level=True, safe_shed=False, at_stop=SAFE, at_crash=SAFE),
    RelayPlan("hold", 6, shed_level=False, safe_shed=False, at_stop=HOLD, at_crash=HOLD),
)
COMMANDS = tuple(RelayCommand(plan.load, shed=True) for plan in PLANS)


class Controller:
    """Inputs, decision, outputs, watchdog and publisher of the program."""

    def __init__(self, relays: Relays, watchdog: Watchdog, raise_at: int) -> None:
        self._relays = relays
        self._watchdog = watchdog
        self._raise_at = raise_at
        self._scans_count = 0

    def read(self, now_mono_ns: int, now_utc_ns: int) -> ScanInputs:
        return ScanInputs(now_mono_ns, now_utc_ns, ClockTrust.UNTRUSTED)

    def decide(self, _inputs: ScanInputs) -> ScanOutputs:
        self._scans_count += 1
        if self._scans_count == self._raise_at:
            raise ArithmeticError
        return ScanOutputs(COMMANDS, AlarmOutputs(), ())

    def write(self, outputs: ScanOutputs, valid_until_mono_ns: int) -> None:
        self._relays.write(outputs.relays, valid_until_mono_ns)

    def stop(self) -> None:
        self._relays.rest(Ending.STOP)

    def crash(self) -> None:
        self._relays.rest(Ending.CRASH)

    def feed(self, _now_mono_ns: int) -> None:
        self._watchdog.feed()

    def disarm(self) -> None:
        self._watchdog.disarm()

    def publish(self, _inputs: ScanInputs, _outputs: ScanOutputs) -> None:
        if self._scans_count == 1:
            print('"scanned"', flush=True)

    def tidy(self) -> None:
        """Nothing to tidy in so short a run."""


def main(mode: str) -> None:
    clock = SystemClock()
    stopped = StopSignal()
    factory = GpiodFactory(find_chip(("pinctrl-rp1", "pinctrl-bcm2711")))
    relays = Relays(PLANS, output_opener(factory), clock.mono_ns, 2000 * MS, {})
    watchdog, _ = open_watchdog("/dev/watchdog", 2)
    assert watchdog is not None
    controller = Controller(relays, watchdog, 3 if mode == "raise" else 0)
    now_mono_ns = clock.mono_ns()
    scan = Scan(
        clock=clock,
        inputs=controller,
        decide=controller.decide,
        outputs=controller,
        watch=controller,
        publish=controller.publish,
        pace=Pace(20 * MS, now_mono_ns),
        health=Health(dict.fromkeys(PHASES, 5000 * MS), now_mono_ns),
        lease_ns=2000 * MS,
        tidy=controller.tidy,
    )
    scan.run(stopped)


if __name__ == "__main__":
    main(sys.argv[1])
