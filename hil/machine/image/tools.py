"""The programs that a build needs: runs them, installs them where it may, says its steps."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

_LINES_TOLD: Final = 30
# Program to Debian's package.
_PACKAGES: Final = {
    "mmdebstrap": "mmdebstrap",
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mke2fs": "e2fsprogs",
    "busybox": "busybox-static",
    "cpio": "cpio",
    "modprobe": "kmod",
    "depmod": "kmod",
    "xz": "xz-utils",
    "make": "make",
    "gcc-12": "gcc-12",
    "setpriv": "util-linux",
}
_PLACES: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class BuildError(RuntimeError):
    """The image can't be built; `str()` says why and what to do."""


def run(*words: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """What the program says. Raises BuildError with the end of it where it fails."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:{_PLACES}", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = done.stdout.decode(errors="replace")
    if done.returncode:
        told = "\n".join(said.splitlines()[-_LINES_TOLD:])
        raise BuildError(f"{shlex.join(map(str, words))}: exit code {done.returncode}\n{told}")
    return said


def require_tools() -> None:
    """Installs what is missing, as root on a Debian. Raises BuildError."""
    if os.geteuid() != 0:
        raise BuildError(
            "the image's files belong to root: run as root, or in a namespace of your own:"
            " unshare --map-root-user --map-auto --mount make image"
        )
    missing = missing_packages()
    if not missing:
        return
    command = ["apt-get", "install", "-qq", "--no-install-recommends", *missing]
    if shutil.which("apt-get") is None:
        raise BuildError(f"missing, by the names of Debian's packages: {' '.join(missing)}")
    run("apt-get", "update", "-qq", env={"DEBIAN_FRONTEND": "noninteractive"})
    run(*command, env={"DEBIAN_FRONTEND": "noninteractive"})


def missing_packages() -> list[str]:
    """By Debian's names, each once."""
    absent = {
        package
        for program, package in _PACKAGES.items()
        if shutil.which(program, path=f"{os.environ.get('PATH', '')}:{_PLACES}") is None
    }
    if not _KEYRING.exists():
        absent.add("debian-archive-keyring")
    return sorted(absent)


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Tells what is done and how long it took."""
    print(f"{what} ...", end="", flush=True)
    begun_s = time.monotonic()
    try:
        yield
    except BaseException:
        print(" failed", flush=True)
        raise
    print(f" {time.monotonic() - begun_s:.1f} s", flush=True)
