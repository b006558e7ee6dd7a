"""The bench as scenarios get it: any driver's, with every stimulus written into the diary.

It has the protocol's shape, so a verb that is added there has to be noted here, and a driver need
not think of it. A fault that was begun can be mended by the diary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from hil.suite.ability import Ability
from hil.suite.diary import Diary
from hil.suite.noted_ends import NotedBusEnd, NotedUsb
from hil.suite.protocol import (
    Bench,
    ChannelCheck,
    Description,
    Gateway,
    Links,
    MeterLine,
    OwnEvent,
    Plant,
    Pulses,
    Said,
    Status,
)
from hil.waiting import DEADLINE_S
from hil.witness import Witness

LINE = "line"
LINKS = "links"
PLANT = "plant"
PULSES = "pulses"
_Seen = TypeVar("_Seen")


class NotedGateway:
    """Its lane is the unit's name."""

    def __init__(self, gateway: Gateway, diary: Diary) -> None:
        self._gateway, self._diary = gateway, diary
        self.unit = gateway.unit
        self.usb = NotedUsb(gateway.usb, self.unit, diary)
        self.bus = NotedBusEnd(gateway.bus, self.unit, diary)

    def __repr__(self) -> str:
        return self.unit

    def _mark(self, text: str) -> None:
        self._diary.mark(self.unit, text)

    def _fault(self, text: str, mend: Callable[[], object], *, on: bool) -> None:
        self._diary.fault(self.unit, text, mend, on=on)

    def power_off(self) -> None:
        self._fault("without power", self.power_on, on=True)
        self._gateway.power_off()

    def power_on(self) -> None:
        self._gateway.power_on()
        self._fault("without power", self.power_on, on=False)

    def press_power_key(self) -> None:
        self._mark("power key pressed")
        self._gateway.press_power_key()

    def hang(self) -> None:
        self._mark("hangs")
        self._gateway.hang()

    def wake(self) -> None:
        self._mark("wakes")
        self._gateway.wake()

    def crash_kernel(self) -> None:
        self._mark("kernel panics")
        self._gateway.crash_kernel()

    def kill_control(self) -> None:
        self._mark("control process killed")
        self._gateway.kill_control()

    def stop_service(self) -> None:
        self._fault("service stopped", self.start_service, on=True)
        self._gateway.stop_service()

    def start_service(self) -> None:
        self._gateway.start_service()
        self._fault("service stopped", self.start_service, on=False)

    def shell(self, command: str, within_s: float = 60.0) -> Said:
        self._mark(command)
        return self._gateway.shell(command, within_s)

    def denban(self, *arguments: str) -> Said:
        self._mark(" ".join(("denban", *arguments)))
        return self._gateway.denban(*arguments)

    def fill_disk(self, *, on: bool) -> None:
        self._fault("disk full", lambda: self.fill_disk(on=False), on=on)
        self._gateway.fill_disk(on=on)

    def step_clock(self, difference_s: float) -> None:
        self._mark(f"clock {difference_s:+g} s off")
        self._fault("clock wrong", lambda: self.step_clock(0.0), on=difference_s != 0)
        self._gateway.step_clock(difference_s)

    def status(self) -> Status | None:
        return self._gateway.status()

    def order(self, kind: str, **fields: Any) -> dict[str, Any]:
        said = " ".join(f"{name}={value}" for name, value in fields.items())
        self._mark(f"order: {kind} {said}".rstrip())
        return self._gateway.order(kind, **fields)

    def fresh_events(self) -> list[OwnEvent]:
        return self._gateway.fresh_events()

    def log_text(self) -> str:
        return self._gateway.log_text()


class NotedPlant:
    def __init__(self, plant: Plant, diary: Diary) -> None:
        self._plant, self._diary = plant, diary

    def stop(self) -> None:
        self._diary.mark(PLANT, "draws nothing")
        self._plant.stop()

    def run(self, base_kw: float) -> None:
        self._diary.mark(PLANT, f"runs, base load {base_kw:g} kW")
        self._plant.run(base_kw)

    def set_base_kw(self, base_kw: float) -> None:
        self._diary.mark(PLANT, f"base load {base_kw:g} kW")
        self._plant.set_base_kw(base_kw)

    def import_uwh(self) -> int:
        return self._plant.import_uwh()


