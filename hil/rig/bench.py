"""The suite's driver for a table: two real gateways, two Picos, relays, a line and a network.

It translates the suite's words and makes up what this table is able to do from its rig file; what
the gateways do is seen by the board (:mod:`hil.rig.board`), never by themselves.
"""

from __future__ import annotations

import platform
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hil import works as wiring
from hil.boottime import boottime_ns
from hil.launch import BenchProcess
from hil.lifetime import Undertaking
from hil.network.network import TWIN_PORT
from hil.observer import Log
from hil.pair import works_for_pair
from hil.rig import check
from hil.rig.config import RigConfig
from hil.rig.gateway import RigGateway
from hil.rig.links import NetemLinks
from hil.rig.power import Relays, open_relays
from hil.rig.ssh import Remote
from hil.site import SitePaths, Twin, write_site
from hil.suite.ability import Ability, BenchClass
from hil.suite.protocol import ChannelCheck, Description, Unable
from hil.tail import Tail
from hil.waiting import DEADLINE_S, wait_for
from hil.witness import Witness
from hil.works import FEEDER, UNITS, Works

_ALWAYS = {Ability.OWN_KERNEL, Ability.SERVICES, Ability.DISK, Ability.CLOCK, Ability.PULSES_1KHZ}
_METER_IDS = {
    "incomer": wiring.INCOMER_METER["unit_id"],
    "chillers": wiring.CHILLERS_METER["unit_id"],
}
_Seen = TypeVar("_Seen")


class RigPlant:
    def __init__(self, board: BenchProcess) -> None:
        self._board = board

    def stop(self) -> None:
        self.set_base_kw(0)
        self._trip(on=True)

    def run(self, base_kw: float) -> None:
        self._trip(on=False)
        self.set_base_kw(base_kw)

    def _trip(self, *, on: bool) -> None:
        for name in wiring.LOADS:
            self._board.order("load_trip", name=name, on=on)

    def set_base_kw(self, base_kw: float) -> None:
        self._board.order("plant_set", name="base_w", value_w=base_kw * 1000)

    def import_uwh(self) -> int:
        return int(self._board.order("snapshot")["import_uwh"][FEEDER])


class RigPulses:
    def __init__(self, board: BenchProcess) -> None:
        self._board = board

    def send(self, count: int, rate_hz: float) -> None:
        """A burst is as fast as the rig file says: a wire gives no back-pressure."""
        self._board.order("pulses", count=count, rate_hz=rate_hz)

    def made_count(self) -> int:
        return int(self._board.order("snapshot")["pulses"][FEEDER]["pulses_count"])

    def break_wire(self, *, on: bool) -> None:
        self._board.order("break_pulse", on=on)


class RigLine:
    def __init__(
        self,
        board: BenchProcess,
        meters: BenchProcess,
        relays: Relays | None,
        short_relay: int | None,
    ) -> None:
        self._board = board
        self._meters = meters
        self._relays = relays
        self._short_relay = short_relay

    def short(self, *, on: bool) -> None:
        if self._relays is None or self._short_relay is None:
            raise Unable("rig: no line.short_relay in the rig file")
        self._board.order("shorted", on=on)
        self._relays.energise(self._short_relay, on=on)

    def noise(self, probability: float) -> None:
        if probability:
            raise Unable("rig: cannot flip bits on a real line")

    def silence_meter(self, name: str, *, on: bool) -> None:
        self._meters.order("silence", unit=_METER_IDS[name], on=on)

    def speak(self, sent: bytes) -> None:
        self._board.order("speak", sent=sent.hex())


