"""Valid replies a second on a paced RS-485 line: our worker, and masters that people use instead.

All on the same line, in turn, each several times. What the line allows is what its bits, the
silence of 3.5 characters before a request, and the meters' turn-around take. The bench's log of the
line says who kept that silence, and how long the turn-around really was: the meters of the bench
answer a little late, which the verdict holds against the master and a second share does not.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from hil.field import has_libmodbus
from hil.figures import programs
from hil.figures.figure import Figure, Row, Run, verdict
from hil.launch import BenchProcess
from hil.line.receivers import silence_ns
from hil.values import Values

_NAME = "line"
_BAUDRATES = (9600, 19200)
_SHARE_MIN = 0.95
_BITS_PER_CHAR = 11
_REQUEST_CHARS = 8
_REPLY_CHARS = 9  # two registers
_TURNAROUND_S = 0.005
_POWERS_W = (1000.0, 2000.0)
# What a reader of the log may be wrong by: the line looks at its ports once a millisecond.
_SILENCE_TOLERANCE_NS = 300_000
_START_S = 1.2


class _Master(msgspec.Struct, frozen=True):
    """`keeps`: the loop keeps the silence for it. `module` is None for the product's worker."""

    name: str
    module: str | None = None
    keeps: bool = False
    missing: str = ""


class _Wire(msgspec.Struct, frozen=True):
    """What the log of the line says of one run. `early_ratio`: requests before their silence."""

    early_ratio: float
    turnaround_s: float


class _Result(msgspec.Struct, frozen=True):
    """One run of one master. `share_ratio`: of what the line allows with the declared turn-around;
    `seen_share_ratio`: with the one that the log shows.
    """

    valid_per_s: float
    share_ratio: float
    seen_share_ratio: float
    wire: _Wire
    bad: int
    cpu_us_per_read: float


def _masters() -> list[_Master]:
    libmodbus = "" if has_libmodbus() else "apt install libmodbus5"
    minimal = "" if find_spec("minimalmodbus") else "pip install minimalmodbus"
    package = "hil.figures.clients"
    return [
        _Master("Denban's bus worker"),
        _Master("libmodbus", f"{package}.libmodbus", missing=libmodbus),
        _Master("libmodbus + silence", f"{package}.libmodbus", keeps=True, missing=libmodbus),
        _Master("pymodbus async", f"{package}.pymodbus_async"),
        _Master("pymodbus async + silence", f"{package}.pymodbus_async", keeps=True),
        _Master("minimalmodbus", f"{package}.minimalmodbus", missing=minimal),
        _Master("pymodbus sync", f"{package}.pymodbus_sync"),
    ]


def allowed_per_s(baudrate: int, turnaround_s: float) -> float:
    """Replies a second that a line allows."""
    bits = _BITS_PER_CHAR * (_REQUEST_CHARS + _REPLY_CHARS)
    return 1 / (bits / baudrate + turnaround_s + silence_ns(baudrate, _BITS_PER_CHAR) / 1e9)


class _Line:
    """A hub at one baud rate with two meters behind one of its ports."""

    def __init__(self, folder: Path, baudrate: int, ends: contextlib.ExitStack) -> None:
        self._log = folder / "bus.jsonl"
        self.baudrate = baudrate
        self.port = folder / "tty-gateway"
        values = ends.enter_context(
            Values.create(folder / "values", [*(f"power-{i}" for i in range(2)), "none"])
        )
        for i, power_w in enumerate(_POWERS_W):
            values[f"power-{i}"] = power_w
        ends.enter_context(BenchProcess("hil.hub", folder / "hub.json", self._hub(folder)))
        server = "libmodbus" if has_libmodbus() else "pymodbus"
        module = f"hil.meters.{server}_server"
        ends.enter_context(BenchProcess(module, folder / "meters.json", self._meters(folder)))

    def _hub(self, folder: Path) -> dict[str, Any]:
        # A latency timer would be the same for all, and belongs to the adapter.
        gateway = {
            "name": "gateway", "path": str(self.port), "kind": "gateway", "latency_ms": 0.0,
        }  # fmt: skip
        meters = {"name": "meters", "path": str(folder / "tty-meters"), "kind": "meter"}
        return {
            "nodes": [gateway, meters],
            "log": str(self._log),
            "orders": str(folder / "hub.sock"),
            "baudrate": self.baudrate,
        }

    def _meters(self, folder: Path) -> dict[str, Any]:
        units = []
        for i in range(len(_POWERS_W)):
            cells = {"power_w": f"power-{i}", "import_kwh": "none", "export_kwh": "none"}
            units.append(
                {
                    "unit_id": i + 1,
                    "model": "eastron-sdm630",
                    "cells": cells,
                    "turnaround_ms": _TURNAROUND_S * 1000,
                }
            )
        port = str(folder / "tty-meters")
        return {
            "values": str(folder / "values"),
            "line": {"kind": "serial", "port": port, "baudrate": self.baudrate},
            "units": units,
            "orders": str(folder / "meters.sock"),
        }

    def measure(self, master: _Master, duration_s: float) -> _Result:
        skip = self._log.stat().st_size
        powers = ",".join(map(str, _POWERS_W))
        if master.module is None:
            done = programs.result(
                "tests.figures.worker_pace",
                str(self.port), str(self.baudrate), str(duration_s), powers,
                duration_s=duration_s,
            )  # fmt: skip
        else:
            silence_s = silence_ns(self.baudrate, _BITS_PER_CHAR) / 1e9 if master.keeps else 0.0
            done = programs.result(
                master.module,
                "--port", str(self.port), "--baudrate", str(self.baudrate),
                "--duration", str(duration_s), "--silence", str(silence_s), "--powers", powers,
                duration_s=duration_s,
            )  # fmt: skip
        wire = self._look(skip)
        valid_per_s = done["valid"] / done["elapsed_s"]
        return _Result(
            valid_per_s,
            valid_per_s / allowed_per_s(self.baudrate, _TURNAROUND_S),
            valid_per_s / allowed_per_s(self.baudrate, wire.turnaround_s),
            wire,
            done["wrong"] + done["failed"],
            1e6 * done["cpu_s"] / max(1, done["valid"]),
        )

    def _look(self, skip: int) -> _Wire:
        """Read the log from byte `skip` on. Raises RuntimeError when nothing was answered."""
        need_ns = silence_ns(self.baudrate, _BITS_PER_CHAR) - _SILENCE_TOLERANCE_NS
        early: list[bool] = []
        turnaround_ns: list[int] = []
        before: dict[str, Any] | None = None
        for burst in self._bursts(skip):
            if before is not None and burst["node"] != before["node"]:
                gap_ns = burst["start_ns"] - before["end_ns"]
                if burst["node"] == "gateway":
                    early.append(gap_ns < need_ns)
                else:
                    turnaround_ns.append(gap_ns)
            before = burst
        if not early or not turnaround_ns:
            raise RuntimeError(f"{self._log}: nothing was answered on the line; not measured")
        return _Wire(sum(early) / len(early), statistics.fmean(turnaround_ns) / 1e9)

    def _bursts(self, skip: int) -> Iterator[dict[str, Any]]:
        with self._log.open() as file:
            file.seek(skip)
            for line in file:
                yield json.loads(line)


