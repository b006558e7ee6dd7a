"""The gateway at work: 8 meters polled without a pause, 16 relays, 4 pulse inputs.

One run gives lateness, missed scans, cost of the processes and writes to the disk: a half in which
no relay moves and a half in which one moves each minute.
"""

from __future__ import annotations

import time

import msgspec

from hil.boottime import boottime_ns
from hil.figures import lateness, plant, processes
from hil.figures.figure import Figure, Row, Run, verdict
from hil.figures.plant import PlantSize
from hil.figures.processes import Memory
from hil.figures.quantiles import Quantiles, quantiles
from hil.figures.rig import GatewayRig

_NAME = "loaded"
_WINDOW_S = 10
_SETTLE_S = 10.0
_MOVE_EVERY_S = 60.0
_CPU_RATIO_MAX = 0.03
_RSS_BYTES_MAX = 50e6
_LATE_RATIO_MAX = 2.0
_MB = 1e6
_DAY_S = 86_400
_US = "µs p50 / p99 / p99.9 / max"


class _Half(msgspec.Struct):
    """What one half has cost: by process, and at the scan."""

    duration_s: float
    cpu_ratio: dict[str, float]
    memory: dict[str, Memory]
    written_bytes: int
    moves_count: int


class _Lateness(msgspec.Struct):
    """All windows together, in µs."""

    cyclictest: list[float]
    scan: list[float]