class RigBench(Undertaking):
    """Enter it to have all that is up, the gateways' power on and their software stopped."""

    def __init__(self, works: Works | None, rig_file: Path) -> None:
        super().__init__()
        self.works = works_for_pair(works)
        self.config = RigConfig.read(rig_file)

    def _begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="denban-"))
        self._ends.callback(shutil.rmtree, self.folder, ignore_errors=True)
        relays = self._open_relays()
        self.board = self._start("hil.rig.board", "board", self._board_config())
        meters = self._start("hil.meters.pymodbus_server", "meters", self._meters_config())
        self._bursts = Tail(self.folder / "bus.jsonl")
        self._events = Tail(self.folder / "board.log")
        self.plant = RigPlant(self.board)
        self.pulses = RigPulses(self.board)
        self.line = RigLine(self.board, meters, relays, self.config.line.short_relay)
        self.links = NetemLinks(self.config.links)
        self._ends.callback(self.links.mend)
        self.gateways: Mapping[str, RigGateway] = {
            unit: self._make_gateway(unit, relays) for unit in UNITS
        }
        self._prepare()

    def _open_relays(self) -> Relays | None:
        if self.config.relays is None:
            return None
        relays = open_relays(self.config.relays)
        self._ends.callback(relays.close)
        return relays

    def _start(self, module: str, name: str, config: dict[str, Any]) -> BenchProcess:
        config["orders"] = str(self.folder / f"{name}.sock")
        process = BenchProcess(module, self.folder / f"{name}.json", config)
        self._ends.callback(process.close)
        return process

    def _board_config(self) -> dict[str, Any]:
        return {
            "rig": msgspec.to_builtins(self.config),
            "works": msgspec.to_builtins(self.works),
            "log": str(self.folder / "board.log"),
            "bus_log": str(self.folder / "bus.jsonl"),
            "values": str(self.folder / "values"),
        }

    def _meters_config(self) -> dict[str, Any]:
        return {
            "values": str(self.folder / "values"),
            "line": {"kind": "serial", "port": self.config.line.meters},
            "units": [wiring.INCOMER_METER, wiring.CHILLERS_METER],
        }

    def _make_gateway(self, unit: str, relays: Relays | None) -> RigGateway:
        config = self.config.gateway[unit]
        remote = Remote(config.host, self.config.ssh, self.folder)
        self._ends.callback(remote.close)
        where = self.config.installed
        return RigGateway(unit, config, where, relays, remote, self.board.order)

    def _prepare(self) -> None:
        where = self.config.installed
        gateways = self.config.gateway
        paths = SitePaths(
            Path(where.serial_port), Path(where.socket), Path(where.store), Path(where.plans)
        )
        twin = Twin(
            {unit: gateways[unit].addresses for unit in UNITS},
            Path(where.key_file),
            TWIN_PORT,
            tuple(gateways[unit].hardware_serial for unit in UNITS),
        )
        site = self.folder / "site.toml"
        write_site(site, self.works, paths, twin)
        key = f"1 {secrets.token_hex(32)} # bench\n"
        for gateway in self.gateways.values():
            gateway.prepare(site.read_text(), key)

    # What the suite asks.

    @property
    def abilities(self) -> frozenset[Ability]:
        gateways = self.config.gateway.values()
        has_bus_relays = all(each.bus_relay is not None for each in gateways)
        has_usb = all(each.usb is not None for each in gateways)
        links = bool(self.config.links)
        found = {
            Ability.POWER: all(each.power_relay is not None for each in gateways),
            Ability.POWER_KEY: False,
            Ability.USB: has_usb,
            Ability.USB_POWER: has_usb and has_bus_relays,
            Ability.USB_SWITCHED: False,
            Ability.LINKS: links,
            Ability.IMPAIRED_LINKS: links,
            Ability.ENABLE_LINES: self.works.enable_lines
            and all(each.observed.enable is not None for each in gateways),
        }
        return frozenset(_ALWAYS | {ability for ability, has in found.items() if has})

    @property
    def description(self) -> Description:
        clocks = self.board.order("clocks")
        versions = {f"Pico {each['role']}": each["serial"] for each in self.board.ready}
        for unit, gateway in self.gateways.items():
            versions[unit] = gateway.shell("uname -r").text.strip()
        error_us = clocks["observer"]["error_ns"] / 1000
        return Description(
            BenchClass.RIG,
            f"{self.config.name}: two gateways on a table, two Picos, a plant and meters played by"
            f" the bench computer; what the observer stamps is right to {error_us:.0f} us",
            {"kernel": platform.release(), "Python": platform.python_version(), **versions},
        )

    def now_ns(self) -> int:
        return boottime_ns()

    def witness(self) -> Witness:
        return Witness(self._bursts.rows(), Log(self._events.rows()), UNITS)

    def wait(
        self, what: str, look: Callable[[], _Seen | None], within_s: float = DEADLINE_S
    ) -> _Seen:
        return wait_for(what, look, within_s)

    def self_test(self) -> list[ChannelCheck]:
        return check.check(self)

    def start(self) -> None:
        for gateway in self.gateways.values():
            gateway.power_on()

    def renew(self) -> None:
        """Nothing of it wears out."""

    def keep(self, folder: Path) -> None:
        """Logs of the bench, and of the gateways where they can be reached."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("board.log", "bus.jsonl", "site.toml"):
            shutil.copy(self.folder / name, folder)
        for unit, gateway in self.gateways.items():
            (folder / f"{unit}.log").write_text(gateway.log_text())
