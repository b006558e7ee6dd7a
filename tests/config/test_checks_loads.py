"""Loads whose times or wiring cannot work."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.plant import refusals, site


def _one(line: int, rest: str) -> list[str]:
    return [f"site.toml:{line} {rest}"]


_LOADS = [
    (
        site(("max_shed_s = 1800", "max_shed_s = 0")),
        _one(36, "load.chiller-1.max_shed_s: may never be shed: got 0 s, need > 0 s"),
    ),
    (
        site(("min_shed_s = 300", "min_shed_s = 1801")),
        _one(35, "load.chiller-1.min_shed_s: longer than max_shed_s: got 1801 s, need <= 1800 s"),
    ),
    (
        site(("max_shed_s = 1800", "max_shed_s = 600\nlead_s = 600")),
        _one(
            37,
            "load.chiller-1.lead_s: its power would go only when it must come back: got 600 s, "
            "need < 600 s, max_shed_s",
        ),
    ),
    (
        site(more='kind = "absorb"\nsafe = "shed"\n'),
        _one(
            38,
            'load.chiller-1.safe: an absorb load is off while nobody decides: got "shed", '
            'need "run", or leave it out',
        ),
    ),
    (
        site(more='essential = ["12:00-13:00", "lunch"]\n'),
        _one(
            37,
            'load.chiller-1.essential[1]: not hours: got lunch, need "13:00-16:00", '
            '"mon-fri 13:00-16:00" or "sat,sun 00:00-24:00"',
        ),
    ),
    (
        site(("rated_kw = 120", "rated_kw = 120000")),
        _one(
            33,
            "load.chiller-1.rated_kw: more than the whole connection carries: got 120000 kW, "
            "need <= 1800 kW (is it in W?)",
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), _LOADS)
def test_load_that_cannot_work_is_refused(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert refusals(tmp_path, text) == expected
