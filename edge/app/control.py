"""The control process from start to end: restore, build, scan, stop."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.adapters import realtime, systemd_notify
from edge.adapters.boottime import ClockWatch, SystemClock
from edge.adapters.inherited import take_inherited
from edge.adapters.log_line import log_line
from edge.adapters.systemd_notify import SystemdNotify
from edge.adapters.watchdog import Watchdog, open_watchdog
from edge.app.assembly import Gateway, build_gateway, build_keeper
from edge.app.conditions import Conditions
from edge.app.continued import Continued
from edge.app.inputs import GatewayInputs
from edge.app.outputs import GatewayOutputs, Watchdogs
from edge.app.publish import Publisher
from edge.app.restore import Restored, restore
from edge.app.unmanned import STARTING_NAME
from edge.config.codec import CompiledSite
from edge.core.controller import Controller
from edge.keeper.link import ScanHealth
from edge.keeper.slots import CHECKPOINT_NAME
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.problem import Problem, ProblemsError
from edge.model.scan import ScanInputs
from edge.scan.health import Health
from edge.scan.loop import PHASES, Scan
from edge.scan.pace import Pace

if TYPE_CHECKING:
    from edge.peer.herald import Herald

# A phase that has not finished for this many periods is dead. The watchdog's own time-out adds.
_PHASE_PERIODS_MAX: Final = 10
_CRASH_CHARS_MAX: Final = 1000


class ControlProcess:
    """One run of the controller for `unit` of a compiled site."""

    def __init__(self, site: CompiledSite, unit: str) -> None:
        self._site = site
        self._unit = unit
        self._clock = SystemClock()
        self._stopping = False
        self._restarting = False
        self._warnings: list[Problem] = []

    def run(self) -> None:
        """Blocks until SIGTERM or SIGINT, or SIGHUP: then the service manager is to start the next
        run, for which relays stay as they are. Raises ProblemsError when it can not start."""
        site, clock = self._site, self._clock
        runtime = Path(site.io.control.socket).parent
        kept = take_inherited(os.environ, os.getpid())
        lock = _hold_alone(runtime)
        herald = _start_herald(site, self._unit)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        mono_ns, utc_ns = clock.mono_ns(), clock.utc_ns()
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        trust = ClockWatch().trust(mono_ns)
        restored = restore(Path(site.io.store.directory), boot_id, mono_ns, utc_ns, trust)
        if restored.is_lost:
            self._warnings.append(_not_continued(site, restored))
        controller = Controller(site.spec, restored.state, mono_ns)
        continued = Continued(
            controller,
            controller.relays if restored.is_restart else (),
            kept,
            restored.mono_ns,
            restored.twin,
        )
        keeper = build_keeper(site, self._unit, runtime)
        systemd = systemd_notify.from_environment()
        gateway = build_gateway(site, keeper, clock, systemd, continued, self._unit, herald)
        crashed = False
        try:
            keeper.keep_alive(mono_ns)
            publisher = Publisher(gateway.duty, keeper, boot_id, site.digest)
            severity = Severity.WARNING if restored.is_lost else Severity.INFO
            start = Event(mono_ns, utc_ns, EventKind.STARTED, self._unit, severity, restored.facts)
            publisher.begin(ScanInputs(mono_ns, utc_ns, trust), start)
            self._scan(gateway, systemd, publisher, is_boot=not restored.is_same_boot)
            keeper.post_events((self._stopped(Severity.INFO),))
        except Exception as error:  # the outputs are at rest by now; this says why
            crashed = True
            text = f"{type(error).__name__}: {error}"[:_CRASH_CHARS_MAX]
            keeper.post_events((self._stopped(Severity.ALARM, crash=text),))
            raise
        finally:
            for worker in gateway.field.workers:
                worker.close()
            gateway.duty.close(crashed=crashed)
            keeper.close()
            os.close(lock)

    def _stopped(self, severity: Severity, **facts: Fact) -> Event:
        clock = self._clock
        return Event(
            clock.mono_ns(), clock.utc_ns(), EventKind.STOPPED, self._unit, severity, facts
        )

    def _scan(
        self,
        gateway: Gateway,
        systemd: SystemdNotify,
        publisher: Publisher,
        *,
        is_boot: bool,
    ) -> None:
        io, clock = self._site.io, self._clock
        watchdog = self._open_watchdog()
        if is_boot and watchdog is not None and watchdog.was_reset:
            gateway.duty.note_reset(clock.utc_ns())
        conditions = Conditions()
        self._go_real_time()
        # Not before: locking and collecting would count as the first scan's lateness.
        start_mono_ns = clock.mono_ns()
        health = Health(
            dict.fromkeys(PHASES, _PHASE_PERIODS_MAX * io.scan.period_ns), start_mono_ns
        )
        scan = Scan(
            clock=clock,
            inputs=GatewayInputs(gateway.field, gateway.duty, conditions, gateway.complaints),
            decide=gateway.duty.decide,
            outputs=GatewayOutputs(
                gateway.field.relays,
                gateway.alarms,
                gateway.duty,
                # Without a service manager nobody would hold the lines, nor start the next run.
                lambda: self._restarting and gateway.field.store.is_there,
            ),
            watch=Watchdogs(watchdog, systemd, gateway.duty),
            publish=publisher,
            tidy=realtime.collect_between_scans,
            pace=Pace(io.scan.period_ns, start_mono_ns),
            health=health,
            lease_ns=io.scan.output_lease_ns,
        )

        def on_first() -> None:
            systemd.ready()
            _end_of_start()
            self._say(conditions)

        publisher.watch(lambda: self._health(scan, watchdog), gateway.field.line_facts, on_first)
        scan.run(lambda: gateway.duty.may_end(self._stopping))

    def _open_watchdog(self) -> Watchdog | None:
        plan = self._site.io.watchdog
        if not plan.device:
            return None
        watchdog, problems = open_watchdog(plan.device, plan.timeout_s)
        self._warnings.extend(problems)
        return watchdog

    def _go_real_time(self) -> None:
        """Last of all before the scan: what start-up allocated is locked and frozen too."""
        plan = self._site.io.scan
        answers = [realtime.set_timer_slack(1)]
        if plan.priority:
            answers.append(realtime.schedule_fifo(plan.priority))
        if plan.lock_memory:
            answers.append(realtime.lock_memory())
        realtime.quiet_collector()
        self._warnings.extend(answer for answer in answers if answer is not None)

    def _say(self, conditions: Conditions) -> None:
        """Warnings of the start: once to the log, and as standing conditions to the board."""
        for problem in self._warnings:
            log_line(f"warning: {problem}")
            # One place may have several: each stands by itself.
            conditions.say(f"{problem.where}: {problem.what}", str(problem), severe=False)

    def _health(self, scan: Scan, watchdog: Watchdog | None) -> ScanHealth:
        late = scan.lateness.quantiles()
        refused = {problem.what for problem in self._warnings}
        plan = self._site.io.scan
        return ScanHealth(
            scans=late.count,
            overruns=scan.pace.overrun_count,
            late_us_p50=late.p50_ns / 1e3,
            late_us_p99=late.p99_ns / 1e3,
            late_us_p999=late.p999_ns / 1e3,
            late_us_max=late.max_ns / 1e3,
            realtime=plan.priority > 0 and not any("SCHED_FIFO" in what for what in refused),
            memory_locked=plan.lock_memory and not any("memory" in what for what in refused),
            watchdog=f"{watchdog.granted_s} s" if watchdog else "none",
        )

    def _stop(self, number: int, _frame: object) -> None:
        self._stopping = True
        self._restarting = number == signal.SIGHUP


def _end_of_start() -> None:
    """From here on somebody commands the relays: see edge.app.unmanned."""
    folder = os.environ.get("RUNTIME_DIRECTORY")  # systemd's; the file is its start command's
    if folder:
        with contextlib.suppress(OSError):  # a start by hand has none
            (Path(folder) / STARTING_NAME).unlink()


def _start_herald(site: CompiledSite, unit: str) -> Herald | None:
    """Before anything else is opened; None on a site with one unit."""
    if site.io.twin is None:
        return None
    from edge.app.pairing import start_herald  # noqa: PLC0415 -- what a single unit does without

    return start_herald(site, unit)


def _not_continued(site: CompiledSite, restored: Restored) -> Problem:
    return Problem(
        str(Path(site.io.store.directory) / CHECKPOINT_NAME),
        "checkpoint not continued",
        got=str(restored.facts["checkpoint"]),
        effect="what was counted before this start is not known; relays begin at their safe values",
        next_step="check the disk, unless another version of the program wrote it",
    )


def _hold_alone(runtime: Path) -> int:
    """One control process a runtime folder. Raises ProblemsError naming the other, or the folder
    that can not be used.
    """
    path = runtime / "control.lock"
    try:
        runtime.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise ProblemsError(
            (
                Problem(
                    str(path),
                    "can not be made, so another controller would not be noticed",
                    got=error.strerror or str(error),
                    need="a folder that the service's user may write",
                    effect="not started",
                    next_step="start it as the service, or give it another control.socket",
                ),
            )
        ) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(fd, 32, 0).decode() or "unknown"
        os.close(fd)
        raise ProblemsError(
            (
                Problem(
                    str(path),
                    "a controller is running already",
                    got=f"pid {pid}",
                    effect="not started",
                    next_step="stop that one first, or give this one another control.socket",
                ),
            )
        ) from None
    os.ftruncate(fd, 0)
    with contextlib.suppress(OSError):  # the lock is what counts; a full folder takes no number
        os.pwrite(fd, str(os.getpid()).encode(), 0)
    return fd
