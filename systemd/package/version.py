"""The version in a pyproject.toml as Debian writes it: what precedes a release sorts before it."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def debian_version(project: Path) -> str:
    version = tomllib.loads(project.read_text())["project"]["version"]
    return re.sub(r"\.?(a|b|rc|dev)(?=\d)", r"~\1", version)


if __name__ == "__main__":
    sys.stdout.write(debian_version(Path(sys.argv[1])) + "\n")
