"""Verdicts on trials of the pair: the worst one decides, and nobody on duty is never good."""

from __future__ import annotations

import pytest

from hil.figures.twin_rows import Limit, Trial, calm_row, cpu_row, false_row, gap_row

LIMIT = Limit(0.5, "≤ 0.5 s")


def test_gap_of_trials_below_the_limit_is_met_with_median_and_worst() -> None:
    row = gap_row("process killed", [Trial(0.2), Trial(0.3), Trial(0.5)], LIMIT)
    assert (row.verdict, row.measured) == ("met", "0.30 s, worst 0.50 s (n 3)")


@pytest.mark.parametrize(
    ("trials", "measured"),
    [
        ([Trial(0.2), Trial(0.51)], "0.35 s, worst 0.51 s (n 2)"),
        ([Trial(0.2), Trial(None)], "0.20 s, worst 0.20 s (n 2, 1 never)"),
        ([Trial(None)], "never (n 1)"),
        ([], "never (n 0)"),
    ],
    ids=["one too long", "one without a takeover", "none took over", "no trial"],
)
def test_gap_of_trials_with_a_bad_one_is_missed(trials: list[Trial], measured: str) -> None:
    row = gap_row("process killed", trials, LIMIT)
    assert (row.verdict, row.measured) == ("missed", measured)


def test_calm_row_counts_moves_and_collisions_of_all_trials() -> None:
    assert calm_row([Trial(0.2), Trial(0.3)]).verdict == "met"
    row = calm_row([Trial(0.2, moves_count=1), Trial(0.3, collisions_count=2)])
    assert (row.verdict, row.measured) == ("missed", "1, 2")
    assert calm_row([]).verdict == "missed"


def test_false_takeover_under_load_is_told_in_words() -> None:
    assert false_row(600, [], "load").verdict == "met"
    row = false_row(600, ["EG-KITA standby to active"], "load")
    assert (row.verdict, row.measured, row.against) == ("missed", "1", "EG-KITA standby to active")
    assert row.what == "false takeovers in 10.0 min under load"


def test_cpu_is_the_difference_a_twin_makes() -> None:
    row = cpu_row(0.008, 0.0175, 0.01)
    assert (row.verdict, row.measured) == ("met", "0.95%")
    assert cpu_row(0.008, 0.019, 0.01).verdict == "missed"
