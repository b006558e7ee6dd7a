"""Trials on the real pair: a fault at the gateway on duty, and what a witness outside both saw."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import signal
import time
from collections.abc import Callable
from typing import Literal

from hil.bench import Bench
from hil.boottime import boottime_ns
from hil.figures import processes, twin_load
from hil.figures.twin_rows import Trial
from hil.gateway import Gateway
from hil.pair import Pair
from hil.witness import Witness
from hil.works import Works

Fault = Literal["kill", "freeze", "silent", "handover"]

# Held shed by hand all the time: contacts in parallel, so nothing may move them. The contract is
# out of reach, so nothing else does.
_HELD = ("chiller-1", "compressor")
_HOLD_S = 86_400
_SETTLE_S_MAX = 30.0
_TAKEN_S_MAX = 15.0
_STEADY_S = 3.0  # a fault sooner after the one before is a second one
_PHASE_S = 0.5  # more than a scan and a poll, so that faults come at every phase of both
_AFTER_S = 0.5  # the witness looks on, for a query of the old one or a late move
_REBOOT_S = 1.0
_NS_PER_S = 1_000_000_000


def calm_works(*, enable_lines: bool = False) -> Works:
    """Works in which nothing has to be shed, and what is held shed may be for long."""
    return Works(contract_kw=800, base_kw=100, max_shed_s=_HOLD_S, enable_lines=enable_lines)


def judge(witness: Witness, old: str, new: str, fault_ns: int) -> Trial:
    """From the last query of the old one to the first of the new one, wherever the fault lay."""
    first = witness.first_of(new, fault_ns)
    last = witness.last_of(old, until_ns=first.start_ns) if first is not None else None
    held_moves = [move for move in witness.load_moves(fault_ns) if move.load in _HELD]
    return Trial(
        gap_s=(first.start_ns - last.end_ns) / _NS_PER_S if first and last else None,
        moves_count=len(held_moves),
        collisions_count=len(witness.overlaps(fault_ns)),
    )


class PairTrials:
    """`pair` is entered and not started. Roles change places with each trial."""

    def __init__(self, pair: Pair, seed: int = 1) -> None:
        self._pair = pair
        self._random = random.Random(seed)

    def start(self) -> None:
        """Both up, as services would have them; loads held shed by hand."""
        for gateway in self._pair.gateways.values():
            gateway.supervised = True
            gateway.reboots_after_s = _REBOOT_S
            gateway.start(wait=False)
        active = self.settled()
        for load in _HELD:
            self._pair.wait(f"{load} held", functools.partial(_hold, active, load))
        self._pair.wait("held loads shed", self._are_held_shed)

    def _are_held_shed(self) -> bool:
        """A load that has run for too short a time is shed later."""
        last = {move.load: move.shed for move in self._pair.witness().load_moves()}
        return all(last.get(load) for load in _HELD)

    def settled(self) -> Gateway:
        """The one on duty, once the other one would take over at once."""

        def look() -> Gateway | None:
            for unit, twin in self._pair.twins().items():
                if twin and twin["role"] == "active" and twin["holds_bus"]:
                    return self._pair.gateways[unit] if twin["peer"]["ready"] else None
            return None

        return self._pair.wait("one on duty and one ready", look, _SETTLE_S_MAX)

    def trial(self, fault: Fault) -> Trial:
        """One fault at the gateway on duty, which is mended afterwards."""
        old = self.settled()
        new = self._pair.other(old)
        time.sleep(_STEADY_S + self._random.random() * _PHASE_S)
        fault_ns = boottime_ns()
        _FAULTS[fault](old, new)
        with contextlib.suppress(TimeoutError):
            self._pair.wait("a taker", lambda: _is_on_bus(new), _TAKEN_S_MAX)
        time.sleep(_AFTER_S)
        seen = judge(self._pair.witness(), old.unit, new.unit, fault_ns)
        if fault == "silent":
            old.reboots_after_s = _REBOOT_S
            old.start(wait=False)
        return seen

    def changes_under_load(self, duration_s: float, tell: Callable[[float], None]) -> list[str]:
        """Every change of who drives the line, and of the epoch, while nothing is wrong."""
        before, since_ns = self._epoch(), boottime_ns()
        with twin_load.load(self._pair.folder):
            while (elapsed_s := (boottime_ns() - since_ns) / _NS_PER_S) < duration_s:
                tell(elapsed_s)
                time.sleep(1.0)
        found = [f"{each.old} to {each.new}" for each in self._pair.witness().takeovers(since_ns)]
        after = self._epoch()
        return found if before == after else [*found, f"epoch {before} to {after}"]

    def _epoch(self) -> int:
        twin = self._pair.twins()[self.settled().unit]
        assert twin is not None
        return int(twin["epoch"])

    def cpu_ratio(self, duration_s: float) -> float:
        """Of the control process that takes more, in quiet times."""
        self.settled()
        pids = [gateway.control_pid for gateway in self._pair.gateways.values()]
        return max(_cpu_ratios(pids, duration_s))


def cpu_ratio_alone(duration_s: float) -> float:
    """Of the control process of the same works with one gateway."""
    with Bench(calm_works()) as bench:
        controller = bench.start_controller()
        time.sleep(_SETTLE_S_MAX / 6)
        return max(_cpu_ratios([controller.pid], duration_s))


def _cpu_ratios(pids: list[int], duration_s: float) -> list[float]:
    began_s, before = time.monotonic(), [processes.cpu_ns(pid) for pid in pids]
    time.sleep(duration_s)
    elapsed_ns = (time.monotonic() - began_s) * _NS_PER_S
    return [
        (processes.cpu_ns(pid) - cpu_ns) / elapsed_ns
        for pid, cpu_ns in zip(pids, before, strict=True)
    ]


def _hold(active: Gateway, load: str) -> bool:
    return bool(active.desk.override(load, "shed", _HOLD_S)["ok"])


def _is_on_bus(gateway: Gateway) -> bool:
    twin = (gateway.desk.status() or {}).get("twin")
    return bool(twin and twin["role"] == "active" and twin["holds_bus"])


def _kill(old: Gateway, _new: Gateway) -> None:
    os.kill(old.control_pid, signal.SIGKILL)


def _freeze(old: Gateway, _new: Gateway) -> None:
    """The machine hangs; its watchdog resets it by and by."""
    for pid in old.pids():
        os.kill(pid, signal.SIGSTOP)


def _cut_power(old: Gateway, _new: Gateway) -> None:
    old.reboots_after_s = None
    old.cut_power()


def _hand_over(_old: Gateway, new: Gateway) -> None:
    done = new.command("handover", new.unit, "--yes", new.unit)
    if done.returncode:
        raise RuntimeError(f"denban handover: exit code {done.returncode}: {done.stderr.strip()}")


_FAULTS: dict[Fault, Callable[[Gateway, Gateway], None]] = {
    "kill": _kill,
    "freeze": _freeze,
    "silent": _cut_power,
    "handover": _hand_over,
}
