"""The machine bench's own channels, tried before anything of the product runs on it.

Each is driven at one end and seen at the other: what the guest drives at the board or the hub, what
they drive in the guest.
"""

from __future__ import annotations

import functools
import json
import shlex
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from hil.boottime import boottime_ns
from hil.machine import probe
from hil.machine.agent import AgentError
from hil.machine.commission import hosts
from hil.machine.field import MachineField
from hil.machine.gateway import MachineGateway
from hil.machine.guest_paths import GUEST
from hil.observer import Log
from hil.suite.protocol import ChannelCheck
from hil.waiting import wait_for
from hil.works import FEEDER, LAMP_PINS, LOADS, PULSE_PIN

_PROBE: Final = "/run/probe.py"
_READY: Final = "/run/probe-ready"
_STEP_S_MAX: Final = 60.0
_PLUG_S_MAX: Final = 20.0
_PULSES_COUNT: Final = 50
_FRAME: Final = bytes(range(0x40, 0x50))
_LOOK_S: Final = 0.1
Gateways = Mapping[str, MachineGateway]


def check(field: MachineField, gateways: Gateways) -> list[ChannelCheck]:
    tests: dict[str, Callable[[MachineField, MachineGateway], str]] = {
        "agent": _agent,
        "watchdog": _watchdog,
        "outputs": _outputs,
        "pulses": _pulses,
        "meter line": _line,
        "USB port": _usb,
    }
    field.plant_stop()  # its pulses would be counted with ours
    found = [
        _tried(f"{unit} {name}", functools.partial(test, field, gateway))
        for unit, gateway in gateways.items()
        for name, test in tests.items()
    ]
    field.plant_run(field.works.base_kw)
    return [*found, *_paths(gateways)]


def _tried(channel: str, test: Callable[[], str]) -> ChannelCheck:
    """What a test says of a channel that works; it raises for one that does not."""
    try:
        return ChannelCheck(channel, ok=True, note=test())
    except (OSError, ValueError, RuntimeError, AssertionError) as error:
        return ChannelCheck(channel, ok=False, note=str(error).strip())


def read_versions(gateway: MachineGateway) -> dict[str, str]:
    """Of what runs in the guest, which is the same in both."""
    said = {
        "kernel": "uname -r",
        "systemd": "systemctl --version | head -1",
        "Python": f"{GUEST.python} --version",
        "product": f"{GUEST.program} --version",
    }
    return {name: gateway.shell(command).text.strip() for name, command in said.items()}


def _probe(gateway: MachineGateway, *words: str) -> dict[str, Any]:
    command = shlex.join([GUEST.python, _PROBE, *words])
    said = gateway.shell(command, _STEP_S_MAX)
    if said.code:
        raise AgentError(f"probe {words[0]}: {said.text.strip()}")
    found: dict[str, Any] = json.loads(said.text)
    return found


def _begin(both: ThreadPoolExecutor, gateway: MachineGateway, *words: str) -> Future[Any]:
    """A probe that waits for something: it is ready for it when this returns."""
    gateway.shell(f"rm -f {_READY}")
    begun = both.submit(_probe, gateway, *words)

    def is_ready() -> bool:
        if begun.done():
            begun.result()
        return gateway.shell(f"test -e {_READY}").code == 0

    wait_for(f"probe {words[0]} ready", is_ready, _STEP_S_MAX, look_s=_LOOK_S)
    return begun


def _agent(_: MachineField, gateway: MachineGateway) -> str:
    gateway.agent.put(_PROBE, Path(probe.__file__).read_bytes())
    asked_ns = boottime_ns()
    gateway.shell("true")
    return f"{(boottime_ns() - asked_ns) / 1e6:.0f} ms"


def _watchdog(_: MachineField, gateway: MachineGateway) -> str:
    said = gateway.shell(f"test -e /dev/watchdog && cat {GUEST.watchdog}/identity")
    if said.code:
        raise AgentError("no /dev/watchdog")
    return said.text.strip()


