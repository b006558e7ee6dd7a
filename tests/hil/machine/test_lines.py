"""A guest's kernel on a board's lines: its GPIO driver and gpiod against the bench's device."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hil.machine.agent import Agent
from hil.machine.boot_image import read_image
from hil.machine.command_line import GPIO_ID, Connections
from hil.machine.disk import make_overlay
from hil.machine.emulator import Emulator
from hil.machine.guest_paths import GUEST
from hil.waiting import DEADLINE_S, wait_for
from tests.hil.board_rig import Rig
from tests.hil.machine.chosen import FOLDER, IS_CHOSEN, WHY_NOT
from tests.hil.machine.tiny_machine import MISSING, REASON

_BOOT_S_MAX = 240.0
_STEP_S_MAX = 120.0
_RELAY, _PULSE = 5, 18
_PRELUDE = """
import gpiod, os, sys, time
from datetime import timedelta
from gpiod.line import Direction, Edge, Value
def take(pin, **settings):
    return gpiod.request_lines(CHIP, config={pin: gpiod.LineSettings(**settings)})
"""
_RELAY_UP_AND_DOWN = f"""
with take({_RELAY}, direction=Direction.OUTPUT, output_value=Value.ACTIVE) as line:
    line.set_value({_RELAY}, Value.INACTIVE)
"""
_DIE_WITH_RELAY_ON = f"""
line = take({_RELAY}, direction=Direction.OUTPUT, output_value=Value.ACTIVE)
os.kill(os.getpid(), 9)
"""
_HOLD_RELAY = f"""
line = take({_RELAY}, direction=Direction.OUTPUT, output_value=Value.ACTIVE)
open("/run/held", "w").close()
time.sleep(600)
"""
# Ends with the count of the kernel, or with what it is when nothing comes for a while.
_COUNT = f"""
wanted, edge = int(sys.argv[1]), Edge[sys.argv[2]]
with gpiod.request_lines(CHIP, event_buffer_size=1024, config={{
        {_PULSE}: gpiod.LineSettings(direction=Direction.INPUT, edge_detection=edge)}}) as line:
    open("/run/counting", "w").close()
    seen = 0
    while seen < wanted and line.wait_edge_events(timedelta(seconds=20)):
        seen = line.read_edge_events(1024)[-1].line_seqno
print(seen)
"""

pytestmark = [
    pytest.mark.xdist_group("bench"),
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=REASON),
    pytest.mark.skipif(not IS_CHOSEN, reason=WHY_NOT),
]


class Machine:
    """A guest with nothing but its lines, on a board of its own; `b` is its unit."""

    def __init__(self, folder: Path) -> None:
        unit = {"kind": "virtio", "lines": 28, "dead_owner": "persist"}
        pulses = {"contact": {"pin": _PULSE, "patience_s": 0.2}}
        self.rig = Rig(unit_changes={"b": unit}, pulses=pulses)
        image = read_image(FOLDER)
        disk = folder / "disk.qcow2"
        make_overlay(image.root, disk)
        connections = Connections(self.rig.path / "b.sock", folder / "nothing", ())
        files = image.files(disk, connections, [], "lines")
        self.emulator = Emulator(files, connections, folder)
        self.emulator.prepare_bare()
        self.emulator.plug(GPIO_ID)
        self.agent = Agent(folder / "agent")

    def boot(self) -> None:
        self.emulator.power_on()
        self.agent.knock(_BOOT_S_MAX)
        self.shell("modprobe gpio_virtio; udevadm settle")

    def shell(self, command: str) -> str:
        code, text = self.agent.shell(command, _STEP_S_MAX)
        assert code == 0, f"{command}: {text}\n{self.emulator.log_text()}"
        return text

    def python(self, script: str, *arguments: str) -> str:
        """The command line of a script that may use gpiod."""
        text = f"CHIP = {GUEST.gpio_chip!r}\n{_PRELUDE}{script}"
        return shlex.join([GUEST.python, "-c", text, *arguments])

    def hold_relay(self) -> None:
        """A process of the guest holds it on, until it is killed or the machine ends."""
        self.shell(f"rm -f /run/held; {self.python(_HOLD_RELAY)} > /dev/null 2>&1 &")
        self.shell("until [ -e /run/held ]; do sleep 0.05; done")
        assert self.rig.levels("b", _RELAY)[-1] == ("out", 1)

    def count(self, wanted: int, edge: str, pulses: int, rate_hz: float) -> int:
        """What the guest's kernel counts of an order to the board."""
        counting = self.python(_COUNT, str(wanted), edge)
        self.shell(f"rm -f /run/counting /run/counted; {counting} > /run/counted 2>&1 &")
        self.shell("until [ -e /run/counting ]; do sleep 0.05; done")
        self.rig.order("pulses", line="contact", count=pulses, rate_hz=rate_hz)
        return int(self.shell("until [ -s /run/counted ]; do sleep 0.1; done; cat /run/counted"))

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.rig.order("snapshot")["units"]["b"]
        return found

    def wait_device_gone(self) -> None:
        wait_for("the end of the device", lambda: not self.state()["running"], DEADLINE_S)

    def close(self) -> None:
        self.agent.close()
        self.emulator.power_off()
        self.rig.close()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("lines"))
    try:
        made.boot()
        yield made
    finally:
        made.close()


