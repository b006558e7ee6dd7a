"""Two gateways in status, whoami and check: roles, peer, paths and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.cli.twin_view import twin_view
from edge.model.twin_status import PathStatus, TwinStatus
from tests.cli.conftest import FakeKeeper, Invoke
from tests.cli.pairs import answer_of
from tests.keeper.pair import ACTIVE, STANDBY, seen


def _page(twin: TwinStatus) -> list[str]:
    return [line.plain for line in twin_view(twin)]


def test_status_of_a_sound_pair_has_three_lines_and_no_colour() -> None:
    assert _page(ACTIVE) == [
        "active for 3 min 20 s: the peer handed over; epoch 7; polls the meter lines; fit",
        "peer EG-MINAMI: □ STANDBY, ready, fit, denban 1.0.0",
        "paths: net0 heard, net1 heard",
    ]
    assert [str(span.style) for line in twin_view(ACTIVE) for span in line.spans] == []


def test_status_shows_what_the_meter_lines_and_the_enable_line_tell_of_the_peer() -> None:
    heard = seen(STANDBY, ear="proven", sent_count=3, heard_count=1200)
    assert _page(heard)[3] == "meter lines: 3 queries sent, 1200 of the peer's heard, ear proven"
    deaf = replace(STANDBY, ear="deaf", peer_enable=False)
    assert _page(deaf)[3] == (
        "meter lines: 0 queries sent, 0 of the peer's heard, ear deaf;"
        " enable line of the peer: down"
    )
    assert {str(span.style) for span in twin_view(deaf)[3].spans} == {"red", "yellow"}
    assert _page(replace(STANDBY, peer_enable=True))[3] == "enable line of the peer: up"


def test_status_of_a_standby_says_whose_decisions_count() -> None:
    twin = seen(STANDBY, diverges="decision: here SHED; at the peer NORMAL", why="")
    assert _page(twin) == [
        "standby for 3 min 20 s: no reason is known; epoch 7; listens on the meter lines; fit",
        "peer EG-MINAMI: ■ ACTIVE, fit, denban 1.0.0",
        "paths: net0 heard, net1 heard",
        (
            "relays follow the commands of EG-MINAMI; what is shown below is what EG-KITA would"
            " decide, and moves nothing"
        ),
        "! the units differ: decision: here SHED; at the peer NORMAL",
    ]
    held = seen(STANDBY, mirror="hold")
    assert "the last commands of EG-MINAMI, held while it is not heard" in _page(held)[3]


def test_status_of_a_pair_with_faults_names_each_in_amber_or_red() -> None:
    twin = seen(
        ACTIVE,
        alone=True,
        grade="last_resort",
        why_grade="3 resets in 15 min",
        paths=(PathStatus("net0", False, 65.0), PathStatus("net1", False, None)),
        peer_heard=False,
        peer_age_s=65.0,
    )
    assert _page(twin) == [
        (
            "active for 3 min 20 s: the peer handed over; no peer could take over; epoch 7; "
            "polls the"
            " meter lines; last resort, 3 resets in 15 min"
        ),
        "peer EG-MINAMI: not heard (not for 1 min 05 s), it was □ STANDBY",
        "paths: net0 down, silent for 1 min 05 s, net1 down, never heard",
    ]
    styles = {str(span.style) for line in twin_view(twin) for span in line.spans}
    assert styles == {"red", "yellow"}
    drifted = seen(ACTIVE, peer_ready=False, peer_same_site_file=False, peer_same_plan=False)
    assert _page(drifted)[1] == (
        "peer EG-MINAMI: □ STANDBY, not ready, fit, denban 1.0.0, another site file, another plan"
    )
    never = seen(ACTIVE, paths=(), peer_heard=False, peer_age_s=None, peer_role="")
    assert _page(never)[1:] == ["peer EG-MINAMI: not heard (never)", "paths: none"]


def test_status_of_a_pair_stands_between_head_and_picture(
    keeper: FakeKeeper, invoke: Invoke
) -> None:
    keeper.answer = lambda _request: answer_of(ACTIVE)
    lines = invoke("status", "--socket", keeper.path).stdout.splitlines()
    assert lines[0] == "EG-KITA, Rolling mill  ■ ACTIVE  09:00:00 (clock: ntp)"
    assert lines[1:4] == _page(ACTIVE)
    assert lines[4] == ""
    as_json = json.loads(invoke("status", "--json", "--socket", keeper.path).stdout)
    assert (as_json["twin"]["role"], as_json["twin"]["peer"]["unit"]) == ("active", "EG-MINAMI")


@pytest.mark.parametrize(
    ("twin", "duty", "on_duty"),
    [
        (ACTIVE, "this unit is on duty", "EG-KITA"),
        (STANDBY, "EG-MINAMI is on duty", "EG-MINAMI"),
        (seen(STANDBY, peer_role="listen"), "nobody is known to be on duty", None),
    ],
)
def test_whoami_of_a_pair_says_role_peer_and_duty(
    keeper: FakeKeeper, invoke: Invoke, twin: TwinStatus, duty: str, on_duty: str | None
) -> None:
    keeper.answer = lambda _request: answer_of(twin)
    lines = invoke("whoami", "--socket", keeper.path).stdout.splitlines()
    assert lines[0].startswith("EG-KITA, Rolling mill  ")
    assert lines[3].startswith(f"{duty}; peer EG-MINAMI: ")
    told = json.loads(invoke("whoami", "--json", "--socket", keeper.path).stdout)
    assert (told["unit"], told["role"], told["on_duty"]) == ("EG-KITA", twin.role, on_duty)
    assert told["peer"]["unit"] == "EG-MINAMI"


def test_check_of_a_pair_says_how_long_a_takeover_takes(invoke: Invoke, tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "docs" / "site.example.toml"
    lines = invoke("check", example).stdout.splitlines()
    (line,) = [line for line in lines if line.startswith("takeover: ")]
    assert line.startswith("takeover: at the latest 3.0")
    assert ": meter lines silent 2." in line
    text = example.read_text(encoding="utf-8")
    pins = text.replace("port = 47474", "port = 47474\nenable_pin = 2\npeer_enable_pin = 3")
    (tmp_path / "site.toml").write_text(pins, encoding="utf-8")
    page = invoke("check", tmp_path / "site.toml").stdout
    assert "takeover: at the latest 1.20 s after a unit falls silent: enable line low" in page
    assert " 3   enable line of the other unit" in page
