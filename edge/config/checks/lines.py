"""Meter lines and who is on them, and the two gateways' addresses: nothing is used twice."""

from __future__ import annotations

import ipaddress
import re

from edge.config.findings import Findings
from edge.config.locate import Path
from edge.config.sections.metering import Bus, RtuBus
from edge.config.site import Site
from edge.config.spelling import nearest

_UNITS_MAX = 2
# Names that the kernel gives in the order of plugging.
_UNSTABLE_PORT = re.compile(r"/dev/tty(USB|ACM)\d+")


class _Once:
    """Refuses the second use of a thing, and says where the first one is.

    What is doubtful is not used.
    """

    def __init__(self, what: str, findings: Findings) -> None:
        self._what = what
        self._findings = findings
        self._first: dict[object, str] = {}

    def use(
        self, thing: object, path: Path, got: str, owner: str, rests_on: tuple[Path, ...] = ()
    ) -> None:
        if self._findings.doubtful(path, *rests_on):
            return
        if thing in self._first:
            self._findings.refuse(
                path, self._what, got=got, need=f"not that of {self._first[thing]}"
            )
        self._first.setdefault(thing, owner)


def check_lines(site: Site, findings: Findings) -> None:
    """Refuse shared ports and unit ids, and meters on no known line."""
    ports = _Once("port is used twice", findings)
    for name, bus in site.bus.items():
        key = "port" if isinstance(bus, RtuBus) else "host"
        ports.use(
            _endpoint(bus),
            ("bus", name, key),
            _endpoint(bus),
            f"bus.{name}",
            rests_on=(("bus", name, "tcp_port"),),
        )
        if isinstance(bus, RtuBus):
            _check_port(bus.port, ("bus", name, "port"), findings)
        if not any(meter.bus == name for meter in site.meter.values()):
            findings.warn(
                ("bus", name),
                "line without meters",
                effect="nothing is polled on it",
                next_step="add [meter.NAME] or remove it",
            )
    if site.twin.serial is not None:
        path: Path = ("twin", "serial")
        ports.use(site.twin.serial, path, site.twin.serial, "twin.serial")
        _check_port(site.twin.serial, path, findings)
    _check_meters(site, findings)


def _check_port(port: str, path: Path, findings: Findings) -> None:
    if _UNSTABLE_PORT.fullmatch(port):
        findings.warn(
            path,
            "name depends on the order of plugging",
            got=port,
            need="a path under /dev/serial/by-path/ or by-id/",
            effect="after a restart it can be another adapter",
            next_step="see `ls -l /dev/serial/by-path`",
        )


def _check_meters(site: Site, findings: Findings) -> None:
    unit_ids = _Once("unit id is used twice on its line", findings)
    for name, meter in site.meter.items():
        if meter.bus not in site.bus:
            known = nearest(meter.bus, site.bus) or (", ".join(site.bus) or "a [bus.NAME] table")
            findings.refuse(
                ("meter", name, "bus"),
                "unknown bus",
                got=meter.bus,
                need=known,
                rests_on=[("bus",)],
            )
        unit_ids.use(
            (meter.bus, meter.unit_id),
            ("meter", name, "unit_id"),
            str(meter.unit_id),
            f"meter.{name}",
            rests_on=(("meter", name, "bus"),),
        )


def _endpoint(bus: Bus) -> str:
    return bus.port if isinstance(bus, RtuBus) else f"{bus.host.casefold()}:{bus.tcp_port}"


def check_units(site: Site, findings: Findings) -> None:
    """One or two gateways, each with its own serial number and addresses."""
    if not 1 <= len(site.unit) <= _UNITS_MAX:
        findings.refuse(
            ("unit",), "wrong number of units", got=str(len(site.unit)), need="one or two"
        )
    serials = _Once("serial number is used twice", findings)
    addresses = _Once("address is used twice", findings)
    for name, unit in site.unit.items():
        path: Path = ("unit", name)
        serial = unit.hardware_serial.casefold()
        serials.use(serial, (*path, "hardware_serial"), unit.hardware_serial, f"unit.{name}")
        if len(site.unit) > 1 and not unit.addresses:
            findings.refuse(
                (*path, "addresses"), "missing key", got="none", need="its addresses for the other"
            )
        for index, text in enumerate(unit.addresses):
            place = (*path, "addresses", index)
            address = _address(text)
            if address is None:
                findings.refuse(place, "not an IP address", got=text, need="e.g. 192.168.10.11")
            elif address.is_unspecified or address.is_multicast:
                findings.refuse(place, "not the address of a machine", got=text, need="its own")
            else:
                addresses.use(address, place, text, f"unit.{name}")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
