"""The real package under the real dpkg in a Debian tree: installed, upgraded, removed, purged.

It needs root, and the tree and wheels that `make image` keeps; nothing is fetched.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.package.building import ROOT
from tests.package.machine import filled
from tests.package.test_install import VERSION

CACHE = ROOT / "build/image/cache"
INTERPRETER = Path("/usr/bin/python3")
LATER = f"{VERSION}+later"


def _missing() -> str | None:
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("dpkg-deb") is None:
        return "needs root, unshare and dpkg"
    trees = [*CACHE.glob("base-*/made")]
    if not trees or not [*CACHE.glob("wheels-*")]:
        return "needs the Debian tree and the wheels of `make image`"
    theirs = (trees[0].parent / "tree/usr/bin/python3").readlink().name
    ours = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if {theirs, INTERPRETER.resolve().name} != {ours}:
        return f"needs {theirs}, as in the Debian tree"
    return None


pytestmark = [pytest.mark.slow, pytest.mark.skipif(_missing() is not None, reason=str(_missing()))]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """This version's package, and one that differs by its number alone."""
    out = tmp_path_factory.mktemp("packages")
    environment = {
        "PATH": os.environ["PATH"],
        "SYSTEM_PYTHON": str(INTERPRETER),
        "PIP": f"{sys.executable} -m pip",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(next(CACHE.glob("wheels-*"))),
        "OUT": str(out),
        "DPKG_DEB_COMPRESSOR_TYPE": "none",
    }
    script = ROOT / "systemd/package/build.sh"
    done = subprocess.run([script], env=environment, capture_output=True, text=True, check=True)
    package = Path(done.stdout.splitlines()[-1])
    tree = out / "later"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    (tree / f"opt/denban/releases/{VERSION}").rename(tree / f"opt/denban/releases/{LATER}")
    for name in ("preinst", "postinst", "prerm", "postrm"):
        (tree / "DEBIAN" / name).write_text(filled(name, LATER))
    control = (tree / "DEBIAN/control").read_text()
    control = control.replace(f"Version: {VERSION}", f"Version: {LATER}")
    (tree / "DEBIAN/control").write_text(control)
    (tree / "DEBIAN/md5sums").unlink()
    later = out / "later.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, later], check=True)
    return package, later


class Debian:
    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = shlex.join(words)
        inside = f"mount -t proc proc {self.root}/proc && exec chroot {self.root} {command}"
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", inside],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def says(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def releases(self) -> dict[str, list[str]]:
        base = self.root / "opt/denban"
        return {
            name: sorted(path.name for path in (base / name).iterdir())
            for name in ("kept", "releases")
            if (base / name).exists()
        }


@pytest.fixture
def debian(tmp_path: Path, packages: tuple[Path, Path]) -> Debian:
    root = tmp_path / "root"
    tree = next(CACHE.glob("base-*/made")).parent / "tree"
    subprocess.run(["cp", "-a", "--reflink=auto", tree, root], check=True)
    shutil.copy(packages[0], root / "tmp/now.deb")
    shutil.copy(packages[1], root / "tmp/later.deb")
    shutil.copy(ROOT / "docs/site.example.toml", root / "tmp")
    if Debian(root).run("true").returncode:
        pytest.skip("mounts and chroot are not allowed here")
    return Debian(root)


def test_package_lives_its_whole_life_under_dpkg(debian: Debian) -> None:
    said = debian.says("dpkg", "-i", "/tmp/now.deb")
    assert "installed and not started" in said
    assert debian.says("denban", "--version") == f"denban, version {VERSION}"
    assert debian.says("stat", "-c", "%U:%G %a", "/var/lib/denban") == "denban:denban 750"
    shutil.copy(debian.root / "tmp/site.example.toml", debian.root / "etc/denban/site.toml")
    assert "sound" in debian.says("denban", "check", "/etc/denban/site.toml")
    (debian.root / "var/lib/denban/mine").touch()
    wants = debian.root / "etc/systemd/system/multi-user.target.wants"
    assert (wants / "denban.service").is_symlink()

    debian.says("dpkg", "-i", "/tmp/later.deb")
    assert debian.releases == {"kept": [VERSION], "releases": [LATER]}
    assert "version" in debian.says("denban", "--version")

    done = debian.run("dpkg", "-i", "/tmp/now.deb")
    assert done.returncode == 1
    assert f"got {VERSION}, need {LATER} or later" in done.stderr
    state = debian.says("dpkg-query", "-W", "-f", "${Version} ${db:Status-Status}", "denban")
    assert state == f"{LATER} installed"
    debian.says("env", "DENBAN_ALLOW_DOWNGRADE=1", "dpkg", "-i", "/tmp/now.deb")
    assert debian.releases == {"kept": [LATER], "releases": [VERSION]}
    assert (debian.root / "etc/denban/site.toml").exists()

    debian.says("dpkg", "-r", "denban")
    assert not (debian.root / "opt/denban").exists()
    assert not (wants / "denban.service").is_symlink()
    assert (debian.root / "etc/denban/site.toml").exists()

    debian.says("dpkg", "-P", "denban")
    assert not (debian.root / "etc/denban").exists()
    assert (debian.root / "var/lib/denban/mine").exists()
    left = debian.says("find", "/usr", "/etc", "/run", "-name", "*denban*")
    assert left == ""
