"""The histogram: exact count and maximum, quantiles within a sixteenth above the truth."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from edge.scan.histogram import Histogram, Quantiles


def test_histogram_of_one_to_thousand_gives_its_quantiles() -> None:
    histogram = Histogram()
    for value_ns in range(1, 1001):
        histogram.record(value_ns)
    # The bucket ends are 511, 991 and 1023, the last cut off at the greatest value.
    assert histogram.quantiles() == Quantiles(1000, 511, 991, 1000, 1000)


def test_histogram_without_values_gives_zeros() -> None:
    assert Histogram().quantiles() == Quantiles(0, 0, 0, 0, 0)


def test_histogram_cleared_begins_anew() -> None:
    histogram = Histogram()
    histogram.record(5000)
    histogram.clear()
    assert histogram.quantiles() == Quantiles(0, 0, 0, 0, 0)
    histogram.record(7)
    assert histogram.quantiles() == Quantiles(1, 7, 7, 7, 7)


def test_histogram_of_values_out_of_range_keeps_them_at_its_ends() -> None:
    histogram = Histogram()
    histogram.record(-5)
    histogram.record(1 << 50)
    end_ns = (1 << 40) - 1
    assert histogram.quantiles() == Quantiles(2, 0, end_ns, end_ns, end_ns)


@given(
    st.lists(st.integers(0, (1 << 40) - 1), min_size=1, max_size=200),
    st.sampled_from([0.01, 0.5, 0.9, 0.99, 0.999, 1.0]),
)
def test_histogram_quantile_is_at_most_a_sixteenth_above_the_true_one(
    values_ns: list[int], ratio: float
) -> None:
    histogram = Histogram()
    for value_ns in values_ns:
        histogram.record(value_ns)
    true_ns = sorted(values_ns)[math.ceil(ratio * len(values_ns)) - 1]
    assert true_ns <= histogram.quantile_ns(ratio) <= true_ns + true_ns // 16
