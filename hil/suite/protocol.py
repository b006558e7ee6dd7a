"""What every bench can be told and asked: the words that scenarios are written in.

A driver makes them true on processes, on emulated machines or on a table. Everything here stands
outside the device under test, but for what a gateway says of itself, which is marked as such.
Instants are CLOCK_BOOTTIME of the bench computer in ns. A step that a bench cannot do raises
:class:`Unable`, which skips the scenario loudly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from hil.suite.ability import Ability, BenchClass
from hil.witness import Witness

Seen = TypeVar("Seen")


class Unable(Exception):  # noqa: N818 -- it is no error
    """This bench can't do that step. `str()` is the whole reason, bench named."""


class Said(msgspec.Struct, frozen=True):
    """What a command on a gateway answered; `text` is both of its outputs."""

    code: int
    text: str


class Status(msgspec.Struct, frozen=True):
    """A gateway's own account of one scan, at `scanned_ns` on the bench's clock."""

    scanned_ns: int
    answer: dict[str, Any]

    @property
    def twin(self) -> dict[str, Any]:
        """Role and peer as the gateway sees them; empty without a twin."""
        return self.answer.get("twin") or {}


class OwnEvent(msgspec.Struct, frozen=True):
    """An entry of a gateway's own journal."""

    kind: str
    subject: str
    severity: str
    facts: dict[str, Any]


class UsbPort(Protocol):
    """The port in which a gateway's serial adapter sits."""

    def pull(self) -> None: ...
    def plug(self) -> None: ...

    def die(self) -> None:
        """The adapter stays enumerated and carries nothing, until its port's power is cycled."""
        ...

    def cycle(self) -> None:
        """Port power off and on, from outside: heals what has died."""
        ...

    def hang(self) -> None:
        """As :meth:`die`, until its own machine switches it off and on; `follow` carries that."""
        ...

    def follow(self) -> bool:
        """Revives what hangs if its machine has switched it off since, and says whether."""
        ...


class BusEnd(Protocol):
    """A gateway's end of the meter line. All with `on` false mend."""

    def cut(self, *, on: bool) -> None:
        """Its cable off the line, which lives on."""
        ...

    def deafen(self, *, on: bool) -> None:
        """It hears nothing; it can still drive."""
        ...


class Gateway(Protocol):
    """One gateway of the pair: its power, its machine, its software, what it says of itself."""

    @property
    def unit(self) -> str: ...
    @property
    def usb(self) -> UsbPort: ...
    @property
    def bus(self) -> BusEnd: ...

    # Power and machine.
    def power_off(self) -> None:
        """The plug is pulled: at once, no farewell."""
        ...

    def power_on(self) -> None:
        """Boots, and its service starts; returns at once. No effect on one that is on."""
        ...

    def press_power_key(self) -> None:
        """Once, shortly: what its system makes of it is its own affair."""
        ...

    def hang(self) -> None:
        """All of the product's processes stop in their tracks; the watchdog is not stopped."""
        ...

    def wake(self) -> None:
        """What :meth:`hang` stopped goes on, if it still is there."""
        ...

    def crash_kernel(self) -> None: ...

    # Software.
    def kill_control(self) -> None:
        """SIGKILL to the control process alone; its service starts it again."""
        ...

    def stop_service(self) -> None:
        """As an operator stops the service, in order; it stays stopped."""
        ...

    def start_service(self) -> None: ...

    def shell(self, command: str, within_s: float = 60.0) -> Said:
        """A command line on the gateway, as root. Raises TimeoutError."""
        ...

    def denban(self, *arguments: str) -> Said:
        """`denban ARGUMENTS...` on the gateway, without a terminal."""
        ...

    def fill_disk(self, *, on: bool) -> None: ...

    def step_clock(self, difference_s: float) -> None:
        """Its wall clock apart from the true one by so much; 0 sets it right."""
        ...

    # Its own account.
    def status(self) -> Status | None:
        """None while it does not answer."""
        ...

    def order(self, kind: str, **fields: Any) -> dict[str, Any]:
        """An order at its desk: `override`, `handover`, `limit`… Raises OSError without answer."""
        ...

    def fresh_events(self) -> list[OwnEvent]:
        """Its journal since the last call."""
        ...

    def log_text(self) -> str:
        """Console, service log: for a failed run's evidence."""
        ...


class Plant(Protocol):
    """What the loads and the base load of the works draw."""

    def stop(self) -> None:
        """Nothing draws power."""
        ...

    def run(self, base_kw: float) -> None: ...
    def set_base_kw(self, base_kw: float) -> None: ...

    def import_uwh(self) -> int:
        """What the incomer has really taken since the bench began."""
        ...


class Pulses(Protocol):
    """The meter's pulse contact, wired to both gateways."""

    def send(self, count: int, rate_hz: float) -> None:
        """Add pulses to what the plant makes; 0 Hz: as fast as they are taken, none lost on the
        way. Returns at once; `made_count` tells when they are through.
        """
        ...

    def made_count(self) -> int: ...

    def break_wire(self, *, on: bool) -> None: ...


class MeterLine(Protocol):
    """The RS-485 line. All with `on` false mend."""

    def short(self, *, on: bool) -> None: ...

    def noise(self, probability: float) -> None:
        """The chance of each bit to flip; 0 ends it."""
        ...

    def silence_meter(self, name: str, *, on: bool) -> None: ...

    def speak(self, sent: bytes) -> None:
        """Somebody else on the line: another master's query, or rubbish."""
        ...


class Links(Protocol):
    """The network paths between the two, `net0` and `net1`; unnamed means all, both ways."""

    def cut(
        self, path: str | None = None, sender: str | None = None, *, on: bool = True
    ) -> None: ...

    def impair(self, path: str | None = None, sender: str | None = None, **wanted: float) -> None:
        """`loss_ratio`, `duplicate_ratio`, `delay_ms`, `jitter_ms`; what is not named is mended."""
        ...


class ChannelCheck(msgspec.Struct, frozen=True):
    """A channel of the bench tried before a run: driven at one end, seen at the other."""

    channel: str
    ok: bool
    note: str = ""


class Description(msgspec.Struct, frozen=True):
    """What a report says of the bench: its class, what it is made of, the versions in it."""

    bench_class: BenchClass
    text: str
    versions: dict[str, str]


class Bench(Protocol):
    """Two gateways, what they are wired to, and an observer that is neither of them."""

    @property
    def description(self) -> Description: ...
    @property
    def abilities(self) -> frozenset[Ability]: ...
    @property
    def gateways(self) -> Mapping[str, Gateway]: ...
    @property
    def plant(self) -> Plant: ...
    @property
    def pulses(self) -> Pulses: ...
    @property
    def line(self) -> MeterLine: ...
    @property
    def links(self) -> Links: ...

    def now_ns(self) -> int: ...

    def witness(self) -> Witness:
        """Queries on the line, moves of relays, resets and enable lines until now, as seen from
        outside.
        """
        ...

    def wait(self, what: str, look: Callable[[], Seen | None], within_s: float = ...) -> Seen:
        """The first result of `look` that is not None, False or empty. Raises TimeoutError."""
        ...

    def self_test(self) -> list[ChannelCheck]:
        """Try every channel, with the gateways' software not yet started."""
        ...

    def start(self) -> None:
        """Both gateways on, their services started."""
        ...

    def renew(self) -> None:
        """Before a scenario begins: what wears out with use is made new, whatever that disturbs."""
        ...

    def keep(self, folder: Path) -> None:
        """Copy what the run left (logs, journals, consoles) to `folder`, as evidence."""
        ...
