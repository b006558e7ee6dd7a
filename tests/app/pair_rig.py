"""Two gateways in one process: real twin, decisions and link over loopback addresses; line, relays
and clock are the test's. Each `scan` is one period of both.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.app import pairing
from edge.app.conditions import Conditions
from edge.app.continued import Continued
from edge.app.pair import PairDuty
from edge.config.codec import CompiledSite
from edge.config.load import load_site
from edge.core.controller import Controller, new_state
from edge.model.event import Event
from edge.model.order import Order, TwinOrder
from edge.model.scan import (
    AlarmOutputs,
    BusSample,
    ClockTrust,
    HealthSample,
    PulseSample,
    RelayCommand,
    ScanInputs,
)
from edge.model.twin import Role, TwinMemory
from edge.model.units import NS_PER_MS, NS_PER_S
from edge.peer.link import PeerLink
from tests.app.pair_parts import (
    KITA,
    MINAMI,
    PULSE_UWH,
    SITE,
    START_NS,
    START_UTC_NS,
    FakeHerald,
    FakeWorker,
    override,
    write_key,
)
from tests.peer.ends import SCAN_NS, TestClock, free_port


class Unit:
    """One gateway's control process. `is_frozen`: it does not scan; `is_cut`: it hears no beat;
    `is_dark`: its own sources give nothing.
    """

    def __init__(self, plant: Plant, name: str, text: str = SITE, **given: object) -> None:
        self.plant = plant
        self.name = name
        self.folder = plant.folder / name
        self.folder.mkdir(exist_ok=True)
        path = self.folder / "site.toml"
        path.write_text(text.format(folder=plant.folder, port=plant.port))
        loaded = load_site(path)
        twin = loaded.io.twin
        assert twin is not None
        key_file = str(given.get("key_file", twin.key_file))
        io = replace(loaded.io, twin=replace(twin, key_file=key_file))
        self.site = CompiledSite(loaded.spec, io, loaded.digest, loaded.warnings)
        self.worker = FakeWorker()
        self.enable = given.get("enable")
        _, peer = sorted(loaded.io.units, key=lambda each: each.name != name)
        self.herald = FakeHerald((peer.addresses[0], plant.port))
        self.is_frozen = self.is_cut = self.is_dark = False
        self.health: tuple[HealthSample, ...] = ()
        self.relay_faults: tuple[str, ...] = ()
        self.buses: tuple[BusSample, ...] = ()
        self._conditions = Conditions()
        self.orders: list[Order | TwinOrder] = []
        self.events: list[Event] = []
        self.standing: dict[str, HealthSample] = {}
        self.scans: list[tuple[Role, tuple[RelayCommand, ...], AlarmOutputs]] = []
        self.adoptions: list[int] = []
        controller = given.get("controller") or Controller(loaded.spec, new_state(), plant.now_ns)
        relays = given.get("relays") or tuple(
            RelayCommand(each.load, shed=False) for each in loaded.io.relays
        )
        self.duty: PairDuty = pairing.build_pair(
            self.site,
            name,
            Continued(controller, twin=given.get("memory") or TwinMemory()),  # type: ignore[arg-type]
            (self.worker, *given.get("more", ())),  # type: ignore[arg-type, misc, attr-defined]
            self.enable,  # type: ignore[arg-type]
            self.herald,  # type: ignore[arg-type]
            relays,  # type: ignore[arg-type]
            plant.now_ns,
        )

    @property
    def role(self) -> Role:
        return self.scans[-1][0] if self.scans else Role.BOOT

    @property
    def sheds(self) -> list[str]:
        """Loads that this unit's relays shed now."""
        return [command.load for command in self.scans[-1][1] if command.shed]

    @property
    def link(self) -> PeerLink:
        return self.duty._link

    @property
    def lamps(self) -> AlarmOutputs:
        return self.scans[-1][2]

    def moves(self, since: int = 0) -> list[list[str]]:
        """What was shed, one entry for each change, from the scan `since` on."""
        seen: list[list[str]] = []
        for _, relays, _ in self.scans[since:]:
            sheds = [command.load for command in relays if command.shed]
            if not seen or seen[-1] != sheds:
                seen.append(sheds)
        return seen

    def roles(self) -> list[Role]:
        """One entry for each change."""
        return [role for role, _ in itertools.groupby(role for role, _, _ in self.scans)]

    def refusals(self, subject: str = "order") -> list[object]:
        return [event.facts["why"] for event in self.events if event.subject == subject]

    def scan(self) -> None:
        """As the loop of the control process does it."""
        now_ns, utc_ns = self.plant.now_ns, self.plant.now_ns - START_NS + START_UTC_NS
        if self.is_cut:
            for path in self.link._paths:
                path.receive(now_ns)
        self.duty.begin(now_ns, utc_ns)
        for sample in (*self.duty.conditions, *self.health):
            self._conditions.say(sample.name, sample.text, severe=sample.severe)
            if sample.text:
                self.standing[sample.name] = sample
            else:
                self.standing.pop(sample.name, None)
        given, self.orders = self.orders, []
        orders = self.duty.route(given)
        pulse = PulseSample("incomer", 1, self.plant.pulses, now_ns - 10 * NS_PER_MS)
        inputs = ScanInputs(
            now_ns,
            utc_ns,
            ClockTrust.NTP,
            () if self.is_dark else (pulse,),
            buses=self.buses,
            orders=orders,
            relay_faults=self.relay_faults,
            health=self._conditions.changes(),
        )
        outputs = self.duty.decide(inputs)
        role = Role(self.duty.status().role)  # type: ignore[union-attr]
        self.scans.append((role, outputs.relays, outputs.alarms))
        self.events += outputs.events
        if self.duty.adopted is not None:
            self.adoptions.append(now_ns)
        self.duty.finish(now_ns)

    def close(self, *, crashed: bool = False) -> None:
        self.duty.close(crashed=crashed)


