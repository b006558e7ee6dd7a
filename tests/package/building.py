"""A release made by `systemd/install.sh` with a pip that copies: seconds instead of minutes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTALL = ROOT / "systemd" / "install.sh"
EPOCH = 1_700_000_000
# The libraries are this environment's own, by a path file; the product is really copied.
FAKE_PIP = """
import shutil
import sys
import sysconfig
from pathlib import Path
words = sys.argv[1:]
python = Path(words[words.index("--python") + 1])
source = Path(words[-1])
assert (source / "edge/app/__main__.py").exists() and (source / "pyproject.toml").exists()
assert not (source / "build").exists()
program = python.parent / "denban"
program.write_text(f"#!{python}\\nprint()\\n")
program.chmod(0o755)
place = next((python.parent.parent / "lib").glob("python3*/site-packages"))
shutil.copytree(source / "edge", place / "edge")
(place / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\\n")
about = place / "denban-9.8.dist-info"
about.mkdir()
(about / "METADATA").write_text("Name: denban\\nVersion: 9.8\\nLicense-Expression: Apache-2.0\\n")
(about / "direct_url.json").write_text(source.as_uri())
(about / "RECORD").write_text(
    "../../../bin/denban,,\\nedge/__init__.py,,\\ndenban-9.8.dist-info/direct_url.json,,\\n"
)
"""


def install(folder: Path, tree: Path, prefix: str) -> None:
    """What `make install` does, into `tree`."""
    environment = {**_environment(folder), "DESTDIR": str(tree), "PREFIX": prefix}
    subprocess.run([str(INSTALL)], env=environment, check=True)


def build(folder: Path, out: Path) -> Path:
    """What `make package` does, into `out`."""
    script = ROOT / "systemd/package/build.sh"
    environment = {**_environment(folder), "OUT": str(out), "DPKG_DEB_COMPRESSOR_TYPE": "none"}
    done = subprocess.run([script], env=environment, capture_output=True, text=True, check=True)
    return Path(done.stdout.splitlines()[-1])


def _environment(folder: Path) -> dict[str, str]:
    pip = folder / "pip.py"
    pip.write_text(FAKE_PIP)
    return {
        "PATH": os.environ["PATH"],
        "SYSTEM_PYTHON": sys.executable,
        "PIP": f"{sys.executable} {pip}",
        "SOURCE_DATE_EPOCH": str(EPOCH),
    }
