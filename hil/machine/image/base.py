"""Debian as it comes: a tree of its packages, and beside it those that the kernel is made from.

It is made once for each list of packages and kept, so that a new product costs no new system.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from hil.machine.image.tools import run

SUITE: Final = "bookworm"
PACKAGES: Final = (
    "dbus", "iproute2", "kmod", "procps", "python3", "systemd", "systemd-sysv", "tzdata", "udev",
)  # fmt: skip
# What a person's installer has put onto a card besides; no kernel is fetched with it.
BARE_PACKAGES: Final = (*PACKAGES, "chrony", "openssh-client", "openssh-server", "sudo")
_LEFT_OUT: Final = ("man", "locale", "doc", "info", "lintian", "bash-completion")
_FETCH: Final = Path(__file__).with_name("fetch_kernel.sh")


class Base(msgspec.Struct, frozen=True):
    """`tree` is a root tree, `debs` has the kernel's packages; nothing in them is changed."""

    key: str
    folder: Path

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    @property
    def debs(self) -> Path:
        return self.folder / "debs"

    @property
    def is_made(self) -> bool:
        return (self.folder / "made").exists()

    def versions(self) -> dict[str, str]:
        """Of each package of the tree, by its name."""
        form = "${Package} ${Version}\n"
        said = run("dpkg-query", "--admindir", self.tree / "var/lib/dpkg", "-W", "-f", form)
        return dict(line.split() for line in said.splitlines())


def base_of(cache: Path, sources: Sequence[str], packages: Sequence[str] = PACKAGES) -> Base:
    """The one that these inputs give; `sources` replace mmdebstrap's own."""
    said = "\0".join([SUITE, *packages, *_LEFT_OUT, *sources, _FETCH.read_text()])
    key = hashlib.sha256(said.encode()).hexdigest()[:16]
    return Base(key, cache / f"base-{key}")


def make_base(
    base: Base, sources: Sequence[str], packages: Sequence[str] = PACKAGES, *, kernel: bool = True
) -> None:
    """With the packages of a kernel beside it, or without. Raises BuildError."""
    shutil.rmtree(base.folder, ignore_errors=True)
    base.debs.mkdir(parents=True)
    leave_out = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT]
    run(
        "mmdebstrap",
        "--variant=minbase",
        f"--include={','.join(packages)}",
        *leave_out,
        *([f"--customize-hook={_FETCH} {base.debs.resolve()}"] if kernel else []),
        "--customize-hook=rm -rf $1/var/cache/apt/* $1/var/log/*.log",
        SUITE,
        base.tree,
        *sources,
    )
    (base.folder / "made").touch()
