"""The twin: what a takeover costs after each fault, and what having a twin costs at all."""

from __future__ import annotations

from hil.figures import twin_load, twin_rows
from hil.figures.figure import Figure, Row, Run
from hil.figures.twin_pair import Fault, PairTrials, calm_works, cpu_ratio_alone
from hil.figures.twin_rows import Limit, Trial
from hil.network.space import reason_to_skip
from hil.pair import Pair

_ONE_POLL_S = 0.2  # the meters' period in the bench's site file
_TIER_0: dict[Fault, tuple[str, Limit]] = {
    "kill": ("control process killed", Limit(0.5, "≤ 0.5 s")),
    "freeze": ("whole machine frozen, tier 0", Limit(3.15, "≤ 3.15 s")),
    "silent": ("power cut, tier 0", Limit(3.15, "≤ 3.15 s")),
    "handover": ("planned handover", Limit(_ONE_POLL_S, f"≤ one poll ({_ONE_POLL_S:g} s)")),
}
_TIER_1: dict[Fault, tuple[str, Limit]] = {
    "freeze": ("whole machine frozen, tier 1", Limit(1.25, "≤ 1.25 s")),
    "silent": ("power cut, tier 1", Limit(1.25, "≤ 1.25 s")),
}
_FULL, _QUICK = 20, 2
_TRIAL_S = 9.0
_BEGIN_S = 15.0
_LOAD_S = 600
_LOAD_QUICK_S = 20
_CPU_S = 60
_CPU_QUICK_S = 5
_CPU_RATIO_MAX = 0.01


def _measure(run: Run) -> list[Row]:
    if reason := reason_to_skip():
        return [
            Row(
                figure=twin_rows.NAME,
                what="the pair",
                measured="",
                verdict="not installed",
                against=f"network namespaces: {reason}",
            )
        ]
    rows: list[Row] = []
    trials: list[Trial] = []
    with Pair(calm_works()) as pair:
        bench = PairTrials(pair)
        bench.start()
        rows += _takeovers(run, bench, _TIER_0, trials)
        rows += [_under_load(run, bench), _cpu(run, bench)]
    with Pair(calm_works(enable_lines=True)) as pair:
        bench = PairTrials(pair)
        bench.start()
        rows += _takeovers(run, bench, _TIER_1, trials)
    return [*rows, twin_rows.calm_row(trials)]


def _takeovers(
    run: Run,
    bench: PairTrials,
    faults: dict[Fault, tuple[str, Limit]],
    seen: list[Trial],
) -> list[Row]:
    rows = []
    count = run.pick(_FULL, _QUICK)
    for fault, (what, limit) in faults.items():
        trials = []
        for number in range(count):
            run.step(f"{what}: {number + 1} of {count}")
            trials.append(bench.trial(fault))
        seen += trials
        text = f"{what}: last query of the one to first query of the other, median"
        rows.append(twin_rows.gap_row(text, trials, limit))
    return rows


def _under_load(run: Run, bench: PairTrials) -> Row:
    duration_s = run.pick(_LOAD_S, _LOAD_QUICK_S)
    changes = bench.changes_under_load(
        duration_s, lambda elapsed_s: run.step(f"under load: {elapsed_s:.0f} of {duration_s} s")
    )
    return twin_rows.false_row(duration_s, changes, twin_load.TEXT)


def _cpu(run: Run, bench: PairTrials) -> Row:
    duration_s = run.pick(_CPU_S, _CPU_QUICK_S)
    run.step("CPU with a twin")
    paired_ratio = bench.cpu_ratio(duration_s)
    run.step("CPU without a twin")
    return twin_rows.cpu_row(cpu_ratio_alone(duration_s), paired_ratio, _CPU_RATIO_MAX)


def _duration_s(run: Run) -> float:
    trials_count = run.pick(_FULL, _QUICK) * (len(_TIER_0) + len(_TIER_1))
    load_s, cpu_s = run.pick(_LOAD_S, _LOAD_QUICK_S), run.pick(_CPU_S, _CPU_QUICK_S)
    return trials_count * _TRIAL_S + load_s + 2 * cpu_s + 3 * _BEGIN_S


FIGURE = Figure(twin_rows.NAME, "the twin: takeovers, handover, calm, cost", _duration_s, _measure)
