"""The pair for minutes or hours under a plant that comes and goes, with handovers by order.

Nothing is broken on purpose. Samples are written as they come, so a run that is cut is not lost.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from hil.figures.twin_pair import PairTrials
from hil.life.reading import Reading, StoreReading, read_process, read_store
from hil.pair import Pair

_SAMPLE_S: Final = 10.0
_HANDOVER_S: Final = 600.0
# Base loads that make the pair shed and restore: with all loads of 390 kW on top of them the
# contract of 600 kW is passed at the upper ones.
_BASE_S: Final = 45.0
_BASES_KW: Final = (60, 120, 180, 260, 320, 380)
_LOOK_S: Final = 0.5
_REBOOT_S: Final = 1.0
# Longer than a virtual machine's host stops it at times; the pair takes over later for it.
_WATCHDOG_S: Final = 15
# Waking so much too late means that the machine which runs the bench stood still, and with it both
# gateways.
_STALL_S: Final = 1.0


class Life(msgspec.Struct, frozen=True):
    """`incidents`: what should not be in a quiet run. `stalls_s`: when the machine that runs the
    bench stood still, and for how long; `resets` by a watchdog come from there or are ours.
    """

    minutes: float
    readings: list[Reading]
    stores: list[StoreReading]
    handovers: int
    takeovers: int
    collisions: int
    load_moves: int
    resets: int
    stalls_s: list[tuple[float, float]]
    incidents: list[str]


class Run:
    """`out` is an existing folder; `tell` hears of progress."""

    def __init__(self, out: Path, minutes: float, tell: Callable[[str], None]) -> None:
        self._out = out
        self._minutes = minutes
        self._tell = tell
        self._readings: list[Reading] = []
        self._stores: list[StoreReading] = []
        self._incidents: list[str] = []
        self._stalls_s: list[tuple[float, float]] = []
        self._handovers = 0
        self._draw = random.Random(1)

    def live(self) -> Life:
        pair = Pair()
        pair.works = msgspec.structs.replace(pair.works, watchdog_s=_WATCHDOG_S)
        with pair, (self._out / "samples.jsonl").open("wb") as file:
            for gateway in pair.gateways.values():
                gateway.supervised = True
                gateway.reboots_after_s = _REBOOT_S
                gateway.start(wait=False)
            trials = PairTrials(pair)
            trials.settled()
            self._go_on(pair, trials, file)
            witness = pair.witness()
            pair.keep(self._out / "left")
            return Life(
                self._minutes,
                self._readings,
                self._stores,
                self._handovers,
                len(witness.takeovers()),
                len(witness.overlaps()),
                len(witness.load_moves()),
                sum(len(witness.resets(unit)) for unit in pair.gateways),
                self._stalls_s,
                self._incidents,
            )

    def _go_on(self, pair: Pair, trials: PairTrials, file: Any) -> None:
        began_s = time.monotonic()
        due = {"sample": 0.0, "base": 0.0, "handover": _HANDOVER_S}
        while (elapsed_s := time.monotonic() - began_s) < self._minutes * 60:
            if elapsed_s >= due["sample"]:
                due["sample"] += _SAMPLE_S
                self._sample(pair, elapsed_s, file)
            if elapsed_s >= due["base"]:
                due["base"] += _BASE_S
                pair.set_base_kw(self._draw.choice(_BASES_KW))
            if elapsed_s >= due["handover"]:
                due["handover"] += _HANDOVER_S
                self._hand_over(pair, trials, elapsed_s)
            for gateway in pair.gateways.values():
                gateway.attend()
            self._pause(elapsed_s)

    def _pause(self, elapsed_s: float) -> None:
        began_s = time.monotonic()
        time.sleep(_LOOK_S)
        late_s = time.monotonic() - began_s - _LOOK_S
        if late_s > _STALL_S:
            self._stalls_s.append((round(elapsed_s, 1), round(late_s, 1)))

    def _sample(self, pair: Pair, elapsed_s: float, file: Any) -> None:
        seen: list[Reading | StoreReading] = []
        for unit, gateway in pair.gateways.items():
            for pid in gateway.pids():
                if reading := read_process(pid, unit, elapsed_s):
                    self._readings.append(reading)
                    seen.append(reading)
            store = read_store(gateway.store, gateway.log, unit, elapsed_s)
            self._stores.append(store)
            seen.append(store)
        file.write(b"".join(msgspec.json.encode(each) + b"\n" for each in seen))
        file.flush()
        self._tell(f"{elapsed_s / 60:.1f} of {self._minutes:g} min, {len(seen)} readings")

    def _hand_over(self, pair: Pair, trials: PairTrials, elapsed_s: float) -> None:
        try:
            new = pair.other(trials.settled())
            done = new.command("handover", new.unit, "--yes", new.unit)
        except (OSError, RuntimeError, TimeoutError) as error:
            self._incidents.append(f"{elapsed_s:.0f} s: handover: {error}"[:500])
            return
        if done.returncode:
            self._incidents.append(f"{elapsed_s:.0f} s: handover: {done.stderr.strip()}"[:500])
        else:
            self._handovers += 1
