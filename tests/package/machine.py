"""A machine for the package's scripts: a scratch root, programs that only remember what they were
asked, releases of a few files, and what dpkg does in its order. Each change can be the last before
a power cut.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

from tests.package.building import ROOT

FAKES: Final = Path(__file__).parent / "fakes"
OLD: Final = "1.0"
NEW: Final = "1.1"
# The guard's answer: exit code and reason.
NOT_READY: Final = "2 EG-KITA is on duty and EG-MINAMI is not ready"
_FILL: Final = ROOT / "systemd/package/fill.sh"
_STEPPED: Final = ("cp", "ln", "mv", "rm", "sync", "systemctl")


class PowerCutError(Exception):
    """The machine is off."""


def release_files(version: str) -> dict[str, str]:
    """Paths below the release; the interpreter answers as the fake in `fakes/interpreter` does."""
    interpreter = (FAKES / "interpreter").read_text()
    path = f"# {version}\n[Path]\n[Install]\nWantedBy=multi-user.target\n"
    return {
        "bin/python3": interpreter.replace("@VERSION@", version).replace(
            "@PYTHON@", sys.executable
        ),
        "lib/edge/__init__.py": f"__version__ = '{version}'\n",
        "lib/edge/core.py": f"core of {version}\n",
        "units/denban.service": f"# {version}\n[Service]\n[Install]\nWantedBy=multi-user.target\n",
        "units/denban.service.d/guard.conf": f"# {version}\n",
        f"units/denban-since-{version}.path": path,
    }


def unit_place(name: str) -> str:
    """Of a unit of the package; the service's own lies where a mask would."""
    folder = "etc" if name == "denban.service" else "usr/lib"
    return f"{folder}/systemd/system/{name}"


def package_files(version: str) -> dict[str, str]:
    """All that the package of this version puts on the machine."""
    files = release_files(version)
    return {
        **{f"opt/denban/releases/{version}/{name}": text for name, text in files.items()},
        **{
            unit_place(name.removeprefix("units/")): text
            for name, text in files.items()
            if name.startswith("units/")
        },
        "usr/bin/denban": f"wrapper of {version}\n",
        "usr/lib/sysusers.d/denban.conf": "u denban\n",
        "usr/lib/tmpfiles.d/denban.conf": "d /etc/denban\n",
        "usr/lib/tmpfiles.d/denban-login.conf": "d /run/denban\n",
    }


@cache
def filled(name: str, version: str) -> str:
    """The script as it is in the package."""
    words = [_FILL, name, version]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


class Machine:
    """`cut` is the number of the change that does not come to pass; None for no power cut."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.state = folder / "state"
        self._programs = folder / "programs"
        self._scripts = folder / "scripts"
        self.wants = self.root / "etc/systemd/system/multi-user.target.wants"
        self.cut: int | None = None
        if folder.exists():
            return
        for path in (self.root / "run/systemd/system", self.state, self.wants, self._scripts):
            path.mkdir(parents=True)
        shutil.copytree(
            FAKES, self._programs, ignore=shutil.ignore_patterns("interpreter", "stepped")
        )
        for name in _STEPPED:
            real = shutil.which(name) if name in {"cp", "ln", "mv", "rm"} else "true"
            text = (FAKES / "stepped").read_text().replace("@REAL@", str(real))
            if name == "systemctl":
                (self._programs / "systemctl").rename(self._programs / "systemctl-now")
                text = text.replace("true", '"${0%/*}/systemctl-now"')
            (self._programs / name).write_text(text)
        for path in self._programs.iterdir():
            path.chmod(0o755)
        self.note("ActiveState", "inactive")
        self.note("MainPID", "1")
        self.note("RefuseManualStop", "no")
        self.note("steps", "0\n")

    # What the machine is like

    def note(self, name: str, value: str = "") -> None:
        (self.state / name).write_text(value)

    def noted(self, name: str) -> str:
        return (self.state / name).read_text().strip()

    @property
    def log(self) -> list[str]:
        path = self.state / "log"
        return path.read_text().splitlines() if path.exists() else []

    def forget(self) -> None:
        (self.state / "log").unlink(missing_ok=True)

    @property
    def in_use(self) -> str:
        return str((self.root / "opt/denban/current").readlink())

    @property
    def enabled(self) -> list[str]:
        return sorted(path.name for path in self.wants.iterdir())

    @property
    def kept(self) -> list[str]:
        folder = self.root / "opt/denban/kept"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def is_whole(self, place: str) -> bool:
        """`place` as the link says it."""
        folder = self.root / "opt/denban" / place
        found = {
            path.relative_to(folder).as_posix(): path.read_text()
            for path in folder.rglob("*")
            if path.is_file()
        }
        return found == release_files(place.split("/")[1])

    def units(self) -> dict[str, str]:
        folders = [self.root / folder / "systemd/system" for folder in ("etc", "usr/lib")]
        return {
            path.relative_to(folder).as_posix(): path.read_text().splitlines()[0]
            for folder in folders
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }

    # What dpkg does

    def script(
        self, version: str, name: str, *words: str, **more: str
    ) -> subprocess.CompletedProcess[str]:
        path = self._scripts / f"{name}-{version}"
        if not path.exists():
            path.write_text(filled(name, version))
        environment = {
            "PATH": f"{self._programs}:{os.environ['PATH']}",
            "DPKG_ROOT": str(self.root),
            "STATE": str(self.state),
            "CUT": str(self.cut or 0),
            **more,
        }
        done = subprocess.run(
            ["/bin/sh", path, *words],
            env=environment, capture_output=True, text=True, check=False, start_new_session=True,
        )  # fmt: skip
        if done.returncode == -signal.SIGKILL:
            raise PowerCutError
        return done

    def unpack(self, version: str, before: str | None) -> None:
        """Each file beside its place and then into it; then those that only the old one had."""
        files = package_files(version)
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(path.name + ".dpkg-new")
            draft.write_text(text)
            draft.chmod(0o755)
            self._step()
            draft.rename(path)
        for name in package_files(before) if before else ():
            if name not in files:
                self._step()
                (self.root / name).unlink(missing_ok=True)

    def install(self, version: str, before: str | None = None, **more: str) -> tuple[int, str]:
        """Exit code and stderr of the script that ends it, as `dpkg --install` would."""
        first = ("install",) if before is None else ("upgrade", before, version)
        if before is not None:
            assert self.script(before, "prerm", "upgrade", version, **more).returncode == 0
        done = self.script(version, "preinst", *first, **more)
        if done.returncode == 0:
            self.unpack(version, before)
            if before is not None:
                assert self.script(before, "postrm", "upgrade", version, **more).returncode == 0
            return self.configure(version, before, **more)
        if before is not None:
            assert self.script(version, "postrm", "abort-upgrade", before, version).returncode == 0
            assert self.script(before, "postinst", "abort-upgrade", version).returncode == 0
        return done.returncode, done.stderr

    def configure(self, version: str, before: str | None = None, **more: str) -> tuple[int, str]:
        done = self.script(version, "postinst", "configure", before or "", **more)
        return done.returncode, done.stderr

    def boot(self) -> None:
        """After a power cut: nothing of /run, and the release in use is started."""
        self.cut = None
        shutil.rmtree(self.root / "run")
        (self.root / "run/systemd/system").mkdir(parents=True)
        self.note("ActiveState", "active")

    @property
    def steps(self) -> int:
        return int(self.noted("steps"))

    def _step(self) -> None:
        self.note("steps", f"{self.steps + 1}\n")
        if self.steps == self.cut:
            raise PowerCutError
