"""The scan: read, decide, write, feed, publish, once a period, and how it ends.

Owns order and pace. Knows neither hardware nor demand: both come in through the protocols below,
each of which must do a bounded amount of work and never wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from edge.model.scan import ScanInputs, ScanOutputs
from edge.model.units import NS_PER_S
from edge.scan.health import Health
from edge.scan.histogram import Histogram
from edge.scan.pace import Pace

READ: Final = "read"
DECIDE: Final = "decide"
WRITE: Final = "write"
PUBLISH: Final = "publish"
PHASES: Final = (READ, DECIDE, WRITE, PUBLISH)
_TIDY_NS: Final = 60 * NS_PER_S


class Clock(Protocol):
    """`mono_ns` is CLOCK_BOOTTIME and decides; `utc_ns` labels."""

    def mono_ns(self) -> int: ...

    def utc_ns(self) -> int: ...

    def sleep_until(self, deadline_mono_ns: int) -> None: ...


class Inputs(Protocol):
    """Everything that came in since the last scan."""

    def read(self, now_mono_ns: int, now_utc_ns: int) -> ScanInputs: ...


class Outputs(Protocol):
    """Relays and alarms. `write` carries out nothing after `valid_until_mono_ns`."""

    def write(self, outputs: ScanOutputs, valid_until_mono_ns: int) -> None: ...

    def stop(self) -> None:
        """Apply the policies for an orderly stop."""

    def crash(self) -> None:
        """Apply the policies for a crash. Must not rely on anything that may have caused it."""


class Watch(Protocol):
    """The watchdogs, together."""

    def feed(self, now_mono_ns: int) -> None: ...

    def disarm(self) -> None: ...


class Scan:
    """One controller's scan. `decide` is pure; `publish` gives a finished scan to whoever
    records and shows it.

    A command is valid for `lease_ns` from the instant at which its inputs were read: a process that
    was paused in between writes nothing from before the pause. `tidy` is called each minute in a
    scan that left at least half of its period (the garbage collector's turn).
    """

    def __init__(
        self,
        *,
        clock: Clock,
        inputs: Inputs,
        decide: Callable[[ScanInputs], ScanOutputs],
        outputs: Outputs,
        watch: Watch,
        publish: Callable[[ScanInputs, ScanOutputs], None],
        pace: Pace,
        health: Health,
        lease_ns: int,
        tidy: Callable[[], None],
    ) -> None:
        self.pace = pace
        self.health = health
        self.lateness = Histogram()
        self.duration = Histogram()
        self._clock = clock
        self._inputs = inputs
        self._decide = decide
        self._outputs = outputs
        self._watch = watch
        self._publish = publish
        self._lease_ns = lease_ns
        self._tidy = tidy
        self._next_tidy_mono_ns = pace.deadline_mono_ns + _TIDY_NS

    def scan_once(self) -> None:
        """One scan now. Raises whatever a phase raises; `run` is what brings that to a safe end."""
        clock, health = self._clock, self.health
        now_mono_ns = clock.mono_ns()
        inputs = self._inputs.read(now_mono_ns, clock.utc_ns())
        health.progress(READ, clock.mono_ns())
        outputs = self._decide(inputs)
        health.progress(DECIDE, clock.mono_ns())
        self._outputs.write(outputs, now_mono_ns + self._lease_ns)
        written_mono_ns = clock.mono_ns()
        health.progress(WRITE, written_mono_ns)
        if health.healthy(written_mono_ns):
            self._watch.feed(written_mono_ns)
        self._publish(inputs, outputs)
        health.progress(PUBLISH, clock.mono_ns())

    def run(self, stopped: Callable[[], bool]) -> None:
        """Scan at the pace until `stopped()`, then stop in order: outputs by their policy for a
        stop, watchdogs disarmed.

        Any exception is a crash: outputs by their policy for a crash, the watchdogs neither fed nor
        disarmed, and the exception raised again, so that the process ends and is started anew.
        """
        try:
            while not stopped():
                self._scan_on_time()
        except BaseException:
            self._outputs.crash()
            raise
        self._outputs.stop()
        self._watch.disarm()

    def _scan_on_time(self) -> None:
        deadline_mono_ns = self.pace.deadline_mono_ns
        self._clock.sleep_until(deadline_mono_ns)
        start_mono_ns = self._clock.mono_ns()
        self.lateness.record(start_mono_ns - deadline_mono_ns)
        self.scan_once()
        end_mono_ns = self._clock.mono_ns()
        self.duration.record(end_mono_ns - start_mono_ns)
        self.pace.advance(end_mono_ns)
        self._tidy_in_slack(end_mono_ns)

    def _tidy_in_slack(self, now_mono_ns: int) -> None:
        if now_mono_ns < self._next_tidy_mono_ns:
            return
        if self.pace.slack_ns(now_mono_ns) * 2 >= self.pace.period_ns:
            self._next_tidy_mono_ns = now_mono_ns + _TIDY_NS
            self._tidy()
