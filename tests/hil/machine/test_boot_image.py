"""The image as machines find it: what its build has left in a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from hil.machine.boot_image import read_image, reason_to_skip
from hil.machine.command_line import Card, Connections, command_line

ABOUT = {
    "files": {"kernel": "vmlinuz", "initrd": "initrd.cpio", "root": "root.ext4"},
    "product": {"version": "0.1.0", "commit": "ddc1b87"},
}
CARDS = tuple(
    Card(f"02:4d:00:00:0{path}:01", Path(f"/b/net{path}"), Path(f"/b/port{path}"))
    for path in range(2)
)
CONNECTIONS = Connections(Path("/b/board"), Path("/b/rs485"), CARDS)


def _write(folder: Path, about: Mapping[str, object]) -> None:
    (folder / "manifest.json").write_text(json.dumps(about))


def test_image_says_what_a_machine_boots_from(tmp_path: Path) -> None:
    _write(tmp_path, ABOUT)
    image = read_image(tmp_path)
    files = image.files(tmp_path / "disk", CONNECTIONS, ["10.77.1.1", "10.77.2.1"], "eg-kita")
    assert (image.kernel, image.root) == (tmp_path / "vmlinuz", tmp_path / "root.ext4")
    assert image.commit == "ddc1b87"
    assert files.kernel_words == (
        "systemd.hostname=eg-kita denban.net0=10.77.1.1/24 denban.net1=10.77.2.1/24"
    )


def test_image_that_differs_has_another_key(tmp_path: Path) -> None:
    _write(tmp_path, ABOUT)
    before = read_image(tmp_path).key
    _write(tmp_path, {**ABOUT, "product": {"commit": "other"}})
    assert read_image(tmp_path).key != before


def test_image_that_was_not_built_is_a_reason_to_skip(tmp_path: Path) -> None:
    assert reason_to_skip(tmp_path) != ""
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path)


def test_machine_that_is_restored_differs_by_what_is_plugged_alone(tmp_path: Path) -> None:
    """A saved state fits no other hardware."""
    _write(tmp_path, ABOUT)
    image = read_image(tmp_path)
    files = image.files(tmp_path / "disk", CONNECTIONS, ["10.77.1.1", "10.77.2.1"], "eg-kita")
    whole = command_line(files, CONNECTIONS, tmp_path, tmp_path / "c")
    bare = command_line(
        files, CONNECTIONS, tmp_path, tmp_path / "c", devices=frozenset(), restored=True
    )
    plugged = [word for word in whole if word not in bare]
    assert [word.partition(",")[0] for word in plugged] == [
        "socket",
        '{"driver":"vhost-user-gpio-pci"',
        "socket",
        '{"driver":"usb-serial"',
    ]
    assert [word for word in bare if word not in whole] == ["-loadvm", "ready"]
