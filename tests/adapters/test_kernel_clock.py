"""How right the clock is, as one service tells it to another."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.adapters.kernel_clock import KernelTime, read_told, tell

S = 1_000_000_000


@pytest.mark.parametrize("kernel", [KernelTime(True, 2500), KernelTime(False, 16_000_000)])
def test_clock_told_is_read_as_it_was_told(tmp_path: Path, kernel: KernelTime) -> None:
    tell(kernel, 100 * S, tmp_path / "kernel")
    assert read_told(110 * S, tmp_path / "kernel") == kernel
    assert [path.name for path in tmp_path.iterdir()] == ["kernel"]


def test_clock_told_long_ago_or_before_this_start_is_not_known(tmp_path: Path) -> None:
    tell(KernelTime(True, 2500), 100 * S, tmp_path / "kernel")
    assert read_told(135 * S, tmp_path / "kernel") is not None
    assert read_told(135 * S + 1, tmp_path / "kernel") is None
    assert read_told(99 * S, tmp_path / "kernel") is None


@pytest.mark.parametrize("text", ["", "1 2", "now 1 5"])
def test_clock_told_badly_is_not_known(tmp_path: Path, text: str) -> None:
    (tmp_path / "kernel").write_text(text)
    assert read_told(S, tmp_path / "kernel") is None
    assert read_told(S, tmp_path / "absent") is None
