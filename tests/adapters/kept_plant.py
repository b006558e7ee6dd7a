"""One run of the counting after the other, on a line in memory that a service manager keeps."""

from __future__ import annotations

from edge.adapters.fd_store import FdStore
from edge.adapters.interval_end import IntervalEnd
from edge.adapters.kept_lines import KeptLines
from edge.adapters.pulse_lines import PulseLines
from edge.adapters.systemd_notify import SystemdNotify
from edge.config.io import Bias, Edge, PulsePlan
from tests.adapters.fake_edge_line import FakeEdgeLine
from tests.adapters.service_manager import ServiceManager

PLAN = PulsePlan("incomer", 17, Edge.FALLING, Bias.PULL_UP, 2_000_000)
CHIP = "/dev/gpiochip0"


class Plant:
    """A line, a service manager, and one run of the counting after the other."""

    def __init__(self, manager: ServiceManager) -> None:
        self.line = FakeEdgeLine()
        self.line.request.release()
        self.manager = manager
        self.store: FdStore
        self.lines: KeptLines
        self.systemds: list[SystemdNotify] = []
        self._runs: list[PulseLines | IntervalEnd] = []

    def run(self, plan: PulsePlan = PLAN, chip: str = CHIP) -> PulseLines:
        """A run begins with what the manager keeps. The one before was killed: it closed nothing
        by itself.
        """
        self._begin(plan, chip)
        pulses = PulseLines((plan,), self.lines.open, lambda: 0)
        self._runs.append(pulses)
        return pulses

    def run_interval_end(self, state_mono_ns: int | None) -> IntervalEnd:
        self._begin(PLAN, CHIP)
        end = IntervalEnd(PLAN, self.lines.open, lambda: 0, state_mono_ns)
        self._runs.append(end)
        return end

    def _begin(self, plan: PulsePlan, chip: str) -> None:
        self.manager.attend()
        systemd = SystemdNotify({"NOTIFY_SOCKET": str(self.manager.path)}, 0)
        self.systemds.append(systemd)
        passed = self.manager.passed()
        self.store = FdStore(systemd)
        self.lines = KeptLines((plan,), chip, self.line.open, self.store, passed)

    def close(self) -> None:
        for run in self._runs:
            run.close()
        for systemd in self.systemds:
            systemd.close()
        self.manager.close()
