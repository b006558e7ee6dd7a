"""The process bench's own channels, tried before anything of the product runs on it.

The same small programs as in a guest stand in for the product at each gateway's end, both units at
once; what they drive is seen at the board or the hub, what is driven there they see.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from hil.boottime import boottime_ns
from hil.crc import with_crc
from hil.gateway import Gateway
from hil.machine import probe
from hil.network.machine import HOME, Machine
from hil.network.network import address
from hil.pair import PATHS_COUNT, Pair
from hil.shim.build import build
from hil.suite.protocol import ChannelCheck
from hil.waiting import wait_for
from hil.works import CHILLERS_METER, FEEDER, INCOMER_METER, LAMP_PINS, LOADS, PULSE_PIN

_STEP_S_MAX: Final = 20.0
_WITHIN_S: Final = "10"  # what a probe waits for
_PULSES_COUNT: Final = 50
_QUIET_NS: Final = 50_000_000
_FRAME: Final = bytes(range(0x40, 0x50))
_READY: Final = "probe-ready"
# Lets the watchdog run out after a second.
_HANGER: Final = """
import fcntl, os, struct, time
watchdog = os.open("/dev/watchdog", os.O_WRONLY)
fcntl.ioctl(watchdog, 0xC0045706, struct.pack("i", 1))
time.sleep(1000)
"""


def check(pair: Pair) -> list[ChannelCheck]:
    """Machines are without power again when this returns."""
    tests: dict[str, Callable[[Pair], str]] = {
        "outputs": _outputs,
        "pulses": _pulses,
        "meter line": _line,
        "meters": _meters,
        "network paths": _paths,
        "watchdog": _watchdog,
    }
    for gateway in pair.gateways.values():
        assert gateway.machine is not None
        gateway.machine.boot()
    pair.plant_stop()
    try:
        return [_tried(name, test, pair) for name, test in tests.items()]
    finally:
        pair.plant_run(pair.works.base_kw)
        for gateway in pair.gateways.values():
            gateway.end()


def _tried(channel: str, test: Callable[[Pair], str], pair: Pair) -> ChannelCheck:
    """What a test says of a channel that works; it raises for one that does not."""
    try:
        return ChannelCheck(channel, ok=True, note=test(pair))
    except (OSError, ValueError, RuntimeError, subprocess.SubprocessError) as error:
        return ChannelCheck(channel, ok=False, note=str(error).strip())


def _start(pair: Pair, gateway: Gateway, words: list[str], output: int) -> subprocess.Popen[str]:
    """A program at a gateway's end, which sees the board as the product would."""
    assert gateway.machine is not None
    return gateway.machine.popen(
        [sys.executable, *words],
        env={
            **os.environ,
            "LD_PRELOAD": str(build()),
            "DENBAN_BOARD_SOCKET": str(pair.board_socket(gateway.unit)),
            "PROBE_READY": str(HOME / "run" / _READY),
        },
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
    )


class _Probe:
    """One of the probe's programs under way; :meth:`result` must be asked for."""

    def __init__(self, pair: Pair, gateway: Gateway, *words: str) -> None:
        self._ready = gateway.runtime / _READY
        self._ready.unlink(missing_ok=True)
        program = [str(Path(probe.__file__)), *words]
        self._process = _start(pair, gateway, program, subprocess.PIPE)

    def await_ready(self) -> None:
        def look() -> bool:
            return self._ready.exists() or self._process.poll() is not None

        wait_for("a probe to be ready", look, _STEP_S_MAX)

    def result(self) -> dict[str, Any]:
        """Raises RuntimeError with what it said, or subprocess.TimeoutExpired."""
        said, _ = self._process.communicate(timeout=_STEP_S_MAX)
        if self._process.returncode:
            raise RuntimeError(f"probe: ended with {self._process.returncode}: {said.strip()}")
        found: dict[str, Any] = json.loads(said)
        return found


def _probes(pair: Pair, *words: str) -> Mapping[str, _Probe]:
    """The same program on both."""
    return {unit: _Probe(pair, each, *words) for unit, each in pair.gateways.items()}


def _outputs(pair: Pair) -> str:
    pins = [*(load.pin for load in LOADS.values()), *LAMP_PINS.values()]
    since_ns = boottime_ns()
    for each in _probes(pair, "drive", *map(str, pins)).values():
        each.result()
    for unit in pair.gateways:
        drives = pair.witness().drives(unit, pins, since_ns)
        seen = {(drive.pin, drive.level) for drive in drives}
        missed = [pin for pin in pins if not {(pin, 0), (pin, 1)} <= seen]
        if missed:
            raise ValueError(f"{unit}: pins not seen up and down: {missed}")
    return f"{len(pins)} lines of each unit up and down, seen at the board"


