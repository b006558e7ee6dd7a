"""The archive that `make package` writes: what is in it, whose it is, and the same bytes again."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.package.building import EPOCH, ROOT, build
from tests.package.test_install import VERSION

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is missing")
RELEASE = f"opt/denban/releases/{VERSION}"
SERIAL = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.fixture(scope="module")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deb")
    return build(folder, folder / "out")


@pytest.fixture(scope="module")
def tree(deb: Path) -> Path:
    tree = deb.parent / "unpacked"
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    return tree


def _control(tree: Path) -> dict[str, str]:
    lines = (tree / "DEBIAN/control").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines if not line.startswith(" "))


def test_package_is_named_after_version_and_architecture(deb: Path, tree: Path) -> None:
    said = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    )
    architecture = said.stdout.strip()
    assert deb.name == f"denban_{VERSION}_{architecture}.deb"
    control = _control(tree)
    assert (control["Version"], control["Architecture"]) == (VERSION, architecture)
    assert not [text for text in control.values() if "@" in text and "<" not in text]


def test_package_needs_the_interpreter_that_it_was_built_for(tree: Path) -> None:
    minor = sys.version_info.minor
    needed = _control(tree)["Depends"].split(", ")
    assert f"python3 (>= 3.{minor})" in needed
    assert f"python3 (<< 3.{minor + 1})" in needed


def test_package_does_not_bring_the_link_to_the_release_in_use(tree: Path) -> None:
    assert sorted(path.name for path in (tree / "opt/denban").iterdir()) == ["releases"]
    assert (tree / RELEASE / "bin/python3").is_symlink()
    assert (tree / RELEASE / "units/denban.service").is_file()


def test_package_has_root_as_owner_and_nothing_that_others_may_write(deb: Path) -> None:
    listing = subprocess.run(["dpkg-deb", "-c", deb], capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=5) for line in listing.stdout.splitlines()]
    assert {words[1] for words in lines} == {"root/root"}
    open_ones = [
        words for words in lines if words[0][0] != "l" and "w" in words[0][5] + words[0][8]
    ]
    assert open_ones == []
    special = [words for words in lines if words[0][3] in "sS" or words[0][6] in "sS"]
    assert special == []


def test_package_tells_each_file_of_etc_but_its_unit_as_a_setting(tree: Path) -> None:
    found = sorted(
        f"/{path.relative_to(tree)}" for path in (tree / "etc").rglob("*") if path.is_file()
    )
    found.remove("/etc/systemd/system/denban.service")
    assert (tree / "DEBIAN/conffiles").read_text().splitlines() == found


def test_package_has_the_digest_of_each_file(tree: Path) -> None:
    lines = (tree / "DEBIAN/md5sums").read_text().splitlines()
    digests = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    found = {
        path.relative_to(tree).as_posix()
        for path in tree.rglob("*")
        if path.is_file() and not path.is_symlink() and "DEBIAN" not in path.parts
    }
    assert set(digests) == found
    service = "etc/systemd/system/denban.service"
    content = (tree / service).read_bytes()
    assert digests[service] == hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_package_has_scripts_with_their_functions_and_version(tree: Path) -> None:
    for name in ("preinst", "postinst", "prerm", "postrm"):
        script = tree / "DEBIAN" / name
        assert script.stat().st_mode & 0o777 == 0o755
        assert "@" not in re.sub(r'"\$@"', "", script.read_text())
    assert f"VERSION={VERSION}\n" in (tree / "DEBIAN/preinst").read_text()
    assert "may_stop() {" in (tree / "DEBIAN/preinst").read_text()


def test_package_built_again_has_the_same_bytes(deb: Path, tmp_path: Path) -> None:
    assert build(tmp_path, tmp_path / "out").read_bytes() == deb.read_bytes()


@pytest.fixture(scope="module")
def bill(tree: Path) -> dict[str, Any]:
    return json.loads((tree / "usr/share/doc/denban/denban.sbom.json").read_text())


def test_bill_of_materials_has_what_cyclonedx_requires(bill: dict[str, Any]) -> None:
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.5", 1)
    assert re.fullmatch(SERIAL, bill["serialNumber"])
    assert bill["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    assert EPOCH == 1_700_000_000
    parts = [bill["metadata"]["component"], *bill["components"]]
    for part in parts:
        assert part["type"] in {"application", "library"}
        assert part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}" == part["bom-ref"]
        licences = part.get("licenses", [])
        named = [entry["license"]["name"] for entry in licences if "license" in entry]
        expressions = [entry["expression"] for entry in licences if "expression" in entry]
        # The schema takes licences, or one expression and nothing else.
        assert not (named and expressions)
        assert len(expressions) <= 1
    refs = [part["bom-ref"] for part in parts]
    assert len(set(refs)) == len(refs)
    assert sorted(entry["ref"] for entry in bill["dependencies"]) == sorted(refs)


def test_bill_of_materials_lists_what_the_product_imports(bill: dict[str, Any]) -> None:
    product = bill["metadata"]["component"]
    assert (product["name"], product["licenses"]) == ("denban", [{"expression": "Apache-2.0"}])
    names = {part["name"] for part in bill["components"]}
    project = (ROOT / "pyproject.toml").read_text()
    wanted = re.search(r"^dependencies = \[(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    assert wanted is not None
    assert set(re.findall(r'"([a-z]+)', wanted[1])) <= names


def test_bill_of_materials_without_the_product_is_refused() -> None:
    script = ROOT / "systemd/package/make_sbom.py"
    words = [sys.executable, "-I", "-S", script, "0"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "got 0 of denban, need 1" in done.stderr
