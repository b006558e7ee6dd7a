"""The product in the tree, by `make install` as on any gateway, from wheels at hand.

What changes with each commit is made anew each time; what it depends on is kept.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

from hil.machine.guest_paths import GUEST
from hil.machine.image.tools import BuildError, run

ROOT: Final = Path(__file__).resolve().parents[3]
_INTERPRETER: Final = Path("/usr/bin/python3")
PARTS: Final = ("edge", "systemd", "firmware-config", "pyproject.toml", "Makefile")


def parts() -> list[Path]:
    """Every file of which the installed product is made."""
    found: list[Path] = []
    for name in PARTS:
        path = ROOT / name
        found += [path] if path.is_file() else path.rglob("*")
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def fetch_wheels(cache: Path) -> Path:
    """Folder of all that the product needs, and what builds its own wheel. Raises BuildError."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"], "wheel"]
    key = hashlib.sha256("\0".join(wanted).encode()).hexdigest()[:16]
    folder = cache / f"wheels-{key}"
    if not folder.exists():
        draft = folder.with_suffix(".part")
        shutil.rmtree(draft, ignore_errors=True)
        run(sys.executable, "-m", "pip", "wheel", "-q", "-w", draft, *wanted)
        draft.rename(folder)
    return folder


def install(tree: Path, wheels: Path) -> None:
    """Raises BuildError."""
    check_interpreter(tree)
    run(
        "make", "-C", ROOT, "install",
        f"DESTDIR={tree.resolve()}",
        f"PREFIX={GUEST.prefix}",
        f"SYSTEM_PYTHON={_INTERPRETER}",
        f"PIP={sys.executable} -m pip",
        env=_from(wheels),
    )  # fmt: skip


def make_package(source: Path, wheels: Path, out: Path) -> Path:
    """What `make package` of a source tree gives, in `out`. Raises BuildError."""
    said = run(
        source / "systemd/package/build.sh",
        env={
            **_from(wheels),
            "OUT": str(out.resolve()),
            "SYSTEM_PYTHON": str(_INTERPRETER),
            "PIP": f"{sys.executable} -m pip",
        },
    )
    return Path(said.splitlines()[-1])


def _from(wheels: Path) -> dict[str, str]:
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels.resolve())}


def check_interpreter(tree: Path) -> None:
    """The tree's interpreter runs what this machine's has compiled and chosen."""
    theirs = (tree / "usr/bin/python3").readlink().name
    ours = [f"python{sys.version_info.major}.{sys.version_info.minor}"]
    ours.append(_INTERPRETER.resolve().name if _INTERPRETER.exists() else f"no {_INTERPRETER}")
    if {theirs} != set(ours):
        raise BuildError(
            f"the image's interpreter is {theirs}, this build runs by {ours[0]} and installs by"
            f" {ours[1]}: build it on a Debian of the same release, or in a container of it"
        )


def version() -> dict[str, str]:
    """Of the product as it lies in the working tree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return {"version": project["version"], "commit": asked.stdout.strip() or "unknown"}