def test_guest_relay_line_moves_the_relay_at_the_board(machine: Machine) -> None:
    before = len(machine.rig.levels("b", _RELAY))
    machine.shell(machine.python(_RELAY_UP_AND_DOWN))
    assert machine.rig.levels("b", _RELAY)[before:] == [("out", 1), ("out", 0)]


def test_guest_process_that_dies_leaves_its_relay_as_dead_owner_says(machine: Machine) -> None:
    before = len(machine.rig.levels("b", _RELAY))
    machine.shell(f"{machine.python(_DIE_WITH_RELAY_ON)} || true")
    machine.shell(machine.python(_RELAY_UP_AND_DOWN))
    assert machine.rig.levels("b", _RELAY)[before:] == [("out", 1), ("out", 0)]  # persist


@pytest.mark.parametrize(
    ("edge", "edges", "pulses", "rate_hz"),
    [
        ("FALLING", 1000, 1000, 0),
        ("BOTH", 2000, 1000, 0),
        ("FALLING", 50, 50, 10),
        ("FALLING", 150, 150, 30),
    ],
)
def test_guest_kernel_counts_every_pulse(
    machine: Machine, edge: str, edges: int, pulses: int, rate_hz: float
) -> None:
    lost = machine.state()["lost_edges"]
    assert machine.count(edges, edge, pulses, rate_hz) == edges
    assert machine.state()["lost_edges"] == lost


def test_guest_that_is_frozen_keeps_its_outputs_and_goes_on(machine: Machine) -> None:
    machine.hold_relay()
    before = machine.rig.levels("b", _RELAY)
    machine.emulator.freeze(on=True)
    assert machine.state()["running"] is True
    machine.emulator.freeze(on=False)
    assert machine.count(100, "FALLING", 100, 0) == 100
    assert machine.rig.levels("b", _RELAY) == before
    machine.shell("pkill -f '[/]run/held'")


def test_guest_reset_leaves_the_lines_at_power_on_and_boots_again(machine: Machine) -> None:
    machine.hold_relay()
    machine.emulator.qmp.execute("system_reset")
    machine.wait_device_gone()
    assert machine.rig.levels("b", _RELAY)[-1] == ("in", 0)
    machine.boot()


def test_guest_power_cut_leaves_the_lines_at_power_on(machine: Machine) -> None:
    machine.hold_relay()
    machine.emulator.power_off()
    machine.wait_device_gone()
    assert machine.rig.levels("b", _RELAY)[-1] == ("in", 0)
