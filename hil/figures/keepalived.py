"""The yardstick of the twin's figures: take-over of an address by keepalived, on this machine.

keepalived guards an address, not a bus: what is compared is the time until the other one acts, and
whether the first one still does.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from hil.figures.figure import Figure, Row, Run
from hil.figures.keepalived_pair import Fault, KeepalivedPair, Trial, reason_to_skip

_NAME = "twin"
_ADVERTS_S = (1.0, 0.1)
_WORDS: dict[Fault, str] = {
    "kill": "processes killed",
    "freeze": "processes frozen",
    "cut": "silent cut of its network",
    "stop": "planned stop",
}
_FULL, _QUICK = 20, 4
_SETUP_S = 6.0
_TRIAL_S = {1.0: 5.5, 0.1: 1.2}


def _measure(run: Run) -> list[Row]:
    if reason := reason_to_skip(shutil.which, os.geteuid()):
        return [
            Row(
                figure=_NAME,
                what="keepalived",
                measured="",
                verdict="not installed",
                against=reason,
            )
        ]
    count = run.pick(_FULL, _QUICK)
    trials = {advert_s: _all_faults(run, advert_s, count) for advert_s in _ADVERTS_S}
    return [row(fault, {each_s: trials[each_s][fault] for each_s in trials}) for fault in _WORDS]


def _all_faults(run: Run, advert_s: float, count: int) -> dict[Fault, list[Trial]]:
    """Each fault on a pair of its own, all at once: the daemons sleep nearly all the time."""
    done: list[Fault] = []

    def tell(fault: Fault) -> None:
        done.append(fault)
        run.step(f"keepalived, advert {advert_s:g} s: {len(done)} of {len(_WORDS) * count} trials")

    with ThreadPoolExecutor(len(_WORDS)) as pool:
        running = {
            fault: pool.submit(_one_fault, run.folder, advert_s, fault, count, tell)
            for fault in _WORDS
        }
        return {fault: each.result() for fault, each in running.items()}


def _one_fault(
    parent: Path, advert_s: float, fault: Fault, count: int, tell: Callable[[Fault], None]
) -> list[Trial]:
    trials: list[Trial] = []
    with (
        tempfile.TemporaryDirectory(prefix="keepalived-", dir=parent) as folder,
        KeepalivedPair(Path(folder), advert_s, seed=list(_WORDS).index(fault)) as pair,
    ):
        for _ in range(count):
            trials.append(pair.trial(fault))
            tell(fault)
    return trials


def row(fault: Fault, trials: dict[float, list[Trial]]) -> Row:
    """One fault at each advert interval."""
    return Row(
        figure=_NAME,
        what=f"keepalived, {_WORDS[fault]}: the address at the other machine after",
        measured="; ".join(
            f"advert {advert_s:g} s: {_shown(each)}" for advert_s, each in trials.items()
        ),
        against="; ".join(
            f"{_held_count(each)} of {len(each)} times the first one still held it"
            for each in trials.values()
        ),
        numbers={
            f"advert_{advert_s:g}_s": msgspec.to_builtins(each) for advert_s, each in trials.items()
        },
    )


def _shown(trials: list[Trial]) -> str:
    taken_s = [trial.taken_s for trial in trials if trial.taken_s is not None]
    never = f", {len(trials) - len(taken_s)} never" if len(taken_s) < len(trials) else ""
    if not taken_s:
        return f"never (n {len(trials)})"
    return (
        f"{statistics.median(taken_s):.2f} s"
        f" ({min(taken_s):.2f} to {max(taken_s):.2f}, n {len(trials)}{never})"
    )


def _held_count(trials: list[Trial]) -> int:
    return sum(trial.is_held for trial in trials)


def _duration_s(run: Run) -> float:
    count = run.pick(_FULL, _QUICK)
    return sum(_SETUP_S + count * _TRIAL_S[advert_s] for advert_s in _ADVERTS_S)


FIGURE = Figure(_NAME, "keepalived, the yardstick of the twin", _duration_s, _measure)
