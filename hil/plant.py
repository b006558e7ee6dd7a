"""A factory's electricity: a base load, named loads that can be shed, solar, and exact counters.

Pure and seeded: the same specification, seed and steps give the same figures to the last digit. It
reads no clock and knows nothing of pins, meters or pulses.
"""

from __future__ import annotations

import math
import random
from typing import Literal

import msgspec

NJ_PER_UWH = 3_600_000  # 1 µWh = 3.6 mJ
_STEP_US_MAX = 100_000  # longer steps are cut up, so that ramps do not depend on the caller's pace


class LoadSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One load that a relay can shed.

    `steady` runs always; `cycle` runs `on_s`, rests `off_s` by its own thermostat, whether shed or
    not; `batch` does the same by its own work: a shed batch waits and is finished later.
    `rebound_ratio` of the energy missed while shed is made up afterwards, at up to
    `rebound_power_ratio` above rated.
    """

    rated_w: float
    pattern: Literal["steady", "cycle", "batch"] = "steady"
    on_s: float = 600.0
    off_s: float = 600.0
    spread_ratio: float = 0.2  # each phase is this much longer or shorter at most, evenly drawn
    response_s: float = 0.0  # dead time between contact and power
    ramp_s: float = 1.0  # from nothing to rated and back, in a straight line
    noise_ratio: float = 0.02  # standard deviation of the load's level while it runs
    rebound_ratio: float = 0.0
    rebound_power_ratio: float = 0.2


class PlantSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plant behind one incoming feeder, and sub-feeders that meter some of its loads."""

    feeder: str = "incomer"
    base_w: float = 0.0
    base_noise_ratio: float = 0.02
    base_ramp_w_per_s: float = 50_000.0  # how fast the base follows an order to change it
    solar_w: float = 0.0
    pattern_speed: float = 1.0  # batches and cycles run this much faster; energy stays power × time
    loads: dict[str, LoadSpec] = {}
    sub_feeders: dict[str, list[str]] = {}


class FeederState(msgspec.Struct, frozen=True):
    """`power_w` is net, import positive; the counters only rise."""

    power_w: float
    import_uwh: int
    export_uwh: int


class LoadState(msgspec.Struct, frozen=True):
    """`on` is whether the load's contactor is in: its own work asks for power and gets it."""

    power_w: float
    on: bool
    energy_uwh: int


class PlantState(msgspec.Struct, frozen=True):
    feeders: dict[str, FeederState]
    loads: dict[str, LoadState]


class _Counter:
    """Energy in nJ from whole mW and whole µs, so that sums are exact."""

    def __init__(self) -> None:
        self.power_mw = 0
        self.import_nj = 0
        self.export_nj = 0

    def add(self, power_mw: int, step_us: int) -> None:
        self.power_mw = power_mw
        self.import_nj += max(0, power_mw) * step_us
        self.export_nj += max(0, -power_mw) * step_us

    def state(self) -> FeederState:
        return FeederState(
            self.power_mw / 1000, self.import_nj // NJ_PER_UWH, self.export_nj // NJ_PER_UWH
        )


