"""What a checked site means to the decisions and to the hardware."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from edge.config.io import (
    AlarmPlan,
    Bias,
    Edge,
    FeedbackPlan,
    OutputPolicy,
    PulsePlan,
    RelayPlan,
    ScanPlan,
    WatchdogPlan,
)
from edge.config.load import load_site
from edge.model.bus import LineKind, Parity
from edge.model.registers import Quantity
from edge.model.spec import (
    DemandMethod,
    Direction,
    LoadKind,
    LostPolicy,
    MeterSpec,
    PlanSpec,
    PulseSpec,
    SourceKind,
    SourceSpec,
)
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.config.plant import PLAN, SITE, demand, load, site


@pytest.mark.parametrize(
    ("weight", "ct", "vt", "uwh"),
    [
        ("pulse_constant_per_kwh = 50000", "20", "60", Fraction(24_000_000)),
        ("pulse_constant_per_kwh = 3", "1", "1", Fraction(10**9, 3)),
        ("pulse_constant_per_kwh = 0.1", "1.5", "1", Fraction(15 * 10**9)),
        ("wh_per_pulse = 0.3", "40", "63.6", Fraction(763_200_000)),
    ],
)
def test_pulse_weight_is_exact(
    tmp_path: Path, weight: str, ct: str, vt: str, uwh: Fraction
) -> None:
    text = site(
        ("pulse_constant_per_kwh = 50000", f"{weight}\ndebounce_ms = 0"),
        ("ct_ratio = 20", f"ct_ratio = {ct}"),
        ("vt_ratio = 60", f"vt_ratio = {vt}"),
    )
    (pulse,) = load(tmp_path, text).spec.metering.pulses
    assert pulse == PulseSpec("incomer", uwh.numerator, uwh.denominator, Direction.IMPORT)


@pytest.mark.parametrize(
    ("zone", "keys", "alignment_s"),
    [
        ("Asia/Tokyo", "", 0),
        ("Asia/Kathmandu", "", 900),  # UTC+5:45, so half hours begin at a quarter past UTC
        ("Asia/Kolkata", "interval_s = 3600", 1800),
        ("Asia/Tokyo", "alignment_s = 300", 300),
        ("Australia/Lord_Howe", "", 0),  # its clocks change by half an hour
        ("Europe/Berlin", 'method = "sliding"\ninterval_s = 2700\nsubinterval_s = 300', 0),
    ],
)
def test_intervals_begin_on_the_local_clock(
    tmp_path: Path, zone: str, keys: str, alignment_s: int
) -> None:
    loaded = load(tmp_path, demand(keys).replace("Asia/Tokyo", zone))
    assert loaded.spec.demand.alignment_ns == alignment_s * NS_PER_S


def test_sliding_demand_keeps_window_and_step(tmp_path: Path) -> None:
    spec = load(tmp_path, demand('method = "sliding"\ninterval_s = 2700\nsubinterval_s = 300')).spec
    assert spec.demand.method is DemandMethod.SLIDING
    assert (spec.demand.interval_ns, spec.demand.subinterval_ns) == (
        2700 * NS_PER_S,
        300 * NS_PER_S,
    )


def test_sources_by_default_are_pulse_energy_power_of_the_site(tmp_path: Path) -> None:
    text = site(
        more='[pulse.solar]\npin = 6\nwh_per_pulse = 24\ndirection = "export"\n'
        '[meter.furnace]\nbus = "main"\nunit_id = 2\nprofile = "carlo-gavazzi-em340"\n'
    )
    metering = load(tmp_path, text).spec.metering
    assert metering.sources == (
        SourceSpec(SourceKind.PULSE, "incomer"),
        SourceSpec(SourceKind.ENERGY, "incomer"),
        SourceSpec(SourceKind.POWER, "incomer"),
    )
    assert [pulse.direction for pulse in metering.pulses] == [Direction.IMPORT, Direction.EXPORT]
    everything = frozenset({Quantity.POWER, Quantity.IMPORT, Quantity.EXPORT})
    assert metering.meters == (
        MeterSpec("incomer", "main", everything, None, 10 * NS_PER_S),
        MeterSpec("furnace", "main", everything, 2**32 * 100 * 10**6, 10 * NS_PER_S),
    )
    assert metering.power_w_max == 1_800_000.0


def test_source_by_default_of_a_meter_that_has_power_only_is_its_power(tmp_path: Path) -> None:
    register = (
        '[{quantity = "power", function_code = 3, address = 1, type = "f32", word_order = "big", '
        'unit = "W"}]'
    )
    text = site(('profile = "eastron-sdm630"', f'side = "primary"\nregister = {register}'))
    assert load(tmp_path, text).spec.metering.sources == (
        SourceSpec(SourceKind.PULSE, "incomer"),
        SourceSpec(SourceKind.POWER, "incomer"),
    )


def test_secondary_meter_is_multiplied_exactly(tmp_path: Path) -> None:
    text = site(
        ("eastron-sdm630", "carlo-gavazzi-em340"),
        ('role = "site"', 'role = "site"\nside = "secondary"\nct_ratio = 0.1\nvt_ratio = 60'),
    )
    loaded = load(tmp_path, text)
    (meter,) = loaded.io.buses[0].meters
    assert (meter.ratio_numerator, meter.ratio_denominator) == (6, 1)
    assert loaded.spec.metering.meters[0].counter_modulus_uwh == 6 * 2**32 * 100 * 10**6


def test_plan_and_shedding_by_default_scale_with_the_interval(tmp_path: Path) -> None:
    text = demand("interval_s = 900", more=PLAN + "shortage_price_per_kwh = [1, 2.5]\n")
    spec = load(tmp_path, text).spec
    assert spec.plan == PlanSpec(
        slot_ns=1800 * NS_PER_S,
        over_ratio_allowed=0.0,
        under_ratio_allowed=0.0,
        loss_ratio=0.0,
        shortage_price_range=(1.0, 2.5),
        surplus_price_range=(0.0, 0.0),
        currency="JPY",
        hold_over=True,
        hold_under=False,
        gate_close_ns=3600 * NS_PER_S,
    )
    shedding = spec.shedding
    assert (shedding.mask_ns, shedding.no_restore_ns) == (300 * NS_PER_S, 90 * NS_PER_S)
    assert (shedding.instant_limit_w, shedding.lost_policy) == (None, LostPolicy.HOLD)


def test_shedding_as_written_wins_over_the_interval(tmp_path: Path) -> None:
    text = site(more="[shedding]\nmask_s = 0\nno_restore_s = 0.5\ninstant_limit_kw = 700\n")
    shedding = load(tmp_path, text).spec.shedding
    assert (shedding.mask_ns, shedding.no_restore_ns) == (0, NS_PER_S // 2)
    assert shedding.instant_limit_w == 700_000.0


def test_shedding_of_a_sliding_window_scales_with_its_step(tmp_path: Path) -> None:
    sliding = 'contract_kw = 600\nmethod = "sliding"\nsubinterval_s = 300'
    shedding = load(tmp_path, site(("contract_kw = 600", sliding))).spec.shedding
    assert (shedding.mask_ns, shedding.no_restore_ns) == (100 * NS_PER_S, 30 * NS_PER_S)


def test_shedding_settles_until_the_projection_has_seen_an_action_whole(tmp_path: Path) -> None:
    text = site(more="[shedding]\nsettle_s = 20\n[projection]\nwindow_s = 90\n")
    assert load(tmp_path, text).spec.shedding.settle_ns == 110 * NS_PER_S


@pytest.mark.parametrize(
    ("contact", "active", "shed_level"),
    [
        ("energise_to_shed", "high", True),
        ("energise_to_shed", "low", False),
        ("de_energise_to_shed", "high", False),
        ("de_energise_to_shed", "low", True),
    ],
)
def test_relay_level_follows_contact_and_active_level(
    tmp_path: Path, contact: str, active: str, shed_level: bool
) -> None:
    safe = "shed" if contact == "de_energise_to_shed" else "run"
    text = site(more=f'contact = "{contact}"\nactive = "{active}"\nsafe = "{safe}"\n')
    (relay,) = load(tmp_path, text).io.relays
    assert relay == RelayPlan(
        load="chiller-1",
        pin=5,
        shed_level=shed_level,
        safe_shed=safe == "shed",
        at_stop=OutputPolicy.SAFE,
        at_crash=OutputPolicy.SAFE,
    )
    assert relay.level(shed=True) is shed_level
    assert relay.level(shed=False) is not shed_level
    # Without power a relay is not energised: the safe value must be the same level.
    assert relay.safe_level is (active == "low")


def test_absorb_load_is_off_while_nobody_decides(tmp_path: Path) -> None:
    loaded = load(tmp_path, site(more='kind = "absorb"\n'))
    (spec,), (relay,) = loaded.spec.shedding.loads, loaded.io.relays
    assert (spec.kind, spec.safe_shed) == (LoadKind.ABSORB, False)
    assert (relay.level(shed=True), relay.safe_level) == (True, False)


def test_output_policies_of_a_load_win_over_those_of_all(tmp_path: Path) -> None:
    second = "[load.heater]\npin = 6\nrated_kw = 9\npriority = 2\nmin_shed_s = 1\nmax_shed_s = 9\n"
    text = site(
        more='at_stop = "safe"\n' + second + '[shedding]\nat_stop = "hold"\nat_crash = "hold"\n'
    )
    assert [(r.at_stop, r.at_crash) for r in load(tmp_path, text).io.relays] == [
        (OutputPolicy.SAFE, OutputPolicy.HOLD),
        (OutputPolicy.HOLD, OutputPolicy.HOLD),
    ]


def test_inputs_and_alarms_keep_their_levels(tmp_path: Path) -> None:
    text = demand(
        'eoi_pin = 6\neoi_edge = "rising"\neoi_bias = "none"\neoi_debounce_ms = 0.5',
        more='feedback_pin = 7\nfeedback_active = "high"\nfeedback_bias = "pull_down"\n'
        '[alarm]\ncaution_pin = 20\nactive = "low"\nacknowledge_pin = 21\n',
    )
    io = load(tmp_path, text).io
    assert io.eoi == PulsePlan("eoi", 6, Edge.RISING, Bias.NONE, NS_PER_MS // 2)
    assert io.pulses == (PulsePlan("incomer", 17, Edge.FALLING, Bias.PULL_UP, NS_PER_MS),)
    assert io.feedbacks == (FeedbackPlan("chiller-1", 7, True, Bias.PULL_DOWN),)
    assert io.alarm == AlarmPlan(20, None, None, None, False, 21, Bias.PULL_UP, False)


@pytest.mark.parametrize(
    ("board", "chips"),
    [
        ("", ("pinctrl-bcm2711",)),
        ('[board]\nmodel = "cm4"\n', ("pinctrl-bcm2711",)),
        ('[board]\nmodel = "raspberry-pi-5"\n', ("pinctrl-rp1",)),
        ('[board]\nmodel = "raspberry-pi-5"\ngpio_chip = "my-chip"\n', ("my-chip",)),
        ('[board]\nmodel = "generic"\ngpio_chip = "gpio-sim"\n', ("gpio-sim",)),
    ],
)
def test_chip_is_the_boards_or_the_one_written(
    tmp_path: Path, board: str, chips: tuple[str, ...]
) -> None:
    assert load(tmp_path, site(more=board)).io.gpio_chips == chips


def test_lines_keep_their_settings(tmp_path: Path) -> None:
    text = site(
        ("usb-1", ('usb-1"\nbaudrate = 9600\nparity = "N"\nstopbits = 2\necho = true\n'
         'rs485_rts = true\npoll_ms_min = 22 #')),
        ("timeout_ms = 100", "timeout_ms = 111"),
        more='[bus.net]\nkind = "rtu_over_tcp"\nhost = "h"\ntcp_port = 4001\ntimeout_ms = 99\n'
        '[meter.far]\nbus = "net"\nunit_id = 247\nprofile = "janitza-umg"\nresponse_ms_max = 70\n',
    )  # fmt: skip
    main, net = load(tmp_path, text).io.buses
    assert (main.name, main.kind, main.port) == ("main", LineKind.RTU, "/dev/serial/by-path/usb-1")
    assert (main.baudrate, main.parity, main.stopbits) == (9600, Parity.NONE, 2)
    assert (main.echo, main.rs485_rts, main.timeout_ms, main.poll_ms_min) == (True, True, 111, 22)
    assert (net.kind, net.host, net.tcp_port) == (LineKind.RTU_OVER_TCP, "h", 4001)
    assert (net.timeout_ms, net.poll_ms_min) == (99, 50)
    assert [(m.name, m.unit_id, m.response_ms_max) for m in net.meters] == [("far", 247, 70)]
    assert [m.response_ms_max for m in main.meters] == [100]


@pytest.mark.parametrize(("written", "plans"), [("a/b", "{folder}/a/b"), ("/srv/p", "/srv/p")])
def test_plan_directory_is_beside_the_site_file_or_absolute(
    tmp_path: Path, written: str, plans: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = site(more=PLAN.replace("plans", written))
    assert load(tmp_path, text).io.plan_directory == plans.format(folder=tmp_path)
    monkeypatch.chdir(tmp_path)
    assert load_site(Path("site.toml")).io.plan_directory == plans.format(folder=tmp_path)


def test_machine_settings_by_default(tmp_path: Path) -> None:
    io = load(tmp_path, SITE).io
    assert io.scan == ScanPlan(100 * NS_PER_MS, 50, True, 1000 * NS_PER_MS)
    assert io.watchdog == WatchdogPlan("/dev/watchdog", 2)
    assert (io.store.directory, io.store.journal_bytes_max) == ("/var/lib/denban", 64_000_000)
    assert (io.control.socket, io.control.group) == ("/run/denban/control", "denban")
    assert io.plan_directory == ""
    assert [unit.name for unit in io.units] == ["EG-KITA", "EG-MINAMI"]