def _measure(run: Run) -> list[Row]:
    rows: list[Row] = []
    for baudrate in _BAUDRATES:
        with contextlib.ExitStack() as ends:
            folder = Path(tempfile.mkdtemp(prefix="denban-"))
            ends.callback(shutil.rmtree, folder, ignore_errors=True)
            rows += _measure_line(run, _Line(folder, baudrate, ends))
    return rows


def _measure_line(run: Run, line: _Line) -> list[Row]:
    masters = _masters()
    results: dict[str, list[_Result]] = {master.name: [] for master in masters}
    for number in range(_rounds(run)):
        for master in masters:
            if not master.missing:
                run.step(f"{line.baudrate} bit/s, round {number + 1}: {master.name}")
                results[master.name].append(line.measure(master, _duration_s(run)))
    return [_row(line.baudrate, master, results[master.name]) for master in masters]


def _row(baudrate: int, master: _Master, results: list[_Result]) -> Row:
    what = f"{baudrate} bit/s: {master.name}"
    if master.missing:
        return Row(
            figure=_NAME,
            what=what,
            measured="",
            verdict="not installed",
            against=master.missing,
        )
    share_ratio = statistics.median(result.share_ratio for result in results)
    seen_ratio = statistics.median(result.seen_share_ratio for result in results)
    valid_per_s = statistics.median(result.valid_per_s for result in results)
    early_ratio = max(result.wire.early_ratio for result in results)
    turnaround_ms = 1e3 * statistics.median(result.wire.turnaround_s for result in results)
    bad = sum(result.bad for result in results)
    cpu_us = statistics.median(result.cpu_us_per_read for result in results)
    is_ours = master.module is None
    return Row(
        figure=_NAME,
        what=what,
        measured=f"{share_ratio:.1%} of what the line allows, {valid_per_s:.1f} replies/s",
        target=f"≥ {_SHARE_MIN:.0%}" if is_ours else "",
        verdict=verdict(share_ratio >= _SHARE_MIN) if is_ours else "shown",
        against=(
            f"{seen_ratio:.1%} with the turn-around of {turnaround_ms:.2f} ms on the line; silence"
            f" cut short {early_ratio:.0%}, bad {bad}, CPU {cpu_us:.0f} µs a reply"
        ),
        numbers={
            "valid_per_s": [result.valid_per_s for result in results],
            "share_ratio": [result.share_ratio for result in results],
            "seen_share_ratio": [result.seen_share_ratio for result in results],
            "turnaround_ms": turnaround_ms,
            "early_ratio": early_ratio,
            "bad_count": bad,
            "cpu_us_per_read": cpu_us,
        },
    )


def _rounds(run: Run) -> int:
    return run.pick(3, 1)


def _duration_s(run: Run) -> int:
    return run.pick(3, 2)


def _total_s(run: Run) -> float:
    present = sum(not master.missing for master in _masters())
    return len(_BAUDRATES) * present * _rounds(run) * (_duration_s(run) + _START_S)


FIGURE = Figure(_NAME, "use of a paced RS-485 line", _total_s, _measure)
