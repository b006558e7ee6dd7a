"""`systemd/install.sh` into a root tree: a release, the link to it, and the system's files."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.package.building import INSTALL, ROOT, install

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("install")
    tree = folder / "tree"
    for stale in (f"{VERSION}/lib/stale", "0.0.1/kept"):
        path = tree / "srv/denban/releases" / stale
        path.parent.mkdir(parents=True)
        path.touch()
    install(folder, tree, "/srv/denban")
    return tree


@pytest.fixture(scope="module")
def release(tree: Path) -> Path:
    return tree / "srv/denban/releases" / VERSION


def test_install_links_the_release_that_it_made(tree: Path) -> None:
    assert (tree / "srv/denban/current").readlink() == Path("releases") / VERSION


def test_install_puts_programs_that_run_by_the_link(release: Path) -> None:
    programs = sorted(path.name for path in (release / "bin").iterdir() if not path.is_symlink())
    assert programs == ["denban"]
    program = (release / "bin/denban").read_text()
    assert program == "#!/srv/denban/current/bin/python3 -I\nprint()\n"


def test_install_leaves_no_trace_of_the_place_where_it_was_made(tree: Path, release: Path) -> None:
    traces = [
        path
        for path in tree.rglob("*")
        if path.is_file() and str(tree).encode() in path.read_bytes()
    ]
    assert traces == []
    module = next(release.rglob("edge/__pycache__/__init__.*.pyc"))
    assert f"{tree.anchor}srv/denban/releases/{VERSION}/lib".encode() in module.read_bytes()
    records = [path.read_text() for path in release.rglob("RECORD")]
    assert records == ["edge/__init__.py,,\n"]
    assert list(release.rglob("direct_url.json")) == []


def test_install_leaves_nothing_of_the_same_release_before(release: Path) -> None:
    assert not (release / "lib/stale").exists()


def test_install_leaves_other_releases_alone(tree: Path) -> None:
    assert (tree / "srv/denban/releases/0.0.1/kept").exists()


def test_install_puts_files_with_its_prefix_where_the_system_looks(tree: Path) -> None:
    placed = (
        "etc/systemd/system/denban.service",
        "usr/bin/denban",
        "usr/lib/systemd/system/denban-guard.service",
        "usr/lib/systemd/system-preset/60-denban.preset",
        "usr/lib/sysusers.d/denban.conf",
        "usr/lib/tmpfiles.d/denban.conf",
        "usr/lib/udev/rules.d/60-denban.rules",
        "usr/share/bash-completion/completions/denban",
        "usr/share/man/man1/denban.1.gz",
    )
    assert [name for name in placed if not (tree / name).is_file()] == []
    texts = [
        path.read_text()
        for folder in ("etc", "usr")
        for path in (tree / folder).rglob("*denban*")
        if path.suffix != ".gz" and path.is_file()
    ]
    assert [text for text in texts if "/opt/denban" in text] == []


def test_install_puts_the_units_into_the_release_too(tree: Path, release: Path) -> None:
    folder = tree / "usr/lib/systemd/system"
    units = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    kept = release / "units"
    found = {path.relative_to(kept) for path in kept.rglob("*") if path.is_file()}
    assert found == {*units, Path("denban.service")}
    service = tree / "etc/systemd/system/denban.service"
    assert (kept / "denban.service").read_bytes() == service.read_bytes()


@pytest.mark.skipif(shutil.which("systemctl") is None, reason="systemctl is missing")
def test_installed_service_can_not_be_masked(tree: Path) -> None:
    words = ["systemctl", f"--root={tree}", "mask", "--force", "denban.service"]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "already exists" in said.stderr
    assert not (tree / "etc/systemd/system/denban.service").is_symlink()


def test_wrapper_runs_the_command_and_no_module_of_where_one_stands(
    tree: Path, tmp_path: Path
) -> None:
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge/__init__.py").write_text("raise SystemExit('a stranger')\n")
    wrapper = (tree / "usr/bin/denban").read_text().replace("/srv", f"{tree}/srv")
    said = subprocess.run(
        ["/bin/sh", "-c", wrapper, "denban", "--version"],
        cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout == f"denban, version {VERSION}\n"


def test_manual_page_has_each_command_and_no_stray_macro(tree: Path) -> None:
    from edge.cli.main import _COMMANDS

    page = gzip.decompress((tree / "usr/share/man/man1/denban.1.gz").read_bytes()).decode()
    sections = [line for line in page.splitlines() if line.startswith(".SS")]
    for name in _COMMANDS:
        quoted = name.replace("-", r"\-")
        assert any(line.startswith(f'.SS "denban {quoted}') for line in sections), name
    macros = {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert macros <= {".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".BR", ".nf", ".fi"}
    assert '"2023-11-14"' in page.splitlines()[0]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is missing")
def test_completion_offers_what_the_command_knows(tree: Path, tmp_path: Path) -> None:
    program = tmp_path / "denban"
    program.write_text((tree / "usr/bin/denban").read_text().replace("/srv", f"{tree}/srv"))
    program.chmod(0o755)
    script = (
        f'. "{tree}/usr/share/bash-completion/completions/denban"; '
        'COMP_WORDS=(denban who); COMP_CWORD=1; _denban_completion denban; echo "${COMPREPLY[@]}"'
    )
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    said = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout == "whoami\n"


@pytest.mark.parametrize(
    ("version", "debian"),
    [
        ("1.2.3", "1.2.3"),
        ("1.2.3rc1", "1.2.3~rc1"),
        ("1.2.0.dev4", "1.2.0~dev4"),
        ("2.0b1", "2.0~b1"),
    ],
)
def test_version_before_a_release_sorts_before_it(
    tmp_path: Path, version: str, debian: str
) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(f'[project]\nversion = "{version}"\n')
    script = ROOT / "systemd/package/version.py"
    said = subprocess.run(["python3", script, project], capture_output=True, text=True, check=True)
    assert said.stdout == f"{debian}\n"


def test_install_by_an_interpreter_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho 'denban needs Python 3.11 to 3.13' >&2\nexit 1\n")
    old.chmod(0o755)
    asked = {"DESTDIR": str(tmp_path / "tree"), "SYSTEM_PYTHON": str(old)}
    done = subprocess.run(
        [str(INSTALL)], env={"PATH": os.environ["PATH"], **asked}, capture_output=True, check=False
    )
    assert (done.returncode, (tmp_path / "tree").exists()) == (1, False)