def _outputs(field: MachineField, gateway: MachineGateway) -> str:
    pins = [*(load.pin for load in LOADS.values()), *LAMP_PINS.values()]
    since_ns = boottime_ns()
    _probe(gateway, "drive", *map(str, pins))
    seen = _levels(field.observed(), gateway.unit, since_ns)
    wrong = [pin for pin in pins if not {0, 1} <= seen.get(pin, set())]
    if wrong:
        raise ValueError(f"driven both ways: got {seen}, need also {wrong}")
    return f"{len(pins)} lines up and down, seen at the board"


def _levels(log: Log, unit: str, since_ns: int) -> dict[int, set[int]]:
    """Levels to which each line of the unit was driven."""
    found: dict[int, set[int]] = {}
    for event in log.events:
        is_ours = event["event"] == "line" and event["unit"] == unit
        if is_ours and event["t_ns"] >= since_ns and event["direction"] == "out":
            found.setdefault(event["pin"], set()).add(event["level"])
    return found


def _pulses(field: MachineField, gateway: MachineGateway) -> str:
    with ThreadPoolExecutor(1) as beside:
        words = ("count", str(PULSE_PIN), str(_PULSES_COUNT), "20")
        counted = _begin(beside, gateway, *words)
        field.board.order("pulses", line=FEEDER, count=_PULSES_COUNT, rate_hz=0)
        seen = counted.result()["edges"]
    if seen != _PULSES_COUNT:
        raise ValueError(f"pulses: got {seen}, need {_PULSES_COUNT}")
    return f"{seen} of {_PULSES_COUNT}"


def _line(field: MachineField, gateway: MachineGateway) -> str:
    begun_count = len(field.bursts.rows())
    field.lift_transmitter(gateway.unit, on=True)
    with ThreadPoolExecutor(1) as beside:
        echo = _begin(beside, gateway, "echo", GUEST.serial_port, str(len(_FRAME)), "10")
        field.hub.order("inject", sent=_FRAME.hex())
        heard = echo.result()["heard"]
    if heard != _FRAME.hex():
        raise ValueError(f"heard in the guest: got {heard!r}, need {_FRAME.hex()}")

    def sent_back() -> bool:
        bursts = field.bursts.rows()[begun_count:]
        said: str = "".join(burst["hex"] for burst in bursts if burst["node"] == gateway.unit)
        return said == _FRAME.hex()

    wait_for("what was heard, sent back", sent_back, _STEP_S_MAX, look_s=_LOOK_S)
    field.lift_transmitter(gateway.unit, on=False)
    return f"{len(_FRAME)} bytes both ways"


def _usb(_: MachineField, gateway: MachineGateway) -> str:
    gateway.usb.pull()
    _await_port(gateway, there=False)
    gateway.usb.plug()
    begun_ns = boottime_ns()
    _await_port(gateway, there=True)
    return f"back after {(boottime_ns() - begun_ns) / 1e9:.1f} s"


def _await_port(gateway: MachineGateway, *, there: bool) -> None:
    wait_for(
        f"{GUEST.serial_port} {'there' if there else 'gone'}",
        lambda: (gateway.shell(f"test -e {GUEST.serial_port}").code == 0) == there,
        _PLUG_S_MAX,
        look_s=_LOOK_S,
    )


def _paths(gateways: Gateways) -> list[ChannelCheck]:
    """Both ways: one end asks, the other one answers."""
    near, far = gateways.values()
    addresses = hosts(far.unit)
    try:
        with ThreadPoolExecutor(1) as beside:
            answered = _begin(beside, far, "answer", "20", *addresses)
            took_ms = _probe(near, "call", "5", *addresses)
            answered.result()
    except (OSError, ValueError, RuntimeError) as error:
        return [ChannelCheck("network paths", ok=False, note=str(error))]
    return [
        ChannelCheck(
            f"net{path}",
            ok=took_ms[address] is not None,
            note=f"there and back in {took_ms[address]} ms",
        )
        for path, address in enumerate(addresses)
    ]
