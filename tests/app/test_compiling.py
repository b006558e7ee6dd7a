"""The site file is compiled in a child; the parent gets the result, or nothing and its reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.app.compiling import Compiling
from edge.config.codec import decode_site
from edge.config.load import load_site

_EXAMPLE = Path(__file__).parents[2] / "docs/site.example.toml"


def test_compiled_site_is_what_the_loader_makes() -> None:
    data = Compiling(_EXAMPLE).result()
    assert data is not None
    compiled, loaded = decode_site(data), load_site(_EXAMPLE)
    assert (compiled.spec, compiled.io, compiled.digest) == (loaded.spec, loaded.io, loaded.digest)
    assert compiled.warnings == loaded.warnings


def test_refused_site_gives_nothing_and_says_every_problem(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site.toml"
    site.write_text("[site]\nname = 5\n")
    assert Compiling(site).result() is None
    assert "site.toml:2 site.name" in capfd.readouterr().err
