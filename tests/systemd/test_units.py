"""The service's files as systemd reads them: keys that it knows, those that the product needs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from edge.app.unmanned import STARTING_NAME, unmanned_s
from edge.model.problem import ProblemsError
from edge.peer.keys import CREDENTIAL, parse_keys
from hil.machine.guest_paths import GUEST

FOLDER = Path(__file__).parents[2] / "systemd"
SERVICE = FOLDER / "denban.service"


def read_unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """Sections, keys, values in order; a line that is none of these fails."""
    sections: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in path.read_text().replace("\\\n", "").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
            continue
        key, equals, value = line.partition("=")
        assert equals, line
        section.setdefault(key, []).append(value)
    return sections


@pytest.fixture
def service() -> dict[str, list[str]]:
    return read_unit(SERVICE)["Service"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
def test_service_is_accepted_by_systemd() -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(SERVICE)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if "denban" in line] == []


def test_service_is_started_again_for_ever_and_at_once(service: dict[str, list[str]]) -> None:
    assert service["Restart"] == ["always"]
    assert service["RestartSec"] == ["100ms"]
    assert read_unit(SERVICE)["Unit"]["StartLimitIntervalSec"] == ["0"]


def test_service_leaves_the_herald_its_last_words(service: dict[str, list[str]]) -> None:
    assert service["KillMode"] == ["control-group"]
    assert "SendSIGHUP" not in service


def test_service_keeps_pulse_lines_for_the_main_process_alone(
    service: dict[str, list[str]],
) -> None:
    assert service["NotifyAccess"] == ["main"]
    assert int(service["FileDescriptorStoreMax"][0]) >= 2
    assert service["RestartKillSignal"] == ["SIGHUP"]


def test_service_may_keep_time_and_asks_for_it_itself(service: dict[str, list[str]]) -> None:
    assert service["LimitRTPRIO"] == ["99"]
    assert service["LimitMEMLOCK"] == ["infinity"]
    assert {"CPUSchedulingPolicy", "RestrictRealtime", "PrivateDevices"}.isdisjoint(service)


def test_service_gets_the_key_under_the_name_that_the_product_reads(
    service: dict[str, list[str]],
) -> None:
    assert service["LoadCredential"] == [f"{CREDENTIAL}:{GUEST.key}"]


def test_service_without_a_key_file_gets_a_credential_without_keys(
    service: dict[str, list[str]],
) -> None:
    name, _, text = service["SetCredential"][0].partition(":")
    assert name == CREDENTIAL
    assert text, "systemd refuses an empty one"
    with pytest.raises(ProblemsError, match="number of keys"):
        parse_keys(text, "credential")


def test_service_finds_its_files_where_the_bench_puts_them(service: dict[str, list[str]]) -> None:
    assert service["EnvironmentFile"] == [f"-{GUEST.unit}"]
    assert f"{GUEST.python} " in service["ExecStart"][0]
    assert f" {GUEST.site} " in service["ExecStart"][0]
    assert service["RuntimeDirectory"] == [Path(GUEST.socket).parent.name]
    assert service["StateDirectory"] == [Path(GUEST.store).name]


def start_command(service: dict[str, list[str]]) -> str:
    """The shell's command, which prints what it would run."""
    command = service["ExecStart"][0].removeprefix("/bin/sh -c ").strip("'").replace("$$", "$")
    command = command.replace(f"exec {GUEST.python}", "exec printf '%s\\n'")
    return command.replace("/usr/bin/python3 -I -S /usr/lib/denban/unmanned.py", "echo unmanned")


@pytest.mark.parametrize(
    ("unit", "arguments"),
    [(None, []), ("EG-KITA", ["--unit", "EG-KITA"]), ("EG KITA", ["--unit", "EG KITA"])],
)
def test_service_names_the_unit_where_it_is_told(
    service: dict[str, list[str]], tmp_path: Path, unit: str | None, arguments: list[str]
) -> None:
    named = {} if unit is None else {"DENBAN_UNIT": unit}
    said = subprocess.run(
        ["/bin/sh", "-c", start_command(service)],
        env={"RUNTIME_DIRECTORY": str(tmp_path), **named},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.splitlines() == ["-m", "edge.app", "run", GUEST.site, *arguments]


def test_start_after_one_without_a_scan_looks_after_the_relays_first(
    service: dict[str, list[str]], tmp_path: Path
) -> None:
    mark = tmp_path / STARTING_NAME
    run = ["-m", "edge.app", "run", GUEST.site]
    said = []
    for _ in range(2):
        done = subprocess.run(
            ["/bin/sh", "-c", start_command(service)],
            env={"RUNTIME_DIRECTORY": str(tmp_path)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        said.append(done.stdout.splitlines())
        assert 0 <= unmanned_s(mark) < 60
    assert said == [run, [f"unmanned {mark}", *run]]


def test_groups_of_the_service_are_made_and_given_its_devices(
    service: dict[str, list[str]],
) -> None:
    assert "SupplementaryGroups" not in service, "membership is enough, and is told once"
    users = [line.split() for line in (FOLDER / "denban.sysusers").read_text().splitlines()]
    assert ["u", "denban"] in [words[:2] for words in users]
    assert [words[2] for words in users if words[0] == "m"] == ["dialout", "gpio"]
    rules = (FOLDER / "denban.rules").read_text()
    assert 'SUBSYSTEM=="gpio", KERNEL=="gpiochip[0-9]*", GROUP="gpio"' in rules
    assert 'KERNEL=="watchdog", GROUP="denban"' in rules
