"""Every file of firmware-config parses, names only what exists, and says why at each line."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli.main import main
from tests.firmware import known
from tests.firmware.files import FOLDER, Line, command_line, lines_of, pairs_of

ROOT = FOLDER.parent
CONFIG_TXT = sorted(path.name for path in (FOLDER / "boot").glob("*.txt"))
COMMENTED = sorted(
    str(path.relative_to(FOLDER))
    for path in FOLDER.rglob("*")
    if path.is_file() and path.name not in {"README.md", "expected.toml"}
)
# The firmware cuts longer lines of config.txt: Raspberry Pi documentation, "config.txt".
COLUMNS = 98


@pytest.mark.parametrize("name", COMMENTED)
def test_each_setting_has_a_reason_above_it(name: str) -> None:
    without = [line.text for line in lines_of(name) if len(line.reason.split()) < 2]
    assert without == []


@pytest.mark.parametrize("name", CONFIG_TXT)
def test_config_txt_fragment_parses_and_names_only_known_settings(name: str) -> None:
    text = (FOLDER / "boot" / name).read_text()
    assert [line for line in text.splitlines() if len(line) > COLUMNS] == []
    # A comment after a value is part of the value, and a filter begins its line.
    assert re.findall(r"^[^#\n]+#.*|^[ \t].*", text, re.MULTILINE) == []
    lines = lines_of(f"boot/{name}")
    assert {line.section for line in lines} <= known.SECTIONS
    assert [line.text for line in lines if not _is_config_txt(line)] == []
    sections = re.findall(r"^\[(.*)\]$", text, re.MULTILINE)
    assert sections[-1] == "all", "a fragment must not put what follows it into its section"


def _is_config_txt(line: Line) -> bool:
    key, _, value = line.text.partition("=")
    if key == "gpio":
        match = re.fullmatch(known.GPIO, line.text)
        return match is not None and all(
            int(pin) <= known.GPIO_MAX for pin in re.findall(r"\d+", match["pins"])
        )
    if key == "dtparam":
        parameter, _, setting = value.partition("=")
        return re.fullmatch(known.DTPARAM.get(parameter, "(?!)"), setting) is not None
    if key == "dtoverlay":
        overlay, *parameters = value.split(",")
        allowed, models = known.OVERLAYS.get(overlay, (set(), set()))
        return line.section in models and {one.partition("=")[0] for one in parameters} <= allowed
    return re.fullmatch(known.CONFIG_TXT.get(key, "(?!)"), value) is not None


def test_pins_example_is_what_the_command_prints() -> None:
    """To renew it: denban boot-pins docs/site.example.toml, into that file."""
    printed = CliRunner().invoke(main, ["boot-pins", str(ROOT / "docs/site.example.toml")])
    assert printed.stdout == (FOLDER / "boot/pins-example.txt").read_text()


def test_uarts_that_are_switched_on_take_no_pin_of_the_example() -> None:
    pins = {line.text.split("=")[1] for line in lines_of("boot/pins-example.txt")}
    assert pins.isdisjoint({"14", "15"}), "the PL011 of disable-bt and uart0-pi5"
    assert pins.isdisjoint({"8", "9"}), "the optional one of uart4 and uart3-pi5"


def test_command_line_is_one_line_of_known_parameters() -> None:
    words = [word.partition("=") for word in command_line().split()]
    assert [
        name for name, _, value in words if not re.fullmatch(known.KERNEL.get(name, "(?!)"), value)
    ] == []
    assert len({name for name, _, _ in words}) == len(words)
    assert "\n" not in command_line()
    # COMMAND_LINE_SIZE of arm64 is 2048; Raspberry Pi's own line has about 400.
    assert len(command_line()) < 256


def test_firmware_and_kernel_wait_equally_long() -> None:
    waits_s = pairs_of("boot/cmdline.add")["watchdog.open_timeout"]
    assert pairs_of("boot/config-common.txt")["kernel_watchdog_timeout"] == waits_s


def test_panic_is_the_same_on_command_line_and_in_sysctl() -> None:
    assert (
        pairs_of("boot/cmdline.add")["panic"] == pairs_of("sysctl/60-denban.conf")["kernel.panic"]
    )


@pytest.mark.parametrize(
    ("name", "section", "table"),
    [
        ("eeprom/bootloader-pi4.conf", "all", known.EEPROM),
        ("eeprom/bootloader-pi5.conf", "all", known.EEPROM),
        ("sysctl/60-denban.conf", "", known.SYSCTL),
        ("journald/60-denban.conf", "Journal", known.JOURNALD),
        ("systemd/60-denban.conf", "Manager", known.MANAGER),
    ],
)
def test_file_of_pairs_has_only_known_keys_and_values(
    name: str, section: str, table: dict[str, str]
) -> None:
    lines = lines_of(name)
    assert {line.section for line in lines} == {section}
    assert len(pairs_of(name)) == len(lines), "a key twice, or one that is switched off"
    wrong = {
        key: value
        for key, value in pairs_of(name).items()
        if not re.fullmatch(table.get(key, "(?!)"), value)
    }
    assert wrong == {}


def test_chrony_has_only_known_directives() -> None:
    parts = [line.text.partition(" ") for line in lines_of("chrony/60-denban.conf")]
    wrong = [
        name for name, _, rest in parts if not re.fullmatch(known.CHRONY.get(name, "(?!)"), rest)
    ]
    assert wrong == []


def test_udev_rules_compare_and_set_known_keys() -> None:
    token = re.compile(r'([A-Z]+)(\{[A-Za-z_/]+\})?(==|!=|\+=|=)"([^"]*)"')
    for line in lines_of("udev/61-denban-serial.rules"):
        parts = [part.strip() for part in line.text.split('", ')]
        whole = [part if part.endswith('"') else f'{part}"' for part in parts]
        matches = [token.fullmatch(part) for part in whole]
        assert None not in matches, line.text
        found = [(match[1], match[3]) for match in matches if match is not None]
        assert {key for key, sign in found if sign in {"==", "!="}} <= known.UDEV_MATCH
        assert {key for key, sign in found if sign in {"=", "+="}} <= known.UDEV_ASSIGN
        assert any(sign in {"=", "+="} for _, sign in found), f"sets nothing: {line.text}"


def test_fstab_has_six_fields_and_no_mount_that_the_service_would_require() -> None:
    lines = [line.text.split() for line in lines_of("overlay/fstab.example")]
    assert {len(fields) for fields in lines} == {6}
    assert [fields[1] for fields in lines] == ["/boot/firmware", "/", "/var/log"]
    assert {option for fields in lines for option in fields[3].split(",")} <= known.FSTAB_OPTIONS


def test_overlay_leaves_other_partitions_writable() -> None:
    assert pairs_of("overlay/overlayroot.local.conf") == {"overlayroot": '"tmpfs:recurse=0"'}


def test_unit_of_the_data_partition_never_stops_the_service(tmp_path: Path) -> None:
    unit = pairs_of("overlay/denban-data.service")
    assert unit["Before"] == "denban.service"
    assert unit["ExecStart"].startswith("-")
    assert unit["WantedBy"] == "denban.service"
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze, to let systemd parse the unit")
    copy = tmp_path / "denban-data.service"
    shutil.copy(FOLDER / "overlay/denban-data.service", copy)
    analysed = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    about = [line for line in analysed.stderr.splitlines() if "denban-data" in line]
    unknown = [line for line in about if "Unknown" in line or "Failed to parse" in line]
    assert unknown == []


def test_watchdog_of_a_shutdown_is_within_the_chip() -> None:
    manager = pairs_of("systemd/60-denban.conf")
    assert manager["RuntimeWatchdogSec"] == "off"
    assert int(manager["RebootWatchdogSec"].removesuffix("s")) <= 15


def test_readme_names_every_file_and_only_files_that_are_there() -> None:
    readme = (FOLDER / "README.md").read_text()
    named = set(
        re.findall(r"`((?:boot|eeprom|udev|sysctl|journald|systemd|chrony|overlay)/[^`]+)`", readme)
    )
    there = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}
    for name in named:
        assert list(FOLDER.glob(name)), name
    fragments = {name for name in there if re.match(r"boot/config-(?!common)", name)}
    covered = {str(path.relative_to(FOLDER)) for name in named for path in FOLDER.glob(name)}
    assert there - covered - fragments == {"README.md", "expected.toml"}
    boards = readme[readme.index("| board |") :]
    assert [name for name in fragments if name[12:-4] not in boards] == []


def test_expected_list_names_files_that_set_what_it_wants() -> None:
    entries = tomllib.loads((FOLDER / "expected.toml").read_text())["setting"]
    assert [one["file"] for one in entries if not (FOLDER / one["file"]).is_file()] == []
    texts = {one["file"]: (FOLDER / one["file"]).read_text() for one in entries}
    missing = [
        one["name"]
        for one in entries
        if one["file"] != "README.md"
        and one["source"] != "file"
        and one["name"].rpartition("/")[2] not in texts[one["file"]]
    ]
    assert missing == []
