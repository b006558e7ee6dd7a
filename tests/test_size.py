"""Files and functions stay small. What is over the aim is listed and may only shrink."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILE_LINES_AIM = 300
FUNCTION_LINES_AIM = 50


def _sizes(path: Path) -> dict[str, int]:
    """Lines of a file and of each of its functions, by name."""
    text = path.read_text()
    name = path.relative_to(ROOT).as_posix()
    sizes = {name: len(text.splitlines())}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            sizes[f"{name}:{node.name}"] = node.end_lineno - node.lineno + 1
    return sizes


def _over_aim() -> dict[str, int]:
    return {
        name: lines
        for folder in ("edge", "hil", "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name, lines in _sizes(path).items()
        if lines > (FUNCTION_LINES_AIM if ":" in name else FILE_LINES_AIM)
    }


def test_size_of_files_and_functions_only_shrinks() -> None:
    """Something grew: split it. Something shrank: lower its number in tests/size_ratchet.toml."""
    allowed = tomllib.loads((ROOT / "tests/size_ratchet.toml").read_text())["lines"]
    assert _over_aim() == allowed