class _Loaded:
    def __init__(self, run: Run, rig: GatewayRig) -> None:
        self._run = run
        self._rig = rig
        self._late = _Lateness([], [])
        self._shed: dict[str, bool] = {}
        self._windows_count = 0

    def measure(self) -> list[Row]:
        self._rig.start()
        time.sleep(_SETTLE_S)
        scans_before = self._rig.status()["health"]["scans"]
        quiet = self._half("quiet", moving=False)
        moving = self._half("a relay move a minute", moving=True)
        health = self._rig.status()["health"]
        return [
            *_lateness_rows(self._late, health),
            _missed_row(health, scans_before),
            *_cost_rows(quiet),
            *_written_rows(quiet, moving),
        ]

    def _half(self, title: str, *, moving: bool) -> _Half:
        rig = self._rig
        pids = {
            "control": rig.controller.pid,
            "bus worker": rig.child("edge.bus"),
            "keeper": rig.child("edge.keeper"),
        }
        began_ns, began_s = boottime_ns(), time.monotonic()
        cpu_before = {name: processes.cpu_ns(pid) for name, pid in pids.items()}
        written_before = processes.written_bytes(pids["keeper"])
        move_s = began_s
        while (elapsed_s := time.monotonic() - began_s) < self._run.loaded_s:
            self._run.step(f"{title}: {elapsed_s:.0f} of {self._run.loaded_s:.0f} s")
            if moving and time.monotonic() >= move_s:
                move_s += _MOVE_EVERY_S
                self._move()
            self._window()
        duration_s = time.monotonic() - began_s
        moves = [each for each in rig.moves(began_ns) if each["event"] == "line"]
        return _Half(
            duration_s,
            {n: (processes.cpu_ns(p) - cpu_before[n]) / 1e9 / duration_s for n, p in pids.items()},
            {name: processes.memory(pid) for name, pid in pids.items()},
            processes.written_bytes(pids["keeper"]) - written_before,
            len(moves),
        )

    def _move(self) -> None:
        """Shed or give back the next load by hand, the only thing that moves a relay here."""
        name = plant.load_name(len(self._shed) // 2 % self._rig.size.loads)
        shed = not self._shed.get(name, False)
        answer = self._rig.desk.override(name, "shed" if shed else "auto", 3600)
        if not answer["ok"]:
            raise RuntimeError(f"override of {name}: refused: {answer['text']}")
        self._shed[name] = shed

    def _window(self) -> None:
        """Ten seconds of one or the other, in turn."""
        self._windows_count += 1
        if not lateness.has_cyclictest():
            time.sleep(_WINDOW_S)
        elif self._windows_count % 2:
            self._late.cyclictest += lateness.cyclictest_us(_WINDOW_S)
        else:
            self._late.scan += lateness.scan_us(_WINDOW_S)


def _lateness_rows(late: _Lateness, health: dict[str, float]) -> list[Row]:
    ours = Quantiles(
        int(health["scans"]),
        health["late_us_p50"],
        health["late_us_p99"],
        health["late_us_p999"],
        health["late_us_max"],
    )
    peer = quantiles(late.cyclictest) if late.cyclictest else None
    rows = [_late_row(f"control process, 100 ms, {_US}", ours, peer)]
    if late.scan:
        rows.append(_late_row(f"scan loop alone, 10 ms, {_US}", quantiles(late.scan), peer))
    return rows


def _late_row(what: str, ours: Quantiles, peer: Quantiles | None) -> Row:
    target = f"p99.9 ≤ {_LATE_RATIO_MAX:g} × cyclictest's"
    numbers = {"late_us": msgspec.to_builtins(ours)}
    if peer is None:
        against = "cyclictest: not installed (apt install rt-tests)"
        return Row(
            figure=_NAME,
            what=what,
            measured=_shown(ours),
            target=target,
            verdict="not installed",
            against=against,
            numbers=numbers,
        )
    return Row(
        figure=_NAME,
        what=what,
        measured=_shown(ours),
        target=target,
        verdict=verdict(ours.p999 <= _LATE_RATIO_MAX * peer.p999),
        against=f"cyclictest {_shown(peer)}",
        numbers={**numbers, "cyclictest_late_us": msgspec.to_builtins(peer)},
    )


def _shown(late: Quantiles) -> str:
    figures = f"{late.p50:.0f} / {late.p99:.0f} / {late.p999:.0f} / {late.max:.0f}"
    return f"{figures} (n {late.count})"


def _missed_row(health: dict[str, float], scans_before: int) -> Row:
    missed = int(health["overruns"])
    scans = int(health["scans"]) - scans_before
    return Row(
        figure=_NAME,
        what="scans missed since the start",
        measured=f"{missed} of {scans} ({scans / 10 / 60:.0f} min)",
        target="0",
        verdict=verdict(missed == 0),
        numbers={"missed_count": missed, "scans_count": scans},
    )


def _cost_rows(half: _Half) -> list[Row]:
    control, worker = half.memory["control"], half.memory["bus worker"]
    rss_bytes = control.rss_bytes + worker.rss_bytes
    shares = {name: f"{ratio:.2%}" for name, ratio in half.cpu_ratio.items()}
    keeper = half.memory["keeper"]
    return [
        Row(
            figure=_NAME,
            what="CPU of one core, control process",
            measured=shares.pop("control"),
            target=f"≤ {_CPU_RATIO_MAX:.0%}",
            verdict=verdict(half.cpu_ratio["control"] <= _CPU_RATIO_MAX),
            against=", ".join(f"{name} {share}" for name, share in shares.items()),
            numbers={"cpu_ratio": half.cpu_ratio, "duration_s": half.duration_s},
        ),
        Row(
            figure=_NAME,
            what="memory (RSS), control process and bus worker",
            measured=f"{rss_bytes / _MB:.1f} MB",
            target=f"≤ {_RSS_BYTES_MAX / _MB:.0f} MB",
            verdict=verdict(rss_bytes <= _RSS_BYTES_MAX),
            against=(
                f"without pages counted twice (PSS): {_pss_mb(control, worker):.1f} MB; "
                f"keeper {keeper.rss_bytes / _MB:.1f} MB RSS, {keeper.pss_bytes / _MB:.1f} MB PSS"
            ),
            numbers={"memory": msgspec.to_builtins(half.memory)},
        ),
    ]


def _pss_mb(*each: Memory) -> float:
    return sum(memory.pss_bytes for memory in each) / _MB


def _written_rows(quiet: _Half, moving: _Half) -> list[Row]:
    return [
        _written_row("no relay moves", quiet),
        _written_row(f"{moving.moves_count} relay moves, one a minute", moving),
    ]


def _written_row(what: str, half: _Half) -> Row:
    mb_per_day = half.written_bytes / half.duration_s * _DAY_S / _MB
    return Row(
        figure=_NAME,
        what=f"written to the disk, {what}",
        measured=f"{mb_per_day:.0f} MB a day",
        numbers={
            "written_mb_per_day": mb_per_day,
            "duration_s": half.duration_s,
            "moves_count": half.moves_count,
        },
    )


def _measure(run: Run) -> list[Row]:
    with GatewayRig(run.folder, PlantSize()) as rig:
        return _Loaded(run, rig).measure()


FIGURE = Figure(
    _NAME,
    "the gateway at work: lateness, missed scans, CPU, memory, disk",
    lambda run: 2 * run.loaded_s + 2 * _WINDOW_S + _SETTLE_S,
    _measure,
)
