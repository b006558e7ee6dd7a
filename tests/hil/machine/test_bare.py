"""Machines without the product and their packages, decided without building or booting one."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from hil.machine.bare_bench import BareBench
from hil.machine.boot_image import read_image
from hil.machine.command_line import Card, Connections, command_line
from hil.machine.image import bare, packages, product, tools
from hil.machine.image import build as whole
from hil.machine.image.base import BARE_PACKAGES, PACKAGES, base_of
from hil.machine.image.tools import BuildError
from hil.scenarios.works import bare_works
from hil.suite.ability import Ability

CARDS = tuple(
    Card(f"02:4d:00:00:0{path}:01", Path(f"/b/net{path}"), Path(f"/b/port{path}"))
    for path in range(2)
)
CONNECTIONS = Connections(Path("/b/board"), Path("/b/rs485"), CARDS)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product of few files instead of ours."""
    root = tmp_path / "source"
    for name, text in {
        "edge/__init__.py": '__version__ = "0.1.9"\n',
        "edge/app/__main__.py": f"{packages._BEGINS}    return 0\n",
        "systemd/package/build.sh": "",
        "firmware-config/README.md": "",
        "docs/install.md": "",
        "pyproject.toml": '[project]\nversion = "0.1.9"\n',
        "Makefile": "",
        "README.md": "",
        "LICENSE": "",
        "CHANGELOG.md": "",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr(product, "ROOT", root)
    return root


def _pack(source: Path, _wheels: Path, out: Path) -> Path:
    """The sources themselves, by the name that a package would have."""
    out.mkdir(parents=True)
    version = source.joinpath("pyproject.toml").read_text().split('"')[1]
    made = out / f"denban_{version}_amd64.deb"
    with tarfile.open(made, "w") as archive:
        archive.add(source, ".")
    return made


def _read(place: Path, name: str, member: str) -> str:
    with tarfile.open(place / name) as archive:
        file = archive.extractfile(f"./{member}")
        assert file is not None
        return file.read().decode()


def test_packages_differ_by_version_and_the_last_one_fails_at_its_start(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product, "make_package", _pack)
    place = tmp_path / "debs"
    found = packages.make_packages(tmp_path, tmp_path / "work", place)
    assert found == {
        "first": "denban_0.1.9_amd64.deb",
        "next": "denban_0.1.10_amd64.deb",
        "broken": "denban_0.1.11_amd64.deb",
    }
    begins = [_read(place, name, "edge/app/__main__.py") for name in found.values()]
    assert [packages._FAILS in text for text in begins] == [False, False, True]
    said = [_read(place, name, "edge/__init__.py") for name in found.values()]
    assert said == [f'__version__ = "0.1.{number}"\n' for number in (9, 10, 11)]
    assert source.joinpath("pyproject.toml").read_text().count("0.1.9") == 1


def test_package_that_would_not_be_broken_is_not_made(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product, "make_package", _pack)
    (source / "edge/app/__main__.py").write_text("def _run() -> int:\n    return 0\n")
    with pytest.raises(BuildError, match="got 0 times"):
        packages.make_packages(tmp_path, tmp_path / "work", tmp_path / "debs")


def test_line_of_ours_where_a_release_is_broken_is_there() -> None:
    """A broken release that works would be an upgrade."""
    assert (product.ROOT / "edge/app/__main__.py").read_text().count(packages._BEGINS) == 1


@pytest.mark.skipif(shutil.which("mke2fs", path=tools._PLACES) is None, reason="mke2fs is missing")
def test_card_has_the_packages(tmp_path: Path) -> None:
    place = tmp_path / "debs"
    place.mkdir()
    (place / "denban_1.deb").write_text("package")
    packages.make_card(place, tmp_path / "card.ext4")
    image = str(tmp_path / "card.ext4")
    assert tools.run("debugfs", "-R", "cat denban_1.deb", image).endswith("package")


def test_base_with_more_packages_is_another(tmp_path: Path) -> None:
    assert set(PACKAGES) < set(BARE_PACKAGES)
    assert base_of(tmp_path, ()) != base_of(tmp_path, (), BARE_PACKAGES)


def test_bare_image_that_fits_its_inputs_is_not_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bare, "build", lambda *_, **__: False)
    base = base_of(tmp_path / "cache", (), BARE_PACKAGES)
    base.folder.mkdir(parents=True)
    (base.folder / "made").touch()
    (tmp_path / "bare").mkdir()
    about = {"inputs": whole.inputs_key(base.key)}
    whole.write_manifest(tmp_path / "bare", about)
    assert bare.build_bare(tmp_path) is False


def _write(folder: Path) -> None:
    files = {"kernel": "../vmlinuz", "initrd": "../initrd.cpio", "root": "r", "layers": ["p"]}
    (folder / "manifest.json").write_text(json.dumps({"files": files}))


def test_machine_without_the_product_has_a_card_and_a_firmware_that_knows_it(
    tmp_path: Path,
) -> None:
    _write(tmp_path)
    image = read_image(tmp_path)
    hosts = ["10.77.1.1", "10.77.2.1"]
    files = image.files(tmp_path / "disk", CONNECTIONS, hosts, "eg-kita", "1-2-3")
    words = command_line(files, CONNECTIONS, tmp_path, tmp_path / "c")
    assert words[words.index("-uuid") + 1] == "1-2-3"
    assert f"if=none,id=disk1,file={tmp_path / 'p'},format=raw,readonly=on" in words
    plain = command_line(
        image.files(tmp_path / "disk", CONNECTIONS, hosts, "eg-kita"),
        CONNECTIONS,
        tmp_path,
        tmp_path,
    )
    assert "-uuid" not in plain


def test_bench_without_the_second_image_says_what_it_lacks(tmp_path: Path) -> None:
    assert Ability.BARE not in BareBench(bare_works(), tmp_path).abilities
    _write(tmp_path)
    is_able = Ability.BARE in BareBench(bare_works(), tmp_path).abilities
    assert is_able == (shutil.which("qemu-system-x86_64") is not None)
