"""The rig file: which device is where on this table, and which channel is wired to what.

Read strictly: what is not known is refused. hil/rig.example.toml has every key with a comment.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hil.works import LOADS, UNITS

_OBSERVER_PINS = range(22)


class Observed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The observer's GPIO by channel; each conducts while the thing is on. `relays` by load."""

    relays: dict[str, int]
    driver_enable: int
    alive: int
    enable: int | None = None

    def pins(self) -> list[int]:
        found = [*self.relays.values(), self.driver_enable, self.alive]
        return found if self.enable is None else [*found, self.enable]


class UsbHub(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The switching hub at the gateway, as its uhubctl names it."""

    location: str
    port: int


class GatewayConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Relay channels are those of the power board; `addresses` path by path, for heartbeats."""

    host: str
    hardware_serial: str
    addresses: list[str]
    observed: Observed
    power_relay: int | None = None
    bus_relay: int | None = None
    usb: UsbHub | None = None


class Installed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the product is on both gateways, alike. `units`: systemd's units, as a pattern."""

    serial_port: str
    site: str = "/etc/denban/site.toml"
    key_file: str = "/etc/denban/twin.key"
    store: str = "/var/lib/denban"
    plans: str = "/var/lib/denban/plans"
    socket: str = "/run/denban/control"
    service: str = "denban.service"
    units: str = "denban*"


class StimulusConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stimulating Pico. `feedbacks` by load."""

    port: str
    pulse: int
    feedbacks: dict[str, int]
    pulse_width_ms: float = 30.0
    burst_hz: float = 100.0


class ObserverConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    port: str


class LineConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two adapters of the bench's own on the meter line."""

    tap: str
    meters: str
    short_relay: int | None = None


class SerialRelays(msgspec.Struct, tag_field="kind", tag="lcus", frozen=True,
                   forbid_unknown_fields=True):  # fmt: skip
    """A USB relay board of the LCUS kind."""

    port: str


class GpioRelays(msgspec.Struct, tag_field="kind", tag="gpio", frozen=True,
                 forbid_unknown_fields=True):  # fmt: skip
    """Relays at the bench computer's own GPIO, where that is a Raspberry Pi; pins by channel."""

    pins: list[int]
    active_high: bool = True


class RigConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`links`: by path, the bench's network port towards each unit. `ssh`: further options."""

    name: str
    stimulus: StimulusConfig
    observer: ObserverConfig
    line: LineConfig
    installed: Installed
    gateway: dict[str, GatewayConfig]
    relays: SerialRelays | GpioRelays | None = None
    links: dict[str, dict[str, str]] = {}
    ssh: list[str] = []

    @classmethod
    def read(cls, path: Path) -> RigConfig:
        """Raises ValueError that says where and what is wrong."""
        try:
            config = msgspec.convert(tomllib.loads(path.read_text()), cls)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise ValueError(f"{path}: {error}; not started; see hil/rig.example.toml") from None
        problems = list(config.problems())
        if problems:
            raise ValueError("\n".join(f"{path}: {each}; not started" for each in problems))
        return config

    def problems(self) -> Iterator[str]:
        """What is well-formed and wrong all the same."""
        if sorted(self.gateway) != sorted(UNITS):
            yield f"gateway: got {', '.join(self.gateway)}, need {', '.join(UNITS)}"
        for path, ports in self.links.items():
            if sorted(ports) != sorted(UNITS):
                yield f"links.{path}: got {', '.join(ports)}, need {', '.join(UNITS)}"
        taken: dict[int, str] = {}
        for unit, gateway in self.gateway.items():
            yield from self._gateway_problems(unit, gateway, taken)

    def _gateway_problems(
        self, unit: str, gateway: GatewayConfig, taken: dict[int, str]
    ) -> Iterator[str]:
        where = f"gateway.{unit}"
        if sorted(gateway.observed.relays) != sorted(LOADS):
            got = ", ".join(gateway.observed.relays)
            yield f"{where}.observed.relays: got {got}, need {', '.join(LOADS)}"
        for pin in gateway.observed.pins():
            if pin not in _OBSERVER_PINS or pin in taken:
                why = f"also {taken[pin]}" if pin in taken else "no such input"
                yield f"{where}.observed: got pin {pin} ({why}), need one of its own, 0 to 21"
            taken[pin] = where
        if self.relays is None and (gateway.power_relay or gateway.bus_relay):
            yield f"{where}: a relay's channel, but no [relays]"
