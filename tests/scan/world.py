"""A scripted world for the scan: its clock stands still unless something takes time."""

from __future__ import annotations

from collections.abc import Callable

from edge.model.scan import AlarmOutputs, ClockTrust, RelayCommand, ScanInputs, ScanOutputs
from edge.scan.health import Health
from edge.scan.loop import PHASES, Scan
from edge.scan.pace import Pace

MS = 1_000_000
PERIOD_NS = 100 * MS
LIMIT_NS = 1000 * MS
LEASE_NS = 250 * MS
UTC_NS = 1_700_000_000_000_000_000

Effect = Callable[[], None]


def nothing() -> None:
    """The effect of a phase in which nothing special happens."""


class World:
    """Clock, inputs, decision, outputs, watchdogs and publisher in one; `did` is what happened.

    `effects[phase]` runs inside that phase: it may take time (`spend`), or raise.
    """

    def __init__(self) -> None:
        self.now_mono_ns = 0
        self.did: list[str] = []
        self.fed_mono_ns: list[int] = []
        self.scans_mono_ns: list[int] = []
        self.valid_until_mono_ns: list[int] = []
        self.effects: dict[str, Effect] = {}
        self.scan = Scan(
            clock=self,
            inputs=self,
            decide=self._decide,
            outputs=self,
            watch=self,
            publish=self._publish,
            pace=Pace(PERIOD_NS, 0),
            health=Health(dict.fromkeys(PHASES, LIMIT_NS), 0),
            lease_ns=LEASE_NS,
            tidy=self._tidy,
        )

    def spend(self, duration_ns: int) -> Effect:
        """An effect that takes time."""

        def effect() -> None:
            self.now_mono_ns += duration_ns

        return effect

    def run_scans(self, count: int) -> None:
        """Run until `count` more scans have begun; then a stop is wished."""
        until = len(self.scans_mono_ns) + count
        self.scan.run(lambda: len(self.scans_mono_ns) >= until)

    def mono_ns(self) -> int:
        return self.now_mono_ns

    def utc_ns(self) -> int:
        return UTC_NS + self.now_mono_ns

    def sleep_until(self, deadline_mono_ns: int) -> None:
        self.now_mono_ns = max(self.now_mono_ns, deadline_mono_ns)
        self._effect("sleep")

    def read(self, now_mono_ns: int, now_utc_ns: int) -> ScanInputs:
        self.scans_mono_ns.append(now_mono_ns)
        self._note("read")
        return ScanInputs(now_mono_ns, now_utc_ns, ClockTrust.NTP)

    def _decide(self, inputs: ScanInputs) -> ScanOutputs:
        self._note("decide")
        shed = (RelayCommand(f"at {inputs.now_mono_ns}", shed=True),)
        return ScanOutputs(shed, AlarmOutputs(), ())

    def write(self, outputs: ScanOutputs, valid_until_mono_ns: int) -> None:
        assert outputs.relays[0].load == f"at {self.scans_mono_ns[-1]}"
        self.valid_until_mono_ns.append(valid_until_mono_ns)
        self._note("write")

    def stop(self) -> None:
        self._note("stop")

    def crash(self) -> None:
        self._note("crash")

    def feed(self, now_mono_ns: int) -> None:
        self.fed_mono_ns.append(now_mono_ns)
        self._note("feed")

    def disarm(self) -> None:
        self._note("disarm")

    def _publish(self, inputs: ScanInputs, outputs: ScanOutputs) -> None:
        assert outputs.relays[0].load == f"at {inputs.now_mono_ns}"
        self._note("publish")

    def _tidy(self) -> None:
        self._note("tidy")

    def _note(self, phase: str) -> None:
        self.did.append(phase)
        self._effect(phase)

    def _effect(self, phase: str) -> None:
        self.effects.get(phase, nothing)()