class NotedPulses:
    def __init__(self, pulses: Pulses, diary: Diary) -> None:
        self._pulses, self._diary = pulses, diary

    def send(self, count: int, rate_hz: float) -> None:
        pace = f"at {rate_hz:g} Hz" if rate_hz else "in a burst"
        self._diary.mark(PULSES, f"{count} pulses {pace}")
        self._pulses.send(count, rate_hz)

    def made_count(self) -> int:
        return self._pulses.made_count()

    def break_wire(self, *, on: bool) -> None:
        self._diary.fault(PULSES, "wire broken", lambda: self.break_wire(on=False), on=on)
        self._pulses.break_wire(on=on)


class NotedLine:
    def __init__(self, line: MeterLine, diary: Diary) -> None:
        self._line, self._diary = line, diary

    def short(self, *, on: bool) -> None:
        self._diary.fault(LINE, "shorted", lambda: self.short(on=False), on=on)
        self._line.short(on=on)

    def noise(self, probability: float) -> None:
        self._diary.fault(LINE, "noise", lambda: self.noise(0.0), on=probability > 0)
        self._line.noise(probability)

    def silence_meter(self, name: str, *, on: bool) -> None:
        def mend() -> None:
            self.silence_meter(name, on=False)

        self._diary.fault(LINE, f"meter {name} silent", mend, on=on)
        self._line.silence_meter(name, on=on)

    def speak(self, sent: bytes) -> None:
        self._diary.mark(LINE, f"somebody else sends {len(sent)} bytes")
        self._line.speak(sent)


class NotedLinks:
    def __init__(self, links: Links, diary: Diary) -> None:
        self._links, self._diary = links, diary

    def cut(self, path: str | None = None, sender: str | None = None, *, on: bool = True) -> None:
        """Mending all of them ends whatever was cut."""
        everything = path is None and sender is None
        texts = [f"{_place(path, sender)} cut"]
        if everything and not on:
            texts = self._diary.holding(LINKS, " cut")
        for text in texts:
            self._diary.fault(LINKS, text, lambda: self.cut(path, sender, on=False), on=on)
        self._links.cut(path, sender, on=on)

    def impair(self, path: str | None = None, sender: str | None = None, **wanted: float) -> None:
        def mend() -> None:
            self.impair(path, sender)

        said = ", ".join(f"{name} {value:g}" for name, value in wanted.items())
        if wanted:
            self._diary.mark(LINKS, f"{_place(path, sender)}: {said}")
        self._diary.fault(LINKS, f"{_place(path, sender)} bad", mend, on=bool(wanted))
        self._links.impair(path, sender, **wanted)


def _place(path: str | None, sender: str | None) -> str:
    return f"{path or 'all paths'}{f' from {sender}' if sender else ''}"


class NotedBench:
    """`bench` has been entered; what only looks goes straight through."""

    def __init__(self, bench: Bench, diary: Diary) -> None:
        self._bench = bench
        self.gateways: Mapping[str, NotedGateway] = {
            unit: NotedGateway(gateway, diary) for unit, gateway in bench.gateways.items()
        }
        self.plant = NotedPlant(bench.plant, diary)
        self.pulses = NotedPulses(bench.pulses, diary)
        self.line = NotedLine(bench.line, diary)
        self.links = NotedLinks(bench.links, diary)

    @property
    def description(self) -> Description:
        return self._bench.description

    @property
    def abilities(self) -> frozenset[Ability]:
        return self._bench.abilities

    def now_ns(self) -> int:
        return self._bench.now_ns()

    def witness(self) -> Witness:
        return self._bench.witness()

    def wait(
        self, what: str, look: Callable[[], _Seen | None], within_s: float = DEADLINE_S
    ) -> _Seen:
        return self._bench.wait(what, look, within_s)

    def self_test(self) -> list[ChannelCheck]:
        return self._bench.self_test()

    def start(self) -> None:
        self._bench.start()

    def renew(self) -> None:
        self._bench.renew()

    def keep(self, folder: Path) -> None:
        self._bench.keep(folder)


if TYPE_CHECKING:

    def _has_every_verb(bench: NotedBench) -> Bench:
        return bench
