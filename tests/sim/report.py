"""What a soak has seen, as a page for docs."""

from __future__ import annotations

import platform
from typing import Final

from msgspec import Struct, field

import edge
from tests.sim.run import Result
from tests.sim.scenario import Site
from tests.sim.watch import Gap

_WORDS: Final = (
    "W is {} ms at tier 0 and {} ms at tier 1 for the second unit, less for the first, counted "
    "from the last sign of the unit that was on duty; see docs/twin.md. A frozen worker that wakes "
    "before the reset gives a last sign later than the hang.\n"
)
BINS_MS: Final = (500, 900, 1250, 2000, 2500, 3150, 5500, 10_000, 60_000)


class Total(Struct):
    """The sum of many runs. Gaps after a single fault are kept apart from the others."""

    first_seed: int
    last_seed: int
    hours: float = 0.0
    stepped_hours: float = 0.0
    promotions: int = 0
    violations: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    single: dict[tuple[str, int], list[Gap]] = field(default_factory=dict)
    others: list[float] = field(default_factory=list)

    @property
    def fault_count(self) -> int:
        return sum(self.faults.values())

    def add(self, result: Result) -> None:
        self.hours += result.hours
        self.stepped_hours += result.stepped_hours
        self.promotions += result.promotions
        self.violations += len(result.violations)
        for kind, count in result.fault_counts.items():
            self.faults[kind] = self.faults.get(kind, 0) + count
        for gap in result.gaps:
            if gap.is_single:
                self.single.setdefault((gap.kind, result.scenario.site.tier), []).append(gap)
            else:
                self.others.append(gap.gap_ms)


def report(total: Total, command: str, workers: int, took_s: float) -> str:
    """Markdown. `took_s` is the wall time."""
    parts = (
        "# Soak of the pair\n",
        "Written by the simulator (`tests/sim`); do not edit.\n",
        _summary(total, command, workers, took_s),
        "## Time without a unit on duty after a single fault that found a ready standby\n",
        _single(total),
        "## All other gaps: several faults, both units off, no standby yet\n",
        _histogram(total.others),
        "## Faults\n",
        _faults(total),
    )
    return "\n".join(parts)


def _summary(total: Total, command: str, workers: int, took_s: float) -> str:
    version = getattr(edge, "__version__", "0.1.0")
    rows = (
        ("command", f"`{command}`"),
        ("version", f"denban {version}, Python {platform.python_version()}"),
        ("seeds", f"{total.first_seed} to {total.last_seed}"),
        ("pair-hours", f"{total.hours:.0f}"),
        ("of these scan by scan", f"{total.stepped_hours:.1f}; the rest was steady and leapt over"),
        ("faults and orders", str(total.fault_count)),
        ("promotions", str(total.promotions)),
        ("**violations**", f"**{total.violations}**"),
        ("took", f"{took_s / 60:.0f} min on {workers} cores"),
    )
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {text} |\n" for name, text in rows)


def _single(total: Total) -> str:
    limits = {
        tier: max(Site(tier=tier).spec(index).gap_ns_max for index in (0, 1)) // 10**6
        for tier in (0, 1)
    }
    lines = [
        _WORDS.format(*limits.values()),
        "| fault | tier | times | median ms | p99 ms | worst ms |",
        "|---|---|---|---|---|---|",
    ]
    for (kind, tier), gaps in sorted(total.single.items()):
        sizes = sorted(gap.gap_ms for gap in gaps)
        median, p99 = sizes[len(sizes) // 2], sizes[min(len(sizes) - 1, int(0.99 * len(sizes)))]
        lines.append(
            f"| {kind} | {tier} | {len(sizes)} | {median:.0f} | {p99:.0f} | {sizes[-1]:.0f} |"
        )
    return "\n".join(lines) + "\n"


def _histogram(sizes_ms: list[float]) -> str:
    lines = ["| up to ms | times |", "|---|---|"]
    low = 0.0
    for high in (*BINS_MS, float("inf")):
        count = sum(low < size <= high for size in sizes_ms)
        lines.append(f"| {high:.0f} | {count} |" if high < 1e9 else f"| longer | {count} |")
        low = high
    return "\n".join(lines) + "\n"


def _faults(total: Total) -> str:
    lines = ["| kind | times |", "|---|---|"]
    lines += [f"| {kind} | {count} |" for kind, count in sorted(total.faults.items())]
    return "\n".join(lines) + "\n"
