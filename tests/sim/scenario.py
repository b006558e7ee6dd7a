"""What a run is made of: the site as it is built and the list of what befalls it.

Both are plain values, drawn from a seed, so that a run can be repeated, cut down and written into
a test as a literal.
"""

from __future__ import annotations

import random
from typing import Final

from msgspec import Struct

from edge.model.twin import TwinSpec
from edge.model.units import NS_PER_MS, NS_PER_S

UNITS: Final = ("EG-KITA", "EG-MINAMI")


class Fault(Struct, frozen=True, omit_defaults=True):
    """`kind` befalls `unit` (or line, path `index`) at `at_s` for `for_s`; `level` is its size."""

    at_s: float
    kind: str
    unit: int = 0
    for_s: float = 0.0
    index: int = 0
    level: float = 0.0


class Site(Struct, frozen=True, omit_defaults=True):
    """How the pair is built. `echo`: the adapters give back what they send. `starts_s`: power on.

    `has_bytes`: beats go as the real bytes of edge.peer. `has_plant`: with the real controllers,
    and so without leaps. `meter_side`: the segment the meters are on while the cable is cut.
    """

    lines: int = 1
    paths: int = 2
    tier: int = 0
    echo: bool = True
    meter_side: int = 0
    starts_s: tuple[float, float] = (0.5, 0.7)
    query_gap_ms: int = 300
    watchdog_ms: int = 2020
    has_bytes: bool = False
    has_plant: bool = False

    def spec(self, index: int) -> TwinSpec:
        return TwinSpec(
            unit=UNITS[index],
            peer=UNITS[1 - index],
            is_first=index == 0,
            has_witness=self.lines > 0,
            has_enable=self.tier == 1,
            query_gap_ns=self.query_gap_ms * NS_PER_MS,
            watchdog_ns=self.watchdog_ms * NS_PER_MS,
        )


class Scenario(Struct, frozen=True):
    """One run: everything that is not drawn from `seed` while it goes."""

    seed: int
    until_s: float
    site: Site
    faults: tuple[Fault, ...]


class Kind(Struct, frozen=True):
    """How a kind of fault is drawn: its weight, its length, and where it may sit."""

    weight: float
    for_s: tuple[float, float] = (0.0, 0.0)
    levels: tuple[float, ...] = (0.0,)
    needs: str = ""
    profiles: tuple[str, ...] = ()


# Lengths are drawn evenly in the logarithm, so that both 50 ms and a minute occur.
KINDS: Final = {
    "crash": Kind(4, (0.1, 4.0), (0.0, 0.0, 1.0)),
    "crash_silent": Kind(2, (0.1, 4.0)),
    "hang": Kind(6, (0.05, 60.0)),
    "stop_control": Kind(4, (0.05, 10.0), (0.0, 1.0)),
    "stop_worker": Kind(4, (0.05, 10.0), (0.0, 1.0, 2.0), "line"),
    "slow_scan": Kind(2, (5.0, 60.0), (0.05, 0.2)),
    "power": Kind(4, (1.0, 60.0)),
    "power_both": Kind(1, (1.0, 60.0)),
    "brown_out": Kind(1, (10.0, 60.0)),
    "reset_loop": Kind(0.5, (60.0, 200.0)),
    "clock_step": Kind(1, levels=(-3600.0, 3600.0, 1e6)),
    "disk_lost": Kind(1),
    "disk_read_only": Kind(1, (10.0, 600.0)),
    "grade": Kind(3, (1.0, 300.0), (0.0, 2.0, 2.0)),
    "deaf": Kind(3, (0.2, 120.0), needs="line"),
    "dead_tx": Kind(3, (0.2, 120.0), needs="line"),
    "stuck": Kind(2, (0.2, 120.0), needs="line"),
    "usb": Kind(3, (0.2, 120.0), needs="line"),
    "cable_cut": Kind(3, (0.2, 120.0), needs="line"),
    "short": Kind(3, (0.2, 120.0), needs="line"),
    "noise": Kind(2, (1.0, 120.0), (0.05, 0.3), "line"),
    "slow_meter": Kind(1, (1.0, 120.0), needs="line"),
    "no_meter": Kind(2, (1.0, 120.0), needs="line"),
    "stranger": Kind(2, (1.0, 60.0), (0.0, 0.0, 1.0), "line"),
    "path_cut": Kind(4, (0.1, 120.0), needs="path"),
    "path_one_way": Kind(4, (0.1, 120.0), needs="path"),
    "all_paths": Kind(4, (0.1, 120.0)),
    "loss": Kind(2, (1.0, 120.0), (0.1, 0.4)),
    "duplicate": Kind(1, (1.0, 120.0), (0.5,)),
    "reorder": Kind(2, (1.0, 120.0), (0.05, 0.2)),
    "delay": Kind(2, (1.0, 120.0), (0.02, 0.1)),
    "forge": Kind(2, (1.0, 60.0)),
    "replay": Kind(2, (1.0, 60.0)),
    "enable_wire": Kind(4, (0.5, 120.0), needs="tier1"),
    "site_drift": Kind(1, (1.0, 300.0)),
    "skew": Kind(1, (1.0, 300.0)),
    "handover": Kind(6, levels=(0.0, 1.0)),
    "maintenance": Kind(2, (5.0, 300.0)),
    "stop": Kind(2, (1.0, 60.0)),
}