class _Load:
    def __init__(self, spec: LoadSpec, draw: random.Random) -> None:
        self.spec = spec
        self._draw = draw
        self.tripped = False
        self.energy_nj = 0
        self._noise = 0.0
        self._missed_j = 0.0
        self.wanted = spec.pattern == "steady" or draw.random() < spec.on_s / (
            spec.on_s + spec.off_s
        )
        self._phase_left_s = self._phase_s() * draw.random()
        self.on = self.wanted
        self.power_w = spec.rated_w if self.on else 0.0  # the plant was running before we looked
        self._obeys_on = self.on  # what the power follows, response_s behind `on`
        self._response_left_s = 0.0

    def _phase_s(self) -> float:
        spread = self.spec.spread_ratio
        nominal_s = self.spec.on_s if self.wanted else self.spec.off_s
        return nominal_s * self._draw.uniform(1 - spread, 1 + spread)

    def step(self, step_s: float, pattern_s: float, *, shed: bool) -> int:
        """Advance; returns the mean power in mW."""
        waits = self.spec.pattern == "batch" and self.wanted and (shed or self.tripped)
        if self.spec.pattern != "steady" and not waits:
            self._advance_phase(pattern_s)
        on = self.wanted and not shed and not self.tripped
        if on != self.on:
            self.on = on
            self._response_left_s = self.spec.response_s
        self._response_left_s -= step_s
        if self._response_left_s <= 0:
            self._obeys_on = self.on
        self._approach(self._target_w(step_s, shed=shed), step_s)
        return round(self.power_w * 1000)

    def _advance_phase(self, pattern_s: float) -> None:
        self._phase_left_s -= pattern_s
        while self._phase_left_s <= 0:
            self.wanted = not self.wanted
            self._phase_left_s += max(self._phase_s(), 1e-3)

    def _target_w(self, step_s: float, *, shed: bool) -> float:
        spec = self.spec
        keep = math.exp(-step_s / 5.0)  # the level wanders with a time constant of 5 s
        self._noise = keep * self._noise + math.sqrt(1 - keep**2) * self._draw.gauss()
        if self.wanted and shed:
            self._missed_j += spec.rebound_ratio * (spec.rated_w - self.power_w) * step_s
        if not self._obeys_on:
            return 0.0
        target_w = spec.rated_w * max(0.0, 1 + spec.noise_ratio * self._noise)
        if self._missed_j > 0 and not shed:
            extra_w = spec.rebound_power_ratio * spec.rated_w
            self._missed_j -= extra_w * step_s
            target_w += extra_w
        return target_w

    def _approach(self, target_w: float, step_s: float) -> None:
        if self.spec.ramp_s <= 0:
            self.power_w = target_w
            return
        most_w = self.spec.rated_w * step_s / self.spec.ramp_s
        self.power_w += min(most_w, max(-most_w, target_w - self.power_w))

    def state(self) -> LoadState:
        power_w = round(self.power_w * 1000) / 1000  # as it was booked
        return LoadState(power_w, self.on, self.energy_nj // NJ_PER_UWH)


class Plant:
    """Call :meth:`step` as time goes on; orders take effect with the next one."""

    def __init__(self, spec: PlantSpec, seed: int) -> None:
        for name, members in spec.sub_feeders.items():
            if unknown := set(members) - set(spec.loads):
                raise ValueError(f"plant.sub_feeders.{name}: got {sorted(unknown)}, need loads")
        self.spec = spec
        self._base_order_w = self._base_w = spec.base_w
        self._solar_w = spec.solar_w
        self._base_noise = 0.0
        self._draw = random.Random(f"{seed} base")
        self._loads = {  # a generator each: a further load leaves the others' course as it was
            name: _Load(load, random.Random(f"{seed} {name}")) for name, load in spec.loads.items()
        }
        self._counters = {name: _Counter() for name in [spec.feeder, *spec.sub_feeders]}

    def order(self, name: Literal["base_w", "solar_w"], value_w: float) -> None:
        """Bring the base load or solar to `value_w` (W, from 0), the base along its ramp.

        Raises ValueError on any other name or a negative value.
        """
        if value_w < 0:
            raise ValueError(f"plant {name}: got {value_w} W, need >= 0 W")
        if name == "base_w":
            self._base_order_w = value_w
        elif name == "solar_w":
            self._solar_w = value_w
        else:
            raise ValueError(f"plant: got {name!r}, need base_w or solar_w")

    def trip(self, name: str, *, on: bool) -> None:
        """The load's own protection opens (`on`) or is reset. Raises KeyError without it."""
        self._loads[name].tripped = on

    def step(self, dt_s: float, shed: set[str]) -> PlantState:
        """Advance by `dt_s` seconds (whole µs) with the contacts of the loads in `shed` open."""
        left_us = round(dt_s * 1e6)
        while left_us > 0:
            step_us = min(left_us, _STEP_US_MAX)
            self._step(step_us, shed)
            left_us -= step_us
        return self.state()

    def _step(self, step_us: int, shed: set[str]) -> None:
        step_s = step_us / 1e6
        pattern_s = step_s * self.spec.pattern_speed
        powers_mw: dict[str, int] = {}
        for name, load in self._loads.items():
            powers_mw[name] = load.step(step_s, pattern_s, shed=name in shed)
            load.energy_nj += powers_mw[name] * step_us
        site_mw = self._step_base_mw(step_s) - round(self._solar_w * 1000) + sum(powers_mw.values())
        self._counters[self.spec.feeder].add(site_mw, step_us)
        for name, members in self.spec.sub_feeders.items():
            self._counters[name].add(sum(powers_mw[member] for member in members), step_us)

    def _step_base_mw(self, step_s: float) -> int:
        most_w = self.spec.base_ramp_w_per_s * step_s
        self._base_w += min(most_w, max(-most_w, self._base_order_w - self._base_w))
        keep = math.exp(-step_s / 5.0)
        self._base_noise = keep * self._base_noise + math.sqrt(1 - keep**2) * self._draw.gauss()
        return round(
            1000 * self._base_w * max(0.0, 1 + self.spec.base_noise_ratio * self._base_noise)
        )

    def state(self) -> PlantState:
        return PlantState(
            feeders={name: counter.state() for name, counter in self._counters.items()},
            loads={name: load.state() for name, load in self._loads.items()},
        )
