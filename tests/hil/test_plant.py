"""The plant: exact energy, loads that can be shed, and the same course for the same seed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.plant import NJ_PER_UWH, LoadSpec, Plant, PlantSpec

_STEEL_WORKS = PlantSpec(
    base_w=80_000,
    loads={
        "furnace": LoadSpec(rated_w=400_000, pattern="batch", on_s=900, off_s=600, ramp_s=5),
        "chiller": LoadSpec(rated_w=120_000, pattern="cycle", on_s=300, off_s=120),
        "compressor": LoadSpec(rated_w=75_000, pattern="cycle", on_s=60, off_s=30),
        "fan": LoadSpec(rated_w=22_000),
    },
    sub_feeders={"cold": ["chiller", "compressor"]},
)
_QUIET = {"noise_ratio": 0.0, "ramp_s": 0.0}


def quiet_plant(**load: object) -> Plant:
    """One load of 3.6 MW, so that a second is 1 kWh, and a silent base."""
    spec = LoadSpec(rated_w=3_600_000, **{**_QUIET, **load})  # type: ignore[arg-type]
    return Plant(PlantSpec(loads={"furnace": spec}), 1)


def test_plant_energy_of_a_constant_load_is_exact() -> None:
    assert quiet_plant().step(3600.0, set()).feeders["incomer"].import_uwh == 3600 * 10**9


@given(
    seed=st.integers(0, 1000),
    steps=st.lists(
        st.tuples(
            st.integers(1, 400_000),
            st.sets(st.sampled_from(sorted(_STEEL_WORKS.loads))),
            st.sampled_from([0, 50_000, 900_000]),
        ),
        min_size=1,
        max_size=30,
    ),
)
def test_plant_energy_of_the_feeder_is_the_sum_of_its_loads(
    seed: int, steps: list[tuple[int, set[str], int]]
) -> None:
    spec = PlantSpec(loads=_STEEL_WORKS.loads, sub_feeders={"cold": ["chiller", "compressor"]})
    plant = Plant(spec, seed)
    solar_nj = 0
    for dt_us, shed, solar_w in steps:
        plant.order("solar_w", solar_w)
        solar_nj += solar_w * 1000 * dt_us
        state = plant.step(dt_us / 1e6, shed)
        total_w = sum(load.power_w for load in state.loads.values()) - solar_w
        assert state.feeders["incomer"].power_w == pytest.approx(total_w, abs=0.002)
    loads_nj = {name: load.energy_nj for name, load in plant._loads.items()}
    site, cold = plant._counters["incomer"], plant._counters["cold"]
    assert site.import_nj - site.export_nj == sum(loads_nj.values()) - solar_nj
    assert cold.import_nj == loads_nj["chiller"] + loads_nj["compressor"]
    assert plant.state().feeders["incomer"].import_uwh == site.import_nj // NJ_PER_UWH


@given(seed=st.integers(0, 50), cuts=st.lists(st.integers(1, 99_999), min_size=1, max_size=5))
def test_plant_counters_never_fall(seed: int, cuts: list[int]) -> None:
    plant = Plant(_STEEL_WORKS, seed)
    before = plant.state().feeders["incomer"]
    for dt_us in cuts:
        after = plant.step(dt_us / 1e6, {"fan"}).feeders["incomer"]
        assert after.import_uwh >= before.import_uwh
        assert after.export_uwh >= before.export_uwh
        before = after


def test_plant_with_the_same_seed_repeats_itself_and_with_another_does_not() -> None:
    def course(seed: int, name: str) -> list[float]:
        plant = Plant(_STEEL_WORKS, seed)
        return [plant.step(1.0, set()).loads[name].power_w for _ in range(50)]

    for name in _STEEL_WORKS.loads:
        assert course(7, name) == course(7, name)
        assert course(7, name) != course(8, name)


def test_plant_shed_load_takes_nothing_and_the_rest_goes_on() -> None:
    plant = Plant(_STEEL_WORKS, 3)
    state = plant.step(30.0, {"fan"})
    assert (state.loads["fan"].power_w, state.loads["fan"].on) == (0.0, False)
    assert state.feeders["incomer"].power_w > 50_000


def test_plant_load_with_a_dead_time_falls_only_after_it() -> None:
    plant = quiet_plant(response_s=2.0)
    plant.step(1.0, set())
    assert plant.step(1.9, {"furnace"}).loads["furnace"].power_w == 3_600_000
    assert plant.state().loads["furnace"].on is False  # the contactor is out at once
    assert plant.step(0.2, {"furnace"}).loads["furnace"].power_w == 0.0


def test_plant_load_ramps_in_a_straight_line() -> None:
    plant = quiet_plant(ramp_s=10.0)
    plant.step(20.0, set())
    assert plant.step(5.0, {"furnace"}).loads["furnace"].power_w == pytest.approx(1_800_000)


def test_plant_rebound_makes_up_the_declared_part_of_the_missed_energy() -> None:
    plant = quiet_plant(rebound_ratio=0.5, rebound_power_ratio=0.1)
    plant.step(1.0, set())
    plant.step(100.0, {"furnace"})
    start_uwh = plant.state().loads["furnace"].energy_uwh
    assert plant.step(0.1, set()).loads["furnace"].power_w == pytest.approx(3_960_000)
    plant.step(1999.9, set())
    extra_uwh = plant.state().loads["furnace"].energy_uwh - start_uwh - 2000 * 10**9
    assert extra_uwh == pytest.approx(50 * 10**9, rel=0.01)
    assert plant.state().loads["furnace"].power_w == 3_600_000


def test_plant_shed_batch_waits_and_shed_cycle_does_not() -> None:
    phases = {"on_s": 100.0, "off_s": 1.0, "spread_ratio": 0.0}
    batch, cycle = quiet_plant(pattern="batch", **phases), quiet_plant(pattern="cycle", **phases)
    for plant in (batch, cycle):
        plant._loads["furnace"].wanted = True
        plant._loads["furnace"]._phase_left_s = 10.0
        plant.step(20.0, {"furnace"})
    assert batch._loads["furnace"]._phase_left_s == 10.0
    assert cycle._loads["furnace"]._phase_left_s == pytest.approx(91.0)


def test_plant_solar_beyond_the_load_is_exported() -> None:
    plant = Plant(PlantSpec(base_w=0, solar_w=3_600_000), 1)
    site = plant.step(10.0, set()).feeders["incomer"]
    assert (site.power_w, site.import_uwh, site.export_uwh) == (-3_600_000, 0, 10 * 10**9)


def test_plant_base_follows_an_order_along_its_ramp() -> None:
    spec = PlantSpec(base_w=100_000, base_noise_ratio=0.0, base_ramp_w_per_s=10_000)
    plant = Plant(spec, 1)
    plant.order("base_w", 200_000)
    assert plant.step(5.0, set()).feeders["incomer"].power_w == pytest.approx(150_000)
    assert plant.step(60.0, set()).feeders["incomer"].power_w == pytest.approx(200_000)


def test_plant_tripped_load_stays_off_until_it_is_reset() -> None:
    plant = quiet_plant()
    plant.trip("furnace", on=True)
    assert plant.step(1.0, set()).loads["furnace"].on is False
    plant.trip("furnace", on=False)
    assert plant.step(1.0, set()).loads["furnace"].on is True


def test_plant_pattern_speed_leaves_energy_as_power_times_time() -> None:
    spec = PlantSpec(pattern_speed=60.0, loads={"fan": LoadSpec(rated_w=3_600_000, **_QUIET)})
    plant = Plant(spec, 1)
    assert plant.step(10.0, set()).feeders["incomer"].import_uwh == 10 * 10**9


def test_plant_sub_feeder_of_unknown_loads_is_refused() -> None:
    with pytest.raises(ValueError, match="need loads"):
        Plant(PlantSpec(sub_feeders={"x": ["nothing"]}), 1)
