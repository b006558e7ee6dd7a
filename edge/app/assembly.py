"""Builds the gateway from a compiled site: each adapter once, in the order in which it must be."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

import edge
from edge.adapters.alarms import Alarms
from edge.adapters.boottime import ClockWatch, SystemClock, suspended_ns
from edge.adapters.contacts import AcknowledgeButton, Feedbacks, input_opener
from edge.adapters.fd_store import FdStore
from edge.adapters.gpio_chip import find_chip
from edge.adapters.gpiod_pins import GpiodFactory
from edge.adapters.hardware import read_hardware_identity
from edge.adapters.interval_end import IntervalEnd
from edge.adapters.kept_lines import KeptLines
from edge.adapters.kept_relays import KeptRelays, is_relay
from edge.adapters.line_request import line_opener
from edge.adapters.output_pin import output_opener
from edge.adapters.pulse_lines import PulseLines
from edge.adapters.relays import Relays
from edge.adapters.systemd_notify import SystemdNotify
from edge.app.continued import Continued
from edge.app.duty import Duty, SingleDuty
from edge.app.inputs import Field
from edge.app.unit import serials
from edge.bus.handle import BusWorker
from edge.config.codec import CompiledSite, encode_spec
from edge.keeper.handle import KeeperHandle
from edge.keeper.requests import Identity
from edge.keeper.setup import KeeperSetup
from edge.model.problem import Problem
from edge.model.scan import RelayCommand

if TYPE_CHECKING:
    from edge.peer.herald import Herald

# Of a site's only unit. One of two says its role of the moment with each status.
SINGLE_ROLE: Final = "single"
PAIR_ROLE: Final = "pair"
# Given by the service; without it (a bench, a test) no login is told anything.
_LOGIN_FOLDER: Final = "DENBAN_LOGIN_FOLDER"


class Gateway(Struct, frozen=True):
    """Everything that the scan drives. `complaints` are the adapters' own, in one list."""

    field: Field
    alarms: Alarms
    duty: Duty
    complaints: Callable[[], Sequence[Problem]]


def build_gateway(
    site: CompiledSite,
    keeper: KeeperHandle,
    clock: SystemClock,
    systemd: SystemdNotify,
    continued: Continued,
    unit: str,
    herald: Herald | None,
) -> Gateway:
    """Relays first, so that they have their values before anything else can fail.

    Raises ProblemsError where the board's GPIO chip is not found.
    """
    io = site.io
    chip_path = find_chip(io.gpio_chips)
    factory = GpiodFactory(chip_path)
    open_output = output_opener(factory)
    store = FdStore(systemd)
    kept = KeptRelays(io.relays, factory, store, tuple(filter(is_relay, continued.kept)))
    relays_before = _relays_before(site, continued, kept.found)
    shed_before = {command.load: command.shed for command in relays_before}
    relays = Relays(io.relays, kept.open, clock.mono_ns, io.scan.output_lease_ns, shed_before)
    alarms = Alarms(io.alarm, open_output, clock.mono_ns)
    open_input = input_opener(factory)
    feedbacks = Feedbacks(io.feedbacks, open_input)
    has_button = io.alarm.acknowledge_pin is not None
    button = AcknowledgeButton(io.alarm, open_input) if has_button else None
    lines = _kept_lines(site, chip_path, store, continued)
    pulses = PulseLines(io.pulses, lines.open, suspended_ns)
    interval_end = (
        IntervalEnd(io.eoi, lines.open, suspended_ns, continued.state_mono_ns) if io.eoi else None
    )
    workers = tuple(BusWorker(plan) for plan in io.buses)
    duty: Duty = SingleDuty(continued.controller, workers)
    enable = None
    if io.twin is not None:
        # A site's only unit does without it, and without its memory.
        from edge.app.pairing import build_pair, open_enable  # noqa: PLC0415

        enable = open_enable(io.twin, open_output, open_input)
        duty = build_pair(
            site, unit, continued, workers, enable, herald, relays_before, clock.mono_ns()
        )

    several = [relays, alarms, pulses, feedbacks, *((enable,) if enable is not None else ())]
    single = [each for each in (button, interval_end) if each is not None]
    field = Field(
        ClockWatch(), store, pulses, interval_end, workers, feedbacks, button, relays, keeper
    )
    return Gateway(field, alarms, duty, _complaints(several, single))


class _HasProblems(Protocol):
    @property
    def problems(self) -> tuple[Problem, ...]: ...


class _MayHaveProblem(Protocol):
    @property
    def problem(self) -> Problem | None: ...


def _complaints(
    several: Sequence[_HasProblems], single: Sequence[_MayHaveProblem]
) -> Callable[[], Sequence[Problem]]:
    """What the adapters have to say of themselves now."""

    def complaints() -> Sequence[Problem]:
        found = [problem for each in several for problem in each.problems]
        ones = (each.problem for each in single)
        return (*found, *(problem for problem in ones if problem is not None))

    return complaints


def _relays_before(
    site: CompiledSite, continued: Continued, found: Mapping[str, bool]
) -> tuple[RelayCommand, ...]:
    """Of a pair: a line that was held goes on as it was `found`, until the twin is heard or this
    unit has the duty.

    Without one the peer may have moved the load since, and its contacts count: a restart sheds
    nothing until it knows, unless it was alone on duty a moment ago. A cold start leaves the coils
    without current, as they were: no load starts for the second until somebody has the duty.
    """
    if site.io.twin is None:
        return continued.relays
    is_cold = not continued.relays
    alone = continued.relays if continued.twin.alone else ()
    commanded = {command.load: command.shed for command in alone}
    return tuple(
        RelayCommand(
            plan.load, found.get(plan.load, commanded.get(plan.load, is_cold and plan.safe_shed))
        )
        for plan in site.io.relays
    )


def _kept_lines(
    site: CompiledSite, chip_path: str, store: FdStore, continued: Continued
) -> KeptLines:
    io = site.io
    plans = (*io.pulses, io.eoi) if io.eoi else io.pulses
    others = tuple(one for one in continued.kept if not is_relay(one))
    return KeptLines(plans, chip_path, line_opener(chip_path), store, others)


def build_keeper(site: CompiledSite, unit: str, runtime: Path) -> KeeperHandle:
    """The keeper's handle; its process starts with the first `keep_alive`."""
    io = site.io
    setup = KeeperSetup(
        identity=_identity(site, unit),
        spec=encode_spec(site.spec),
        state_folder=io.store.directory,
        runtime_folder=str(runtime),
        journal_bytes_max=io.store.journal_bytes_max,
        recorder_bytes_max=io.store.recorder_bytes_max,
        socket_path=io.control.socket,
        socket_group=io.control.group,
        plan_folder=io.plan_directory,
        login_folder=os.environ.get(_LOGIN_FOLDER, ""),
        led=io.identify_led,
    )
    return KeeperHandle(setup, int.from_bytes(os.urandom(8), "big") >> 1)


def _identity(site: CompiledSite, unit: str) -> Identity:
    hardware = read_hardware_identity(listed=serials(site.io.units))
    return Identity(
        unit=unit,
        site=site.spec.site,
        role=SINGLE_ROLE if site.io.twin is None else PAIR_ROLE,
        hostname=socket.gethostname(),
        hardware_serial=hardware.serial if hardware else "",
        version=edge.__version__,
        pid=os.getpid(),
    )
