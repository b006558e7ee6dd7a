"""Builds the preload library into ``build/hil/``, once for each state of its sources.

Uses the machine's C compiler, else the one in the ``ziglang`` wheel when that is installed; it must
not install anything itself.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_SOURCES = [_HERE / "gpio_shim.c", _HERE / "board_call.c", _HERE / "clock_shim.c"]
_HEADERS = [_HERE / "board_call.h"]
_OUTPUT_DIRECTORY = _HERE.parent.parent / "build" / "hil"
_FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-D_FILE_OFFSET_BITS=64", "-shared", "-fPIC"]
_LIBRARIES = ["-ldl", "-pthread"]
_COMPILE_S_MAX = 300  # zig builds its C library's start files on first use, slow on a Pi


def find_compilers() -> list[list[str]]:
    """Command lines of the C compilers there are, the preferred one first."""
    found = [[name] for name in ("cc", "gcc", "clang") if shutil.which(name)]
    if importlib.util.find_spec("ziglang"):
        found.append([sys.executable, "-m", "ziglang", "cc"])
    return found


def build(compiler: list[str] | None = None, directory: Path = _OUTPUT_DIRECTORY) -> Path:
    """Path of the library, built if these sources were not yet built by this compiler.

    Raises RuntimeError when there is no compiler or it fails.
    """
    if compiler is None:
        compilers = find_compilers()
        if not compilers:
            raise RuntimeError(
                "hil/shim: C compiler: got none, need cc or the ziglang wheel; no process "
                "can be shown the board; run: pip install ziglang"
            )
        compiler = compilers[0]
    digest = hashlib.sha256(repr((compiler, _FLAGS, os.uname().machine)).encode())
    for source in [*_SOURCES, *_HEADERS]:
        digest.update(source.read_bytes())
    library = directory / f"gpio_shim-{digest.hexdigest()[:16]}.so"
    if not library.exists():
        directory.mkdir(parents=True, exist_ok=True)
        _compile(compiler, library)
    return library


def _compile(compiler: list[str], library: Path) -> None:
    partial = library.with_suffix(f".{os.getpid()}")  # several tests may build at once
    command = [*compiler, *_FLAGS, "-o", str(partial), *map(str, _SOURCES), *_LIBRARIES]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_COMPILE_S_MAX, check=False
    )
    if done.returncode:
        raise RuntimeError(
            f"hil/shim: {' '.join(command)}: got exit {done.returncode}: {done.stderr}"
        )
    partial.replace(library)


if __name__ == "__main__":
    print(build())
