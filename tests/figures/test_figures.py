"""What the figures' rows are made of: quantiles, cyclictest's histogram, the line's allowance.

The measurements themselves are `make bench`'s; a test of them would test this machine.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config.load import load_site
from hil.figures import decision, lateness, line, plant, programs, report
from hil.figures.clients.loop import Tally
from hil.figures.figure import Row
from hil.figures.plant import PlantSize
from hil.figures.quantiles import Quantiles, quantiles
from tests.figures.decide import Works, spec_of

WHERE = {
    "measured_at": "2026-01-02 03:04 UTC",
    "kernel": "Linux 6",
    "python": "3.13",
    "processors": 2,
    "processor": "Some CPU",
    "virtual": True,
    "load_before": 0.5,
}


def test_quantiles_of_a_thousand_samples_take_the_nearest_rank() -> None:
    samples = [float(value) for value in range(1000, 0, -1)]
    assert quantiles(samples) == Quantiles(1000, 500.0, 990.0, 999.0, 1000.0)


def test_quantiles_of_few_samples_end_at_the_largest() -> None:
    assert quantiles([3.0, 1.0, 2.0]) == Quantiles(3, 2.0, 3.0, 3.0, 3.0)


def test_quantiles_of_no_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="got no samples"):
        quantiles([])


def test_cyclictest_histogram_counts_every_sample_and_those_beyond_it() -> None:
    text = (
        "# /dev/cpu_dma_latency set to 0us\n# Histogram\n000000 000000\n000029 000002\n"
        "000031 000001\n# Total: 000000003\n# Min Latencies: 00029\n"
        "# Histogram Overflows: 00001\n# Thread 0: 00003\n"
    )
    assert lateness.parse(text) == [29.0, 29.0, 31.0, 60_000.0]


def test_line_at_9600_allows_what_bits_silence_and_turnaround_leave() -> None:
    """17 characters of 11 bits: 19.479 ms; 3.5 characters: 4.010 ms; 5 ms: 28.490 ms in all."""
    assert line.allowed_per_s(9600, 0.005) == pytest.approx(1 / 0.028490, rel=1e-4)


def test_bend_of_a_straight_line_is_one_and_of_a_parabola_above() -> None:
    assert decision.bend_ratio([8, 16, 32, 64], [18, 26, 42, 74]) == pytest.approx(1.0)
    assert decision.bend_ratio([8, 16, 32, 64], [64, 256, 1024, 4096]) > 1.5


def test_tally_tells_another_meters_power_from_its_own() -> None:
    tally = Tally()
    tally.count([0x447A, 0x0000], 1000.0)
    tally.count((0x44FA, 0x0000), 1000.0)
    tally.count(None, 1000.0)
    assert (tally.valid, tally.wrong, tally.failed) == (1, 1, 1)


def test_docs_get_the_rows_between_the_markers_and_nothing_else_changes(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    path.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    rows = [
        Row(figure="line", what="use", measured="96 %", target="≥ 95 %", verdict="met"),
        Row(figure="line", what="peer | other", measured="80 %"),
    ]
    report.write_docs(path, {"line": report.Measured(WHERE, rows)})
    assert path.read_text() == (
        f"before\n{report.BEGIN}\n\n### `make bench ONLY=line`\n\n"
        "2026-01-02 03:04 UTC, a virtual machine with 2 processors (Some CPU), Linux 6,"
        " Python 3.13; load average before 0.5.\n\n"
        "| what | measured | target | verdict | beside it |\n"
        "|---|---|---|---|---|\n"
        "| use | 96 % | ≥ 95 % | met |  |\n"
        "| peer / other | 80 % |  |  |  |\n"
        f"\n{report.END}\nafter\n"
    )


def test_a_figure_that_was_not_measured_now_keeps_its_rows_and_its_machine(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    old = Row(figure="line", what="use", measured="96 %")
    new = Row(figure="start", what="ready", measured="0.3 s")
    report.keep(path, [old], WHERE)
    later = {**WHERE, "measured_at": "2026-05-06 07:08 UTC"}
    assert report.keep(path, [new], later) == {
        "line": report.Measured(WHERE, [old]),
        "start": report.Measured(later, [new]),
    }


def test_docs_without_markers_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    path.write_text("no markers\n")
    with pytest.raises(ValueError, match="not written"):
        report.write_docs(path, {})
    assert path.read_text() == "no markers\n"


def test_program_that_fails_raises_with_what_it_said() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)scan_pace.*exit code 1.*could not convert"):
        programs.result("tests.figures.scan_pace", "soon")


def test_decision_inputs_move_energy_and_every_meter_within_a_round() -> None:
    works = Works(meters=8, pulses=4)
    scans = [works.inputs() for _ in range(2)]
    heard = {sample.meter for inputs in scans for sample in inputs.meters}
    assert heard == {"incomer", *(f"meter-{i}" for i in range(1, 8))}
    assert len(spec_of(64, 32, 4).shedding.loads) == 64


def test_site_file_of_the_bench_is_the_size_that_the_figures_are_stated_for(
    tmp_path: Path,
) -> None:
    path = tmp_path / "site.toml"
    plant.write_site(path, PlantSize(), tmp_path / "tty", tmp_path, tmp_path)
    io = load_site(path).io
    assert (len(io.buses[0].meters), len(io.relays), len(io.pulses)) == (8, 16, 4)
    assert io.scan.priority == lateness.PRIORITY