PROFILES: Final = {
    "mixed": tuple(KINDS),
    "bus": tuple(kind for kind, how in KINDS.items() if how.needs == "line"),
    "paths": (
        "path_cut",
        "path_one_way",
        "all_paths",
        "loss",
        "duplicate",
        "reorder",
        "delay",
        "forge",
        "replay",
        "crash",
        "hang",
        "handover",
    ),
    "machine": (
        "crash",
        "crash_silent",
        "hang",
        "stop_control",
        "stop_worker",
        "power",
        "brown_out",
        "disk_lost",
        "handover",
        "stop",
        "maintenance",
        "all_paths",
        "slow_scan",
    ),
}
# Quiet times between bursts; single faults and up to four at once.
BURST_EVERY_S: Final = 1200.0
BURST_S: Final = 25.0
BURST_MAX: Final = 4
FIRST_S: Final = 20.0


def draw(seed: int, profile: str, until_s: float) -> Scenario:
    """The run of a seed. A longer run of the same seed begins with the same faults."""
    rng = random.Random(f"{profile}-{seed}")
    tier = int(rng.random() < 0.3)
    lines = rng.choices((0, 1, 2), (1, 6, 3))[0] if profile != "bus" else rng.choice((1, 1, 2))
    site = Site(
        lines=lines,
        paths=rng.choice((2, 2, 3)),
        tier=tier,
        echo=rng.random() < 0.6,
        meter_side=rng.randrange(2),
        has_bytes=rng.random() < 0.25,
        starts_s=rng.choice(
            ((0.5, 0.7), (0.5, 0.5), (0.5, 9.0), (9.0, 0.5), (0.5, 3600.0), (0.5, 2.0))
        ),
    )
    return Scenario(seed, until_s, site, tuple(_faults(rng, profile, site, until_s)))


def _faults(rng: random.Random, profile: str, site: Site, until_s: float) -> list[Fault]:
    kinds = [kind for kind in PROFILES[profile] if _fits(KINDS[kind], site)]
    weights = [KINDS[kind].weight for kind in kinds]
    faults: list[Fault] = []
    at_s = FIRST_S * rng.random()
    while at_s < until_s:
        count = 1 if rng.random() < 0.5 else rng.randint(2, BURST_MAX)
        # Half of the bursts come all at once, where races live.
        spread_s = rng.choice((0.3, 3.0, BURST_S))
        offsets = [0.0, *(rng.random() * spread_s for _ in range(count - 1))]
        for offset in sorted(offsets):
            kind = rng.choices(kinds, weights)[0]
            faults.append(_fault(rng, kind, site, round(at_s + offset, 4)))
        at_s += 60.0 + rng.expovariate(1 / BURST_EVERY_S)
    return faults


def _fits(kind: Kind, site: Site) -> bool:
    return {"line": site.lines > 0, "tier1": site.tier == 1}.get(kind.needs, True)


def _fault(rng: random.Random, kind: str, site: Site, at_s: float) -> Fault:
    how = KINDS[kind]
    low, high = how.for_s
    for_s = low * (high / low) ** rng.random() if high else 0.0
    count = {"line": site.lines, "path": site.paths}.get(how.needs, 1)
    return Fault(
        at_s,
        kind,
        rng.randrange(2),
        round(for_s, 4),
        rng.randrange(max(1, count)),
        rng.choice(how.levels),
    )


def ns(seconds: float) -> int:
    return round(seconds * NS_PER_S)
