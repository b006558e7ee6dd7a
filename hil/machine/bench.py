"""The suite's driver for emulated machines: two guests with our units, the bench around them.

What is observed comes from the hub, from the board and from the emulators, never from a guest.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from hil.boottime import boottime_ns
from hil.faults import Faults
from hil.field import has_libmodbus
from hil.lifetime import Undertaking
from hil.machine import self_check
from hil.machine.agent import AgentError
from hil.machine.boot_image import BootImage, read_image
from hil.machine.command_line import GPIO_ID, USB_ID, BootFiles, Connections
from hil.machine.commission import adopt, commission, host_name, hosts
from hil.machine.disk import make_overlay
from hil.machine.emulator import Emulator, read_version
from hil.machine.field import MachineField
from hil.machine.gateway import MachineGateway
from hil.machine.saved_state import saved_disk
from hil.observer import Log
from hil.pair import works_for_pair
from hil.suite.ability import Ability, BenchClass
from hil.suite.field_words import FieldLine, FieldPlant, FieldPulses
from hil.suite.protocol import ChannelCheck, Description
from hil.waiting import wait_for
from hil.witness import Witness
from hil.works import UNITS, Works

_ABILITIES: Final = frozenset(Ability) - {Ability.PULSES_1KHZ, Ability.BARE}
_READY_S_MAX: Final = 240.0
_DEADLINE_S: Final = 120.0
_LOOK_S: Final = 0.2  # each look costs the guests some of the time that they should scan in
_EVIDENCE_S_MAX: Final = 30.0
_NOT_KEPT: Final = ("*.qcow2", "*.sock", "values")
_Seen = TypeVar("_Seen")


def say_nothing(_: str) -> None:
    pass


class MachineBench(Undertaking):
    """Enter it to have both guests up and commissioned, without the product's service.

    `cold`: they boot, instead of going on from a saved state. `say` is told of steps that take
    time.
    """

    def __init__(
        self,
        works: Works | None = None,
        *,
        seed: int = 1,
        cold: bool = False,
        image: BootImage | None = None,
        say: Callable[[str], None] = say_nothing,
    ) -> None:
        super().__init__()
        # The kernel's debounce runs on a timer, which comes late on a starved processor.
        self.works = msgspec.structs.replace(works_for_pair(works), debounce_ms=0)
        self.field = MachineField(self.works, seed)
        self._cold = cold
        self._wanted_image = image
        self._say = say
        self._versions: dict[str, str] = {}

    def _begin(self) -> None:
        self._image = self._wanted_image or read_image()
        saved = None
        if not self._cold:
            saved = saved_disk(self._image, self._image.root.parent, self._say)
        field = self._ends.enter_context(self.field)
        self.gateways = {unit: self._make_gateway(unit, saved) for unit in UNITS}
        self.plant = FieldPlant(field)
        self.pulses = FieldPulses(field)
        self.line = FieldLine(field)
        self.links = field.links
        key = secrets.token_hex(32)
        with ThreadPoolExecutor(len(UNITS)) as both:
            list(both.map(lambda gateway: self._bring_up(gateway, key), self.gateways.values()))
        self._versions = self._read_versions()

    def _make_gateway(self, unit: str, saved: Path | None) -> MachineGateway:
        field = self.field
        folder = field.home(unit) / "machine"
        folder.mkdir()
        disk = folder / "disk.qcow2"
        if saved is None:
            make_overlay(self._image.root, disk)
        else:
            shutil.copyfile(saved, disk)
        connections = field.connections(unit)
        files = self._files(unit, disk, connections)
        emulator = Emulator(files, connections, folder)
        faults = Faults(field.board, field.hub, field.meters, unit)
        gateway = MachineGateway(unit, emulator, faults, field.hub)
        self._ends.callback(gateway.close)
        # From the thread that stays: with it the emulator ends.
        emulator.power_on(restored=saved is not None)
        return gateway

    def _files(self, unit: str, disk: Path, connections: Connections) -> BootFiles:
        return self._image.files(disk, connections, hosts(unit), host_name(unit))

    def _bring_up(self, gateway: MachineGateway, key: str) -> None:
        try:
            self._say(f"{gateway.unit}: waiting for its agent")
            gateway.agent.knock(_READY_S_MAX)
            for device in (GPIO_ID, USB_ID):
                gateway.emulator.plug(device)
            adopt(gateway.agent, gateway.unit, self.field.connections(gateway.unit))
            self._prepare(gateway, key)
        except (OSError, RuntimeError) as error:
            error.add_note(gateway.log_text())
            raise

    def _prepare(self, gateway: MachineGateway, key: str) -> None:
        scratch = self.field.home(gateway.unit) / "site.toml"
        commission(gateway.agent, gateway.unit, self.works, key, scratch)
        self._say(f"{gateway.unit}: commissioned")

    # What it is.

    @property
    def abilities(self) -> frozenset[Ability]:
        return _ABILITIES if self.works.enable_lines else _ABILITIES - {Ability.ENABLE_LINES}

    @property
    def description(self) -> Description:
        servers = "libmodbus, pymodbus" if has_libmodbus() else "pymodbus"
        return Description(
            BenchClass.MACHINE,
            "two emulated machines with Debian and systemd, virtio GPIO, an FTDI adapter and an"
            f" i6300ESB watchdog each; one paced RS-485 line; meters by {servers}",
            self._versions,
        )

    def _read_versions(self) -> dict[str, str]:
        gateway = next(iter(self.gateways.values()))
        return {
            "QEMU": read_version(),
            "image": self._image.key,
            "commit": self._image.commit,
            **self_check.read_versions(gateway),
        }

    # The observer.

    def now_ns(self) -> int:
        return boottime_ns()

    def witness(self) -> Witness:
        return Witness(self.field.bursts.rows(), self._observed(), UNITS)

    def _observed(self) -> Log:
        events = [*self.field.board_events.rows(), *self._resets()]
        return Log(sorted(events, key=lambda event: int(event["t_ns"])))

    def _resets(self) -> list[dict[str, Any]]:
        return [
            {"t_ns": event.t_ns, "event": "watchdog_reset", "unit": unit}
            for unit, gateway in self.gateways.items()
            for event in gateway.emulator.events("WATCHDOG")
        ]

    def wait(
        self, what: str, look: Callable[[], _Seen | None], within_s: float = _DEADLINE_S
    ) -> _Seen:
        return wait_for(what, look, within_s, self._newest_log, _LOOK_S)

    def _newest_log(self) -> str:
        parts = [f"{unit}:\n{each.log_text()[-4000:]}" for unit, each in self.gateways.items()]
        return "\n".join(parts)

    def self_test(self) -> list[ChannelCheck]:
        return self_check.check(self.field, self.gateways)

    def start(self) -> None:
        for gateway in self.gateways.values():
            gateway.start_service()

    def renew(self) -> None:
        for gateway in self.gateways.values():
            if gateway.emulator.is_worn():
                self._say(f"{gateway.unit}: boots in a new emulator")
                gateway.power_off()
                gateway.power_on()

    def keep(self, folder: Path) -> None:
        for gateway in self.gateways.values():
            with contextlib.suppress(TimeoutError, AgentError):
                text = gateway.shell("journalctl --no-pager --boot", _EVIDENCE_S_MAX).text
                (self.field.home(gateway.unit) / "journal.txt").write_text(text)
                self._keep_events(gateway)
        shutil.copytree(self.field.folder, folder, ignore=_not_kept, dirs_exist_ok=True)

    def _keep_events(self, gateway: MachineGateway) -> None:
        """Its own account, in whole."""
        lines = (json.dumps(row) + "\n" for row in gateway.agent.events(0))
        (self.field.home(gateway.unit) / "events.jsonl").write_text("".join(lines))


def _not_kept(folder: str, names: list[str]) -> set[str]:
    """Disks, which are large, and sockets, which a copy would read for ever."""
    by_name = shutil.ignore_patterns(*_NOT_KEPT)(folder, names)
    odd = {name for name in names if not _is_plain(Path(folder, name))}
    return {*by_name, *odd}


def _is_plain(path: Path) -> bool:
    return not path.is_symlink() and (path.is_file() or path.is_dir())
