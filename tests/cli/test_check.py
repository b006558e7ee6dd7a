"""Site files and plan files: what they mean, or everything that is wrong with them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.cli.conftest import Invoke
from tests.cli.plant import SITE, write_site

_PAGE = """\
Rolling mill: sound, 0 warnings, digest <digest>
demand: block, 15 min, contract 500 kW, 0 calendar targets
plan: slots of 30 min from <folder>/plans, held over, loss rate 4.2 %

unit      hardware serial    addresses
EG-KITA   10000000a1b2c3d4   -

order   source of energy   name      weight
    1   pulse              incomer   100 Wh a pulse, 1.4 pulses/s at contract
    2   energy             incomer   -
    3   power              incomer   -

meter     line                          unit id   registers     CT x VT
incomer   main /dev/serial/by-path/usb-port0 19200 8E1         1   janitza-umg         1

load      kind   rated   priority   group   shed for           pin   safe   level shed
chiller   shed   120 kW         1   -       1 min to 5 min       5   run    high
fan       shed    60 kW         2   -       30 s to 10 min      12   run    high

GPIO   use (chip pinctrl-bcm2711)
   5   relay chiller
   6   feedback chiller
  12   relay fan
  17   pulse incomer
"""


def _cells(page: str) -> list[list[str]]:
    """Words of each line that is no rule."""
    return [line.split() for line in page.splitlines() if not line.startswith("─")]


def test_check_of_a_sound_site_says_what_it_means(tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("check", write_site(tmp_path))
    assert (result.exit_code, result.stderr) == (0, "")
    digest = result.stdout.splitlines()[0].rpartition(" ")[2]
    page = _PAGE.replace("<digest>", digest).replace("<folder>", _plan_folder(result.stdout))
    assert _cells(result.stdout) == _cells(page)


def _plan_folder(page: str) -> str:
    return page.split("from ")[1].split("/plans", maxsplit=1)[0] if "/plans" in page else ""


def test_check_finds_every_problem_and_ends_with_two(tmp_path: Path, invoke: Invoke) -> None:
    broken = SITE.replace("priority = 2", "priority = 0").replace("pin = 17", "pinn = 17")
    result = invoke("check", write_site(tmp_path, broken))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "site.toml:" in result.stderr
    assert "pinn" in result.stderr
    assert "priority" in result.stderr


def test_check_of_a_missing_file_is_bad_input(tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("check", tmp_path / "none.toml")
    assert result.exit_code == 2
    assert "cannot be read: got No such file" in result.stderr


def test_check_json_has_the_compiled_io(tmp_path: Path, invoke: Invoke) -> None:
    made = json.loads(invoke("check", "--json", write_site(tmp_path)).stdout)
    assert (made["site"], made["warnings"]) == ("Rolling mill", [])
    assert [relay["pin"] for relay in made["io"]["relays"]] == [5, 12]


def plan_text(day: str, kwh: float = 200.0, slots: int = 48) -> str:
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Asia/Tokyo"))
    rows = [
        f"{(start + timedelta(minutes=30 * slot)):%Y-%m-%dT%H:%M},{kwh + slot}"
        for slot in range(slots)
    ]
    return "\n".join(["slot_start,planned_kwh", *rows, ""])


def test_plan_check_of_a_sound_plan_sums_it_up(tmp_path: Path, invoke: Invoke) -> None:
    file = tmp_path / "2026-04-02.csv"
    file.write_text(plan_text("2026-04-02"))
    site = write_site(tmp_path)
    result = invoke("plan", "check", file, "--site", site, "--at", "2026-04-01T12:00")
    assert (result.exit_code, result.stdout) == (
        0,
        (
            f"{file}: sound: 48 slots on 2026-04-02, 10,728.0 kWh\n"
            "highest slot: 247.0 kWh, a mean of 494.0 kW, from 2026-04-02 23:30:00\n"
        ),
    )


def test_plan_check_json_is_the_plan(tmp_path: Path, invoke: Invoke) -> None:
    file = tmp_path / "plan.csv"
    file.write_text(plan_text("2026-04-02"))
    result = invoke(
        "plan", "check", file, "--day", "2026-04-02", "--site", write_site(tmp_path),
        "--at", "2026-04-01T12:00", "--json",
    )  # fmt: skip
    made = json.loads(result.stdout)
    assert (made["day"], made["version"], len(made["slots"])) == ("2026-04-02", 1, 48)


def test_plan_check_gives_every_problem_with_its_line(tmp_path: Path, invoke: Invoke) -> None:
    file = tmp_path / "2026-04-02.csv"
    text = plan_text("2026-04-02", slots=47).replace("T01:00,202.0", "T01:00,many")
    file.write_text(text)
    site = write_site(tmp_path)
    result = invoke("plan", "check", file, "--site", site, "--at", "2026-04-01T12:00")
    assert result.exit_code == 2
    assert "plan 2026-04-02 line 4: planned_kwh is not a number" in result.stderr
    assert "wrong number of slots: got 47 rows" in result.stderr


def test_plan_check_after_the_gate_is_late(tmp_path: Path, invoke: Invoke) -> None:
    file = tmp_path / "2026-04-02.csv"
    file.write_text(plan_text("2026-04-02"))
    site = write_site(tmp_path)
    result = invoke("plan", "check", file, "--site", site, "--at", "2026-04-02T12:00")
    assert result.exit_code == 2
    assert "late" in result.stderr


def test_plan_check_of_a_site_without_plan_is_refused(tmp_path: Path, invoke: Invoke) -> None:
    file = tmp_path / "2026-04-02.csv"
    file.write_text(plan_text("2026-04-02"))
    unplanned = SITE.replace('[plan]\ndirectory = "plans"\nloss_ratio = 0.042\nslot_s = 1800\n', "")
    result = invoke("plan", "check", file, "--site", write_site(tmp_path, unplanned))
    assert result.exit_code == 2
    assert "has no [plan] section" in result.stderr
