"""A small site that loads without a word, and what comes of changing it."""

from __future__ import annotations

from pathlib import Path

from edge.config.load import LoadedSite, load_site
from edge.model.problem import ProblemsError

SITE = """\
[site]
name = "Mill"
timezone = "Asia/Tokyo"

[unit.EG-KITA]
hardware_serial = "a1"
addresses = ["10.0.0.1", "10.1.0.1"]

[unit.EG-MINAMI]
hardware_serial = "b2"
addresses = ["10.0.0.2", "10.1.0.2"]

[demand]
contract_kw = 600

[bus.main]
port = "/dev/serial/by-path/usb-1"
timeout_ms = 100
[meter.incomer]
bus = "main"
unit_id = 1
profile = "eastron-sdm630"
role = "site"
response_ms_max = 100
[pulse.incomer]
pin = 17
pulse_constant_per_kwh = 50000
ct_ratio = 20
vt_ratio = 60

[load.chiller-1]
pin = 5
rated_kw = 120
priority = 1
min_shed_s = 300
max_shed_s = 1800
"""


def site(*changes: tuple[str, str], more: str = "") -> str:
    """The small site with texts replaced, each of which must be there once, and more after it."""
    text = SITE
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text + more


PLAN = '[plan]\ndirectory = "plans"\n'
LOAD = """
[load.{name}]
pin = {pin}
rated_kw = 100
priority = 1
min_shed_s = 60
max_shed_s = 600
"""


def demand(keys: str, more: str = "") -> str:
    """The small site with more keys in its [demand]."""
    return site(("contract_kw = 600", f"contract_kw = 600\n{keys}"), more=more)


def load(folder: Path, text: str | bytes, **profiles: str) -> LoadedSite:
    """Load the text as site.toml, with own profiles beside it."""
    path = folder / "site.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    for name, profile in profiles.items():
        (folder / "profiles").mkdir(exist_ok=True)
        (folder / "profiles" / f"{name}.toml").write_text(profile, encoding="utf-8")
    return load_site(path)


def refusals(folder: Path, text: str | bytes, **profiles: str) -> list[str]:
    """Every problem of the text, without the part that is the same in all of them."""
    try:
        load(folder, text, **profiles)
    except ProblemsError as fault:
        return [
            str(problem).removesuffix("; not started; see docs/configuration.md")
            for problem in fault.problems
        ]
    return []


def warnings(folder: Path, text: str) -> list[str]:
    """Every warning of a text that loads."""
    return [str(problem) for problem in load(folder, text).warnings]