class Plant:
    """The site: its power, its one line, the time. `units` are those that run."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.port = free_port("127.0.1.1")
        write_key(folder / "twin.key")
        self.clock = TestClock(START_NS)
        self.power_w = 400e3
        self._uwh = 0.0
        self.units: dict[str, Unit] = {}
        self._all: list[Unit] = []
        timely = functools.partial(PeerLink, clock=self.clock)
        monkeypatch.setattr(pairing, "PeerLink", timely)

    @property
    def now_ns(self) -> int:
        return self.clock.now_ns

    @property
    def pulses(self) -> int:
        return int(self._uwh // PULSE_UWH)

    def start(self, name: str, text: str = SITE, **given: object) -> Unit:
        unit = self.units[name] = Unit(self, name, text, **given)
        self._all.append(unit)
        return unit

    def kill(self, unit: Unit) -> None:
        """Without a word; its line falls silent."""
        del self.units[unit.name]
        unit.close()

    def crash(self, unit: Unit) -> None:
        """Its herald says so."""
        del self.units[unit.name]
        unit.close(crashed=True)

    def scan(self, count: int = 1) -> None:
        for _ in range(count):
            self.clock.now_ns += SCAN_NS
            self._uwh += self.power_w * 1e6 * SCAN_NS / (3600 * NS_PER_S)
            for unit in self.units.values():
                if not unit.is_frozen:
                    unit.scan()
            for unit in self.units.values():
                self._poll(unit)

    def run(self, seconds: float) -> None:
        self.scan(round(seconds * NS_PER_S / SCAN_NS))

    def until(self, unit: Unit, role: Role, limit_s: float = 10) -> float:
        """Scans until `unit` has `role`; gives the seconds that it took."""
        begin_ns = self.now_ns
        while unit.role is not role:
            self.scan()
            assert self.now_ns - begin_ns < limit_s * NS_PER_S, f"never {role}: {unit.role}"
        return (self.now_ns - begin_ns) / NS_PER_S

    def stop(self, unit: Unit) -> int:
        """Tell it to stop; gives the scans until it may. It scans on if it is not killed."""
        for scans in range(40):
            if unit.duty.may_end(True):
                return scans
            self.scan()
        raise AssertionError("it never ends")

    def settle(self, text: str = SITE) -> tuple[Unit, Unit]:
        """EG-KITA on duty, EG-MINAMI in standby and ready."""
        kita, minami = self.start(KITA, text), self.start(MINAMI, text)
        self.run(6)
        assert (kita.role, minami.role) == (Role.ACTIVE, Role.STANDBY)
        return kita, minami

    def settle_shed(self, seconds: int = 3600) -> tuple[Unit, Unit]:
        """Settled, and both loads shed by hand for `seconds`."""
        kita, minami = self.settle()
        kita.orders = [override("chiller", seconds), override("fan", seconds)]
        self.run(6)
        assert kita.sheds == minami.sheds == ["chiller", "fan"]
        return kita, minami

    def close(self) -> None:
        for unit in self._all:
            unit.close()

    def _poll(self, unit: Unit) -> None:
        if unit.worker.lease_until_ns <= self.now_ns:
            return
        at_ns = self.now_ns + 10 * NS_PER_MS
        seen = unit.worker.seen
        unit.worker.seen = replace(
            seen,
            asked_mono_ns=at_ns,
            proof_mono_ns=at_ns + 20 * NS_PER_MS,
            sent_count=seen.sent_count + 1,
        )
        for other in self._others(unit):
            heard = other.worker.seen
            other.worker.seen = replace(
                heard, twin_mono_ns=at_ns, heard_count=heard.heard_count + 1
            )

    def _others(self, unit: Unit) -> Iterable[Unit]:
        return (each for each in self.units.values() if each is not unit)
