"""docs/twin.md says what the code does: its times are those of the timers, its drawings are whole,
its scenarios have stable names, and its links within the page lead somewhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from edge.core.line_timing import KEEP_ALIVE_NS
from edge.model.twin import TwinSpec
from edge.model.units import NS_PER_MS, NS_PER_S

DOCS = Path(__file__).parents[2] / "docs"
PAPER = (DOCS / "twin.md").read_text()
DRAWINGS = ("twin-tier0.svg", "twin-tier1.svg", "twin-takeover.svg")
SECOND = TwinSpec(
    unit="EG-MINAMI",
    peer="EG-KITA",
    is_first=False,
    has_witness=True,
    has_enable=False,
    query_gap_ns=202 * NS_PER_MS,
    watchdog_ns=2020 * NS_PER_MS,
)
ENABLED = msgspec.structs.replace(SECOND, has_enable=True)
FIRST = msgspec.structs.replace(SECOND, is_first=True)


def seconds(instant_ns: int) -> str:
    return f"{instant_ns / NS_PER_S:.2f} s"


def row(start: str) -> str:
    """The one line of a table that begins so."""
    (found,) = (line for line in PAPER.splitlines() if line.startswith(f"| {start}"))
    return found


def test_worst_case_in_the_paper_is_the_timers_own() -> None:
    assert SECOND.query_gap_ns >= KEEP_ALIVE_NS
    assert f"**{seconds(SECOND.gap_ns_max)}** for the unit listed second" in PAPER
    assert f"{seconds(FIRST.gap_ns_max)} for\n  the first" in PAPER
    assert seconds(SECOND.gap_ns_max) in row("a gateway on duty again, the machine silent")
    assert seconds(SECOND.silence_ns) in row("**T_q**")
    assert f"**{seconds(ENABLED.gap_ns_max)}**, and" in PAPER
    assert seconds(ENABLED.gap_ns_max) in row("a gateway on duty again, the machine silent")


@pytest.mark.parametrize(
    ("start", "value_ns"),
    [
        ("T_c scan", SECOND.period_ns),
        ("J jitter", SECOND.jitter_ns),
        ("T_lease", SECOND.lease_ns),
        ("T_dead", SECOND.dead_ns),
        ("T_gap", SECOND.query_gap_ns),
        ("T_rst", SECOND.reset_ns),
        ("T_quiet", SECOND.quiet_ns),
        ("T_yield", SECOND.yield_ns),
    ],
)
def test_timer_in_the_paper_is_the_codes_default(start: str, value_ns: int) -> None:
    assert row(start).split("|")[2].strip() == f"{value_ns // NS_PER_MS} ms"


def test_pairs_of_timers_in_the_paper_are_the_codes() -> None:
    claims_ms = FIRST.claim_ns // NS_PER_MS, SECOND.claim_ns // NS_PER_MS
    listens_s = FIRST.listen_ns // NS_PER_S, SECOND.listen_ns // NS_PER_S
    probes_s = SECOND.probe_ns // NS_PER_S, SECOND.probe_ns * 3 // 2 // NS_PER_S
    assert "{} / {} ms".format(*claims_ms) in row("T_claim")
    assert "{} / {} s".format(*listens_s) in row("T_listen")
    assert "{} / {} s".format(*probes_s) in row("T_probe")


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawing_is_shown_and_needs_nothing_from_elsewhere(name: str) -> None:
    assert f"]({name})" in PAPER
    text = (DOCS / name).read_text()
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("aria-label")
    assert not re.search(r"href|@import|url\(|<image|<script", text)


def test_takeover_drawing_has_the_papers_times() -> None:
    texts = "\n".join(ET.parse(DOCS / "twin-takeover.svg").getroot().itertext())
    reset_ns = SECOND.watchdog_ns + SECOND.reset_ns
    assert f"T_q: {seconds(SECOND.silence_ns)}" in texts
    assert f"reset at the latest: {seconds(reset_ns)}" in texts
    assert f"at most {seconds(SECOND.gap_ns_max)}" in texts


def test_scenarios_are_twenty_each_with_a_place_for_its_measurement() -> None:
    rows = [line for line in PAPER.splitlines() if re.match(r"\| S\d\d \|", line)]
    assert [line[2:5] for line in rows] == [f"S{number:02}" for number in range(1, 21)]
    assert {len(line.split("|")) for line in rows} == {8}


def test_links_within_the_paper_lead_to_its_headings() -> None:
    headings = re.findall(r"^#+ (.+)$", PAPER, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    wanted = set(re.findall(r"\]\(#([^)]+)\)", PAPER))
    assert wanted <= anchors


def test_decisions_that_the_paper_names_exist() -> None:
    for path in re.findall(r"\]\((decisions/[^)#]+)\)", PAPER):
        assert (DOCS / path).is_file()
