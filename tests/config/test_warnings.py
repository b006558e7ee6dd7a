"""Sites that load with a warning, and one with faults of many topics."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.plant import LOAD, PLAN, demand, refusals, site, warnings

_WARNINGS = [
    (
        site(more='[pulse.solar]\npin = 6\nwh_per_pulse = 24\ndirection = "export"\n'),
        (
            "site.toml:37 pulse.solar: not a source of the energy that the site takes; "
            "it is counted and decides nothing; name an import pulse in metering.sources, "
            "or leave it so"
        ),
    ),
    (
        site(more='[metering]\nsources = ["meter.incomer.power"]\n'),
        (
            "site.toml:25 pulse.incomer: not a source of the energy that the site takes; "
            "it is counted and decides nothing; name an import pulse in metering.sources, "
            "or leave it so"
        ),
    ),
    (
        site(("/dev/serial/by-path/usb-1", "/dev/ttyUSB0")),
        (
            "site.toml:17 bus.main.port: name depends on the order of plugging: got /dev/ttyUSB0, "
            "need a path under /dev/serial/by-path/ or by-id/; after a restart it can be another "
            "adapter; see `ls -l /dev/serial/by-path`"
        ),
    ),
    (
        site(more='[bus.spare]\nport = "/dev/serial/by-path/usb-2"\n'),
        (
            "site.toml:37 bus.spare: line without meters; nothing is polled on it; "
            "add [meter.NAME] or remove it"
        ),
    ),
    (
        demand("[[demand.calendar]]\ntarget_kw = 700"),
        (
            "site.toml:16 demand.calendar[0].target_kw: target above the contract: got 700 kW, "
            "need <= 600 kW; the contract counts; lower it or remove the entry"
        ),
    ),
    (
        site(more=PLAN + "hold_under = true\n"),
        (
            "site.toml:39 plan.hold_under: no load of kind absorb; under the plan, shed loads are "
            'restored and that is all; declare a load with kind = "absorb"'
        ),
    ),
    (
        site(("50000", "50")),
        (
            "site.toml:25 pulse.incomer: coarse pulses: got 24000 Wh a pulse, "
            "need <= 3000 Wh, 1 % of "
            "an interval at the contract; projection has wide bounds; "
            "check pulse constant and ratios"
        ),
    ),
    (
        site(more='contact = "de_energise_to_shed"\n'),
        (
            "site.toml:31 load.chiller-1.safe: wiring and safe value disagree: got contact = "
            '"de_energise_to_shed", safe = "run"; a gateway without power sheds it all the same; '
            "choose the contact by what must happen without power"
        ),
    ),
    (
        site(more='safe = "shed"\n'),
        (
            "site.toml:37 load.chiller-1.safe: wiring and safe value disagree: got contact = "
            '"energise_to_shed", safe = "shed"; a gateway without power lets it run all the same; '
            "choose the contact by what must happen without power"
        ),
    ),
    (
        site(more='kind = "absorb"\n'),
        "site.toml:31 load: no load may be shed; the controller only warns; declare [load.NAME]",
    ),
    (
        site(more="[metering]\npower_kw_max = 721\n"),
        (
            "site.toml:14 demand.contract_kw: cannot be held at metering.power_kw_max: got 600 kW, "
            "need >= 601 kW, what remains with every load shed; at such power the target "
            "is passed; declare more loads or correct power_kw_max"
        ),
    ),
    (
        demand("[[demand.calendar]]\ntarget_kw = 500", more="[metering]\npower_kw_max = 700\n"),
        (
            "site.toml:16 demand.calendar[0].target_kw: cannot be held at metering.power_kw_max: "
            "got 500 kW, "
            "need >= 580 kW, what remains with every load shed; at such power the target "
            "is passed; declare more loads or correct power_kw_max"
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), _WARNINGS)
def test_site_that_is_doubtful_loads_with_a_warning(
    tmp_path: Path, text: str, expected: str
) -> None:
    assert warnings(tmp_path, text) == [expected]


def test_site_with_faults_of_many_topics_names_all_of_them(tmp_path: Path) -> None:
    text = site(
        ("Asia/Tokyo", "Asia/Tokio"),
        ("contract_kw = 600", "contract_kw = 600\ninterval_s = 1700"),
        ("unit_id = 1", "unit_id = 1\nct_ratio = 2"),
        ("pin = 5", "pin = 17"),
        more="[watchdog]\ntimeout_s = 60\n" + LOAD.format(name="chiller-2", pin=17),
    )
    assert [refusal.split(": got")[0] for refusal in refusals(tmp_path, text)] == [
        "site.toml:3 site.timezone: unknown time zone",
        "site.toml:15 demand.interval_s: does not divide the day",
        "site.toml:23 meter.incomer.ct_ratio: the meter multiplies by its ratios already",
        "site.toml:34 load.chiller-1.pin: pin is used twice",
        "site.toml:40 watchdog.timeout_s: longer than the hardware can wait",
        "site.toml:43 load.chiller-2.pin: pin is used twice",
    ]
