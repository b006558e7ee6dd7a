"""Control's grip on one bus worker: start it, lease it the line, take samples, replace it if dead.

Runs in the scan, so nothing here waits. It imports neither pymodbus nor asyncio, and a worker that
was given up can never write again: its page, and the lease in it, is not renewed any more.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import Final

from edge.adapters.log_line import log_line
from edge.bus.clock import boottime_ns
from edge.bus.lease import BusPage, Count
from edge.bus.link import SampleReceiver, socket_pair, write_plan
from edge.core.line_timing import stall_ns
from edge.model.bus import BusPlan, LineKind
from edge.model.healing import LineFacts
from edge.model.scan import BusCondition, BusSample, MeterFault, MeterSample
from edge.model.twin import LineEvidence
from edge.model.units import NS_PER_MS, NS_PER_S

# From the start of the process to its first sign of life: imports on a cold, slow storage.
START_NS_MAX: Final = 20 * NS_PER_S
# The first replacement comes at once; one that dies young waits longer each time.
RESPAWN_NS_MIN: Final = NS_PER_S // 2
RESPAWN_NS_MAX: Final = 10 * NS_PER_S
STEADY_NS: Final = 60 * NS_PER_S
KILLED_WAIT_S: Final = 1.0
MESSAGES_PER_DRAIN_MAX: Final = 64
# A write takes microseconds. One that has not ended so long after its lease hangs in the driver, or
# the worker is stopped before it: two scans.
WRITING_NS_MAX: Final = 200 * NS_PER_MS
# Of a poll that some meter has answered.
_ANSWERED: Final = frozenset({None, MeterFault.EXCEPTION, MeterFault.NOT_A_NUMBER})
_PORT_IS_MISSING: Final = frozenset({BusCondition.PORT_LOST, BusCondition.WORKER_LOST})


class BusWorker:
    """One line. For one thread, which must live as long as the process: the worker dies with it.
    `renew`, `drain` and `check` are called in each scan."""

    def __init__(self, plan: BusPlan) -> None:
        self._plan = plan
        self._stall_ns = stall_ns(plan)
        self._condition: BusCondition | None = None
        self._given: list[BusSample] = []
        self._respawn_ns = 0
        self._respawn_mono_ns = 0
        self._writing_since_mono_ns: int | None = None
        self._before = LineEvidence(plan.name)
        self._replied_mono_ns = 0
        self._spawn(boottime_ns())
        self._give(BusCondition.OK)

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    @property
    def heard_mono_ns(self) -> int:
        """When the worker last heard a byte on the line; 0 for not yet."""
        return self._page.heard_mono_ns

    def facts(self, now_mono_ns: int) -> LineFacts:
        """What healing goes by."""
        page, plan = self._page, self._plan
        return LineFacts(
            plan.name,
            plan.port if plan.kind is LineKind.RTU else "",
            self._condition or BusCondition.OK,
            page.lease_until_mono_ns > now_mono_ns,
            self._replied_mono_ns,
            page.asked_mono_ns,
            page.proof_mono_ns,
            page.twin_mono_ns,
        )

    def reopen(self, now_mono_ns: int) -> None:
        """The worker opens its port anew within a step of its loop."""
        self._page.reopen_mono_ns = now_mono_ns

    @property
    def name(self) -> str:
        """The line's name in the site file."""
        return self._plan.name

    def counts(self) -> dict[str, int]:
        """What the present worker has counted since it started (see lease.Count)."""
        return self._page.counts()

    def renew(self, until_mono_ns: int) -> None:
        """The worker may write until then; an instant in the past takes the line from it."""
        if not self._given_up:
            self._page.lease_until_mono_ns = until_mono_ns

    def withdraw(self) -> None:
        """No write begins from now on. One that has begun shows as `is_writing`: a store takes
        microseconds to be seen by another processor, so look in the next scan.
        """
        self._page.lease_until_mono_ns = 0

    def fence(self) -> None:
        """End the worker's process now, whatever it does; `check` starts another when it is gone.

        A process that is stopped dies without running on. One that is within a system call may
        still end it: until then its evidence says that it writes.
        """
        if not self._given_up:
            self._end()

    @property
    def listens(self) -> bool:
        """Whether the worker hears who else uses the line."""
        return self._plan.has_twin and self._plan.kind is LineKind.RTU

    def evidence(self) -> LineEvidence:
        """What the line has shown; instants are kept when a worker is replaced."""
        page, before = self._page, self._before
        is_open = page.count(Count.OPENINGS) > 0 and not self._given_up
        return LineEvidence(
            self._plan.name,
            page.twin_mono_ns or before.twin_mono_ns,
            page.stranger_mono_ns or before.stranger_mono_ns,
            page.proof_mono_ns or before.proof_mono_ns,
            page.asked_mono_ns or before.asked_mono_ns,
            page.count(Count.REQUESTS),
            page.count(Count.TWIN_HEARD),
            is_open and self._condition not in _PORT_IS_MISSING,
            page.writing and self._process.poll() is None,
        )

    def drain(self, limit: int = MESSAGES_PER_DRAIN_MAX) -> list[MeterSample | BusSample]:
        """What has arrived, oldest first, from at most `limit` messages; the rest waits.

        The first call gives the line's condition, presumed OK; later ones give its changes.
        """
        samples: list[MeterSample | BusSample] = []
        for _ in range(limit):
            batch = self._receiver.receive()
            if batch is None:
                break
            if batch.bus is not None and not self._given_up:
                self._give(batch.bus.condition)
            for sample in batch.meters:
                if sample.fault in _ANSWERED:
                    self._replied_mono_ns = sample.mono_ns
            samples.extend(batch.meters)
        if self._given:
            samples.extend(self._given)
            self._given.clear()
        return samples

    def check(self, now_mono_ns: int) -> None:
        """Notice a worker that died or stalled, kill it, and start another as soon as it may be.

        The loss is given by the next `drain` as WORKER_LOST. Starting a process takes some ms.
        """
        ended = self._process.poll() is not None
        if not self._given_up:
            if not ended and not self._is_stuck(now_mono_ns):
                if now_mono_ns - self._spawned_mono_ns > STEADY_NS:
                    self._respawn_ns = 0
                return
            self._give_up(now_mono_ns)
        # A process that hangs in a driver is still there and still has the port: wait for its end.
        if ended and now_mono_ns >= self._respawn_mono_ns:
            self._replace(now_mono_ns)

    def close(self) -> None:
        """Take the line from the worker and end its process, which may hang in a driver."""
        self.withdraw()
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(KILLED_WAIT_S)
        self._link.close()
        self._page.close()

    def _is_stuck(self, now_mono_ns: int) -> bool:
        return self._has_stalled(now_mono_ns) or self._writes_without_lease(now_mono_ns)

    def _writes_without_lease(self, now_mono_ns: int) -> bool:
        if not self._page.writing or self._page.lease_until_mono_ns > now_mono_ns:
            self._writing_since_mono_ns = None
            return False
        if self._writing_since_mono_ns is None:
            self._writing_since_mono_ns = now_mono_ns
        return now_mono_ns - self._writing_since_mono_ns > WRITING_NS_MAX

    def _has_stalled(self, now_mono_ns: int) -> bool:
        alive_mono_ns = self._page.alive_mono_ns
        if alive_mono_ns == 0:
            return now_mono_ns - self._spawned_mono_ns > START_NS_MAX
        return now_mono_ns - alive_mono_ns > self._stall_ns

    def _give_up(self, now_mono_ns: int) -> None:
        self._end()
        self._put_off(now_mono_ns)

    def _end(self) -> None:
        """From here on the old worker cannot write, even if it wakes before the signal ends it."""
        self.withdraw()
        self._process.kill()
        self._given_up = True
        self._respawn_mono_ns = 0
        self._give(BusCondition.WORKER_LOST)

    def _put_off(self, now_mono_ns: int) -> None:
        self._respawn_mono_ns = now_mono_ns + self._respawn_ns
        self._respawn_ns = min(max(2 * self._respawn_ns, RESPAWN_NS_MIN), RESPAWN_NS_MAX)

    def _replace(self, now_mono_ns: int) -> None:
        """A new process with a page and a link of its own; if there is no memory, try later."""
        link, page, before = self._link, self._page, self.evidence()
        try:
            self._spawn(now_mono_ns)
        except OSError as fault:
            self._put_off(now_mono_ns)
            log_line(f"bus.{self._plan.name}: worker cannot be started: {fault}")
        else:
            self._before = before
            link.close()
            page.close()

    def _give(self, condition: BusCondition) -> None:
        if condition is not self._condition:
            self._condition = condition
            self._given.append(BusSample(self._plan.name, condition))

    def _spawn(self, now_mono_ns: int) -> None:
        control_end, worker_end = socket_pair()
        page_fd = BusPage.create()
        plan_fd = write_plan(self._plan)
        try:
            inherited = (worker_end.fileno(), page_fd, plan_fd)
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                [sys.executable, "-m", "edge.bus", *map(str, inherited)],
                stdin=subprocess.DEVNULL,
                pass_fds=inherited,
            )
            self._page = BusPage(page_fd)
        except OSError:
            control_end.close()
            raise
        finally:
            worker_end.close()
            os.close(page_fd)
            os.close(plan_fd)
        self._link = control_end
        self._receiver = SampleReceiver(control_end)
        self._spawned_mono_ns = now_mono_ns
        self._writing_since_mono_ns = None
        self._given_up = False
