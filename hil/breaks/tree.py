"""A copy of what a bench needs of the project, in which the product can be broken.

Its code is compiled once, so that a run in it starts as fast as elsewhere. A file that is broken
loses its compiled form: that it has one again shows that the broken product was the one that ran.
"""

from __future__ import annotations

import compileall
import contextlib
import importlib.util
import shutil
from pathlib import Path
from typing import Final

from hil.breaks.seeded import Break, broken_texts

ROOT: Final = Path(__file__).parent.parent.parent
# Where they exist; the package first.
_PARTS: Final = (
    "edge",
    "hil",
    "systemd",
    "conftest.py",
    "pyproject.toml",
    "Makefile",
    "README.md",
    "LICENSE",
)
_PACKAGES: Final = ("edge", "hil")
_LEFT_OUT: Final = shutil.ignore_patterns("__pycache__")
# The preload library is shared; of a machine's image what does not depend on the product. Nothing
# else: a wheel's build keeps files, which must not come from another tree.
_BUILD: Final = "build"
_LIBRARY: Final = "build/hil"
_IMAGE: Final = "build/image"
_IMAGE_CACHE: Final = "build/image/cache"


def copy_project(root: Path, tree: Path) -> None:
    """The unbroken project, compiled; its image is the project's. `tree` must not exist."""
    tree.mkdir()
    for part in _PARTS:
        source = root / part
        if source.is_dir():
            shutil.copytree(source, tree / part, ignore=_LEFT_OUT)
        elif source.exists():
            shutil.copy2(source, tree / part)
    for shared in (_LIBRARY, _IMAGE):
        _share(root, tree, shared)
    for package in _PACKAGES:
        compileall.compile_dir(tree / package, quiet=2, workers=0)


def break_copy(root: Path, unbroken: Path, tree: Path, seeded: Break) -> None:
    """A copy of :func:`copy_project`'s with the break in it, and an image of its own to be built.

    Raises ValueError where the break does not fit.
    """
    texts = broken_texts(seeded, unbroken)
    shutil.copytree(unbroken, tree, ignore=shutil.ignore_patterns(_BUILD))
    for shared in (_LIBRARY, _IMAGE_CACHE):
        _share(root, tree, shared)
    for name, text in texts.items():
        (tree / name).write_text(text)
        with contextlib.suppress(FileNotFoundError):
            _compiled(tree / name).unlink()


def _share(root: Path, tree: Path, name: str) -> None:
    (root / name).mkdir(parents=True, exist_ok=True)
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).symlink_to(root / name)


def not_loaded(tree: Path, seeded: Break) -> list[str]:
    """Broken files that no process has loaded since."""
    files = dict.fromkeys(edit.file for edit in seeded.edits)
    return [name for name in files if not _compiled(tree / name).exists()]


def _compiled(path: Path) -> Path:
    return Path(importlib.util.cache_from_source(str(path)))
