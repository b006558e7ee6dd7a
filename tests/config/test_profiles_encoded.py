"""Every shipped profile, at the largest ratio that occurs, as bytes for the other processes."""

from __future__ import annotations

from pathlib import Path

import pytest

import edge.config
from edge.config.codec import CompiledSite, decode_site, encode_site
from tests.config.plant import load, site

PROFILES = sorted(
    path.stem for path in Path(edge.config.__file__).parent.joinpath("profiles").glob("*.toml")
)


@pytest.mark.parametrize("profile", PROFILES)
def test_site_with_a_shipped_profile_behind_77_kv_passes_to_the_other_processes(
    profile: str, tmp_path: Path
) -> None:
    keys = f'profile = "{profile}"\nside = "secondary"\nct_ratio = 400\nvt_ratio = 700'
    loaded = load(tmp_path, site(('profile = "eastron-sdm630"', keys)))
    compiled = CompiledSite(loaded.spec, loaded.io, loaded.digest, loaded.warnings)
    assert decode_site(encode_site(compiled)) == compiled
