"""What a site's pins do at boot, and the comparison with the machine's config.txt."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.cli.doctor.boot import check_boot_pins, pins_of
from edge.cli.doctor.result import Verdict, ok
from edge.cli.doctor.user import check_user
from edge.config.boot_pins import boot_pins
from edge.config.io import (
    AlarmPlan,
    Bias,
    Edge,
    FeedbackPlan,
    IoPlan,
    OutputPolicy,
    PulsePlan,
    RelayPlan,
    TwinPlan,
)
from edge.config.load import load_site

SITE = Path(__file__).parent.parent.parent / "docs/site.example.toml"
SAFE = OutputPolicy.SAFE


@pytest.fixture(scope="module")
def io() -> IoPlan:
    """One pin of each kind, in both senses."""
    return msgspec.structs.replace(
        load_site(SITE).io,
        relays=(
            RelayPlan("fan", 5, shed_level=True, safe_shed=False, at_stop=SAFE, at_crash=SAFE),
            RelayPlan("oven", 6, shed_level=True, safe_shed=True, at_stop=SAFE, at_crash=SAFE),
            RelayPlan("pump", 12, shed_level=False, safe_shed=False, at_stop=SAFE, at_crash=SAFE),
            RelayPlan("lamp", 13, shed_level=False, safe_shed=True, at_stop=SAFE, at_crash=SAFE),
        ),
        pulses=(PulsePlan("incomer", 17, Edge.FALLING, Bias.PULL_UP, 0),),
        eoi=PulsePlan("eoi", 18, Edge.FALLING, Bias.NONE, 0),
        feedbacks=(FeedbackPlan("fan", 19, closed_level=True, bias=Bias.PULL_DOWN),),
        alarm=AlarmPlan(20, None, 21, None, False, 22, Bias.PULL_UP, False),
        twin=TwinPlan(47474, "/etc/denban/twin.key", "", 23, 24, 0, 0),
    )


def test_boot_pins_by_the_rule(io: IoPlan) -> None:
    assert [(pin.line, pin.use) for pin in boot_pins(io)] == [
        ("gpio=5=op,dl,pd", "relay fan: run, its safe value"),
        ("gpio=6=op,dh,pu", "relay oven: shed, its safe value"),
        ("gpio=12=op,dh,pu", "relay pump: run, its safe value"),
        ("gpio=13=op,dl,pd", "relay lamp: shed, its safe value"),
        ("gpio=17=ip,pu", "pulse incomer"),
        ("gpio=18=ip,pn", "end-of-interval pulse"),
        ("gpio=19=ip,pd", "feedback fan"),
        ("gpio=20=op,dh,pu", "alarm caution: off"),
        ("gpio=21=op,dh,pu", "alarm fault: off"),
        ("gpio=22=ip,pu", "acknowledge button"),
        ("gpio=23=op,dl,pd", "enable line: down, nobody scans"),
        ("gpio=24=ip,pd", "enable line of the other unit"),
    ]


def _config(root: Path, text: str) -> Path:
    path = root / "boot/firmware/config.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return root


def test_doctor_agrees_with_the_lines_of_the_command(io: IoPlan, tmp_path: Path) -> None:
    text = "".join(f"# {pin.use}\n{pin.line}\n" for pin in boot_pins(io))
    found = check_boot_pins(io, _config(tmp_path, text))
    assert found == [ok("pins at boot", "7 outputs as config.txt has them")]


def test_doctor_names_outputs_that_float_or_are_driven_the_wrong_way(
    io: IoPlan, tmp_path: Path
) -> None:
    text = "[all]\ngpio=5-6,13=op,dl\ngpio=12,20-21=op,dh\n#gpio=23=op,dl\n"
    (found,) = check_boot_pins(io, _config(tmp_path, text))
    assert found.verdict is Verdict.WARN
    assert found.found == (
        "not in config.txt: 6 (relay oven: shed, its safe value); "
        "23 (enable line: down, nobody scans)"
    )


def test_doctor_says_nothing_of_pins_where_there_is_no_config_txt(
    io: IoPlan, tmp_path: Path
) -> None:
    assert check_boot_pins(io, tmp_path) == []


def test_later_line_of_config_txt_overrides_and_nonsense_is_passed_over() -> None:
    lines = ["gpio=4-6=op,dl", "gpio=5=ip,pu", "gpio=-3=op", "gpio=4-5-6=op", "dtparam=audio=on"]
    assert pins_of(lines) == {4: ("op", "dl"), 5: ("ip", "pu"), 6: ("op", "dl")}


def test_user_other_than_the_service_is_told_what_the_permissions_mean() -> None:
    root = check_user(0)
    assert (root.verdict, root.found) == (Verdict.WARN, "root")
    assert "who holds the watchdog" in root.advice
    nobody = check_user(4_000_000_000)
    assert (nobody.verdict, nobody.found) == (Verdict.WARN, "number 4000000000")
    assert nobody.advice.endswith("sudo -u denban denban doctor")
