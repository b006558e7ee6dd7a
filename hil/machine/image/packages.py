"""The product's package as a person gets it: this version, the next one, and one that is broken.

Each is made by `make package` from a copy of the tree; what differs is changed in the copy.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from hil.machine.image import product
from hil.machine.image.tools import BuildError, run

# By what they are there for, in the order of their versions.
KINDS: Final = ("first", "next", "broken")
# Besides what the installed product is made of: what is in the package for people.
_FOR_PEOPLE: Final = ("docs", "README.md", "LICENSE", "CHANGELOG.md")
_BEGINS: Final = "def _run(compiling: Compiling, named: str | None) -> int:\n"
_FAILS: Final = '    raise RuntimeError("a release that is broken on purpose")\n'
_SPARE_KIB: Final = 1024


def make_packages(wheels: Path, work: Path, place: Path) -> dict[str, str]:
    """All of them into `place`; file names by kind. Raises BuildError."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    found = {}
    for number, kind in enumerate(KINDS):
        source = work / "source"
        _copy(source)
        _raise_version(source, number)
        if kind == "broken":
            _replace(source / "edge/app/__main__.py", _BEGINS, _BEGINS + _FAILS)
        made = product.make_package(source, wheels, work / "out")
        shutil.copy(made, place)
        found[kind] = made.name
        shutil.rmtree(source)
        shutil.rmtree(work / "out")
    return found


def make_card(place: Path, image: Path) -> None:
    """A file system to read from, with all that is in `place`."""
    used_kib = sum(path.stat().st_size for path in place.iterdir()) // 1024
    draft = image.with_suffix(".part")
    draft.unlink(missing_ok=True)
    run(
        "mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d", place, draft,
        f"{used_kib * 11 // 10 + _SPARE_KIB}k",
    )  # fmt: skip
    draft.rename(image)


def _copy(source: Path) -> None:
    shutil.rmtree(source, ignore_errors=True)
    without = shutil.ignore_patterns("__pycache__")
    for name in (*product.PARTS, *_FOR_PEOPLE):
        path = product.ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=without)
        else:
            source.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, source)


def _raise_version(source: Path, number: int) -> None:
    """The last part of it by so much, at both places that say it."""
    version = product.version()["version"]
    raised = re.sub(r"\d+$", lambda found: str(int(found[0]) + number), version)
    _replace(source / "pyproject.toml", f'version = "{version}"', f'version = "{raised}"')
    _replace(source / "edge/__init__.py", f'"{version}"', f'"{raised}"')


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if text.count(old) != 1:
        raise BuildError(f"{path}: got {text.count(old)} times {old.strip()!r}, need it once")
    path.write_text(text.replace(old, new))
