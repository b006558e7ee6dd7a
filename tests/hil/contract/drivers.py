"""Each kind of bench, up, with the few steps that the suite has no word for.

On processes and machines the product itself moves a relay and drives the line; on an emulated
table its gateways are told to.
"""

from __future__ import annotations

import contextlib

import pytest

from hil.network.space import reason_to_skip
from hil.rig.bench import RigBench
from hil.suite.process_bench import ProcessBench
from hil.suite.process_gateway import ProcessGateway
from hil.works import LOADS, Works
from tests.hil.machine import chosen
from tests.hil.rig.gateways import GatewayTable

_WORKS = Works(contract_kw=800, base_kw=100, settle_s=0, min_shed_s=1, rest_s=1)


class Product:
    """Gateways on which the product runs."""

    def __init__(self, bench):
        self.bench = bench
        bench.start()
        bench.wait("one on duty", self._on_duty, 120)

    def _on_duty(self):
        told = {unit: each.status() for unit, each in self.bench.gateways.items()}
        if any(status is None or not status.twin for status in told.values()):
            return None
        roles = {unit: status.twin["role"] for unit, status in told.items()}
        holds = [unit for unit, status in told.items() if status.twin.get("holds_bus")]
        return holds[0] if sorted(roles.values()) == ["active", "standby"] and holds else None

    def unit(self):
        """The one whose relays and driver do something."""
        return self.bench.wait("one on duty", self._on_duty, 60)

    def shed(self, unit, load):
        assert self.bench.gateways[unit].order("override", load=load, mode="shed", duration_s=60)[
            "ok"
        ]

    def query(self, _unit):
        """It queries all the time."""

    def is_plugged(self, unit):
        gateway = self.bench.gateways[unit]
        if isinstance(gateway, ProcessGateway):
            return gateway.real.port.exists()
        return gateway.shell("ls /dev/ttyUSB*").code == 0

    def hears(self, unit, path):
        status = self.bench.gateways[unit].status()
        paths = status.twin["paths"] if status else []
        return any(each["name"] == path and each["ok"] for each in paths)


class Told:
    """Gateways that do as they are told through their shell."""

    def __init__(self, bench):
        self.bench = bench

    def unit(self):
        return next(iter(self.bench.gateways))

    def shed(self, unit, load):
        assert self.bench.gateways[unit].shell(f"pinctrl set {LOADS[load].pin} op dh").code == 0

    def query(self, unit):
        port = self.bench.config.installed.serial_port
        assert (
            self.bench.gateways[unit].shell(f"printf '\\1\\3\\0\\0\\361\\330' > {port}").code == 0
        )

    def is_plugged(self, unit):
        return self.bench.gateways[unit].shell("test -e ttyRS485").code == 0

    def hears(self, unit, path):
        return self.bench.gateways[unit].shell(f"ping -c 1 10.1.{path[-1]}.1").code == 0


@contextlib.contextmanager
def process_driver(_folder):
    if why := reason_to_skip():
        pytest.skip(why)
    with ProcessBench(_WORKS) as bench:
        yield Product(bench)


@contextlib.contextmanager
def rig_driver(folder):
    with GatewayTable(folder) as table, RigBench(_WORKS, table.rig_file) as bench:
        yield Told(bench)


@contextlib.contextmanager
def machine_driver(_folder):
    if not chosen.IS_CHOSEN:
        pytest.skip(chosen.WHY_NOT)
    from hil.machine.bench import MachineBench
    from hil.machine.boot_image import read_image

    with MachineBench(_WORKS, image=read_image(chosen.FOLDER)) as bench:
        yield Product(bench)


DRIVERS = {"process": process_driver, "rig": rig_driver, "machine": machine_driver}
