"""Runs the measuring programs of tests/figures: product code in a process of its own.

A program prints one JSON value as its last line; what it measures and how is said there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_SPARE_S = 60.0


def start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start `python -m module arguments` in the project's folder."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def finish(process: subprocess.Popen[bytes], within_s: float) -> Any:
    """Its JSON value. Raises RuntimeError with its standard error if it failed or took longer."""
    try:
        output, errors = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
        errors += f"not done within {within_s} s".encode()
    if process.returncode or not output.strip():
        raise RuntimeError(
            f"{' '.join(map(str, process.args[2:]))}: failed: got exit code {process.returncode}, "  # type: ignore[index]
            f"need a result; not measured; it said:\n{errors.decode(errors='replace')[-2000:]}"
        )
    return json.loads(output.strip().splitlines()[-1])


def result(module: str, *arguments: str, duration_s: float = 0.0) -> Any:
    """Run a program that measures for `duration_s` to its end."""
    return finish(start(module, *arguments), duration_s + _SPARE_S)
