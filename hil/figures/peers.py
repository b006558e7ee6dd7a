"""The peers that come as system packages: what is missing, and its installation where allowed.

Only root installs, and only with apt. Peers in Python are the extra `bench` of pyproject.toml.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

from hil.field import has_libmodbus
from hil.figures.lateness import has_cyclictest

_INSTALL_S_MAX = 180


def install(tell: Callable[[str], None]) -> None:
    """Install what is missing if that is possible; else its rows say that it is not there."""
    missing = [
        package
        for package, is_here in (("rt-tests", has_cyclictest), ("libmodbus5", has_libmodbus))
        if not is_here()
    ]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        tell(f"not here: {' '.join(missing)}; to compare with them install these Debian packages")
        return
    tell(f"installing {' '.join(missing)} with apt, to compare with them")
    try:
        done = subprocess.run(
            ["apt-get", "install", "--yes", "-qq", *missing],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            check=False,
            timeout=_INSTALL_S_MAX,
        )
    except subprocess.TimeoutExpired:
        tell(f"apt-get: gave up after {_INSTALL_S_MAX} s")
        return
    if done.returncode:
        tell(f"apt-get: {done.stderr.strip()[-300:]}")