def _pulses(pair: Pair) -> str:
    def is_at_rest() -> bool:
        seen = pair.snapshot()
        return not seen["power_w"][FEEDER] and bool(seen["pulses"][FEEDER]["idle"])

    pair.wait("a plant at rest", is_at_rest)
    words = ("count", str(PULSE_PIN), str(_PULSES_COUNT), _WITHIN_S, "PULL_UP")
    counters = _probes(pair, *words)
    for each in counters.values():
        each.await_ready()
    pair.board.order("pulses", line=FEEDER, count=_PULSES_COUNT, rate_hz=0)
    counts = {unit: each.result()["edges"] for unit, each in counters.items()}
    if set(counts.values()) != {_PULSES_COUNT}:
        raise ValueError(f"counted {counts}, need {_PULSES_COUNT}")
    return f"{_PULSES_COUNT} of {_PULSES_COUNT}, counted by both"


def _line(pair: Pair) -> str:
    """Both hear a frame and send it back, one after the other: at once they would collide."""
    for unit, gateway in pair.gateways.items():
        since_ns = boottime_ns()
        port = str(HOME / gateway.port.name)
        echo = _Probe(pair, gateway, "echo", port, str(len(_FRAME)), _WITHIN_S)
        echo.await_ready()
        pair.lift_transmitter(unit, on=True)
        pair.faults.drive_line(_FRAME)
        heard = echo.result()["heard"]
        if heard != _FRAME.hex():
            raise ValueError(f"{unit}: heard {heard!r}, need {_FRAME.hex()}")
        pair.wait(f"{unit}: frame on the line", functools.partial(_is_sent, pair, unit, since_ns))
        pair.lift_transmitter(unit, on=False)
    return f"{len(_FRAME)} bytes, heard and sent by each unit"


def _is_sent(pair: Pair, unit: str, since_ns: int) -> bool:
    bursts = [each for each in pair.bursts() if each["node"] == unit]
    sent = "".join(each["hex"] for each in bursts if each["start_ns"] >= since_ns)
    return _FRAME.hex() in sent


def _meters(pair: Pair) -> str:
    """Each answers to whoever asks it, be it with an exception."""
    for name, meter in (("incomer", INCOMER_METER), ("chillers", CHILLERS_METER)):
        pair.wait("a quiet line", functools.partial(_is_quiet, pair))
        before_count = len(_meter_bursts(pair, name))
        pair.faults.drive_line(with_crc(bytes([meter["unit_id"], 3, 0, 0, 0, 2])))
        pair.wait(f"{name}: an answer", functools.partial(_has_answered, pair, name, before_count))
    return "both answer"


def _meter_bursts(pair: Pair, name: str) -> list[dict[str, Any]]:
    return [burst for burst in pair.bursts() if burst["node"] == name]


def _is_quiet(pair: Pair) -> bool:
    """A frame that follows another one at once is a part of it to a meter."""
    bursts = pair.bursts()
    return not bursts or boottime_ns() - bursts[-1]["end_ns"] > _QUIET_NS


def _has_answered(pair: Pair, name: str, before_count: int) -> bool:
    return len(_meter_bursts(pair, name)) > before_count


def _paths(pair: Pair) -> str:
    """Both ways: one end asks, the other one answers."""
    near, far = pair.gateways.values()
    there = [address(path, 1) for path in range(PATHS_COUNT)]
    answer = _Probe(pair, far, "answer", _WITHIN_S, *there)
    answer.await_ready()
    took_ms = _Probe(pair, near, "call", _WITHIN_S, *there).result()
    answer.result()
    if None in took_ms.values():
        raise ValueError(f"no answer on a path: {took_ms}")
    return ", ".join(f"net{path}: {took_ms[host]} ms" for path, host in enumerate(there))


def _watchdog(pair: Pair) -> str:
    since_ns = boottime_ns()
    for gateway in pair.gateways.values():
        _start(pair, gateway, ["-c", _HANGER], subprocess.DEVNULL)
    for gateway in pair.gateways.values():
        unit, machine = gateway.unit, gateway.machine
        assert machine is not None
        pair.wait(f"{unit}: reset", functools.partial(_resets, pair, unit, since_ns))
        pair.wait(f"{unit}: off", functools.partial(_is_off, machine))
    return "both reset after a second"


def _resets(pair: Pair, unit: str, since_ns: int) -> list[int]:
    return pair.witness().resets(unit, since_ns)


def _is_off(machine: Machine) -> bool:
    return not machine.is_on
