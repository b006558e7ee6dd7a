"""A board process and Python processes under the preload library, for tests of the bench itself.

The processes are real; a test waits for them on pipes with a deadline and never sleeps.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from hil.observer import Log
from hil.rpc import Client
from hil.shim.build import build

DEADLINE_S = 30.0  # a shared machine may stall; no test waits this long when all is well

# Evaluates expressions in one namespace: a line of JSON in, a line of JSON out.
_CHILD = """
import json, os, sys
space = {}
exec("import fcntl, gpiod, os, struct, subprocess, sys, threading", space)
exec("from gpiod.line import Bias, Direction, Edge, Value", space)
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    code = json.loads(line)
    try:
        answer = {"ok": eval(code, space)} if code[0] != "!" else {"ok": exec(code[1:], space)}
    except OSError as error:
        answer = {"errno": error.errno}
    print(json.dumps(answer), flush=True)
"""


def read_line(process: subprocess.Popen[str]) -> Any:
    """The next JSON line of its output. Raises TimeoutError, or EOFError when it has died."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], DEADLINE_S)
    if not readable:
        raise TimeoutError(f"no line in {DEADLINE_S} s")
    line = process.stdout.readline()
    if not line:
        raise EOFError(f"process ended: {process.wait(DEADLINE_S)}")
    return json.loads(line)


def _finish(process: subprocess.Popen[str]) -> None:
    """Close its input, at which a board ends by itself, and wait for it."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.wait(DEADLINE_S)
    process.stdout.close()


class Child:
    """A Python process of one unit, told what to evaluate."""

    def __init__(self, socket: Path, library: Path) -> None:
        environment = {
            **os.environ,
            "LD_PRELOAD": str(library),
            "DENBAN_BOARD_SOCKET": str(socket),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CHILD],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert read_line(self.process) == "ready"

    def ask(self, code: str) -> Any:
        """Value of the expression; OSError of the child is raised here with its errno."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        answer = read_line(self.process)
        if "errno" in answer:
            raise OSError(answer["errno"], code)
        return answer["ok"]

    def run(self, code: str) -> None:
        """Carry out statements, in the same namespace."""
        self.ask("!" + code)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE_S)

    def close(self) -> None:
        self.process.kill()
        _finish(self.process)


class Rig:
    """A running board; `changes` go over a small configuration with the units `a` and `b`."""

    def __init__(self, **changes: Any) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="board-")  # short: socket paths
        self.path = Path(self._directory.name)
        self._children: list[Child] = []
        units = {
            "a": {"socket": str(self.path / "a.sock")},
            "b": {"socket": str(self.path / "b.sock"), "dead_owner": "revert"},
        }
        config = {
            "orders": str(self.path / "orders.sock"),
            "log": str(self.path / "log"),
            "values": str(self.path / "values"),
            "units": units,
            "loads": {"chiller": {"pin": 5}},
            "pulses": {"contact": {"pin": 18}},
            "plant": {"base_w": 1000, "loads": {"chiller": {"rated_w": 2000}}},
            **changes,
        }
        for name, unit in config.pop("unit_changes", {}).items():
            units[name].update(unit)
        self._config_path = self.path / "board.json"
        self._config_path.write_text(json.dumps(config))
        self.library = build()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hil.board", "--config", str(self._config_path)],
            cwd=Path(__file__).parents[2],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.ready = read_line(self.process)
        self._client = Client(self.path / "orders.sock", DEADLINE_S)

    def order(self, verb: str, **arguments: Any) -> Any:
        return self._client.call(verb, **arguments)

    def child(self, unit: str = "a", library: Path | None = None) -> Child:
        child = Child(self.path / f"{unit}.sock", library or self.library)
        self._children.append(child)
        return child

    def log(self) -> Log:
        return Log.read(self.path / "log")

    def levels(self, unit: str, pin: int) -> list[tuple[str, int]]:
        """Every `(direction, level)` of the line as an output, or on ceasing to be one."""
        return [
            (event["direction"], event["level"])
            for event in self.log().events
            if event["event"] == "line" and event["unit"] == unit and event["pin"] == pin
        ]

    def close(self) -> None:
        self._client.close()
        for child in self._children:
            child.close()
        _finish(self.process)
        self._directory.cleanup()

    def __enter__(self) -> Rig:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
