"""Whose LED is to blink, and the request that root's program reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.keeper.beacon import Beacon
from edge.keeper.identifying import Identifying
from edge.keeper.requests import Answer, AskIdentify
from edge.model.order import Identify
from edge.model.twin_status import TwinStatus
from edge.model.units import NS_PER_S
from tests.keeper.bench import IDENTITY
from tests.keeper.pair import ACTIVE, STANDBY, seen

NOW_NS = 1000 * NS_PER_S


@pytest.fixture
def leds(tmp_path: Path) -> Path:
    (tmp_path / "leds/ACT").mkdir(parents=True)
    return tmp_path / "leds"


def _desk(folder: Path, leds: Path, led: str = "ACT") -> Identifying:
    return Identifying(IDENTITY, Beacon(str(folder), led, leds))


def _ask(
    desk: Identifying, twin: TwinStatus | None, unit: str = "EG-KITA", duration_s: int = 60
) -> Identify | Answer:
    return desk.judge(AskIdentify(unit, duration_s), twin, "anna", NOW_NS)


@pytest.mark.parametrize(
    ("twin", "pattern", "words"),
    [
        (ACTIVE, "long", "long flashes (on duty)"),
        (seen(ACTIVE, alone=True), "long", "long flashes (on duty)"),
        (STANDBY, "short", "short flashes (standby)"),
        (seen(STANDBY, role="maintenance"), "even", "even flashes"),
        (None, "even", "even flashes"),
    ],
)
def test_identify_of_this_unit_asks_for_its_led_with_the_roles_pattern(
    tmp_path: Path, leds: Path, twin: TwinStatus | None, pattern: str, words: str
) -> None:
    answer = _ask(_desk(tmp_path, leds), twin)
    assert answer == Answer(ok=True, text=f"LED ACT blinks for 60 s: {words}")
    assert (tmp_path / "identify").read_text() == f"1|1060|ACT|{pattern}\n"


def test_identify_of_the_other_unit_is_an_order_for_the_link(tmp_path: Path, leds: Path) -> None:
    order = _ask(_desk(tmp_path, leds), ACTIVE, "EG-MINAMI")
    assert order == Identify(60 * NS_PER_S, "anna")
    assert not (tmp_path / "identify").exists()


@pytest.mark.parametrize(
    ("twin", "unit", "duration_s", "text"),
    [
        (ACTIVE, "EG-KITTA", 60, "no such unit: got EG-KITTA, need EG-KITA or EG-MINAMI"),
        (None, "EG-MINAMI", 60, "no such unit: got EG-MINAMI, need EG-KITA"),
        (seen(ACTIVE, peer_heard=False), "EG-MINAMI", 60, "EG-MINAMI is not heard"),
        (ACTIVE, "EG-KITA", 0, "duration: got 0 s, need 1 to 600 s"),
        (ACTIVE, "EG-KITA", 601, "duration: got 601 s, need 1 to 600 s"),
    ],
)
def test_identify_that_can_not_be_is_refused(
    tmp_path: Path, leds: Path, twin: TwinStatus | None, unit: str, duration_s: int, text: str
) -> None:
    answer = _ask(_desk(tmp_path, leds), twin, unit, duration_s)
    assert isinstance(answer, Answer)
    assert not answer.ok
    assert text in answer.text
    assert not (tmp_path / "identify").exists()


@pytest.mark.parametrize("led", ["", "GONE", "../leds/ACT"])
def test_identify_without_an_led_says_so(tmp_path: Path, leds: Path, led: str) -> None:
    answer = _ask(_desk(tmp_path, leds, led), ACTIVE)
    assert isinstance(answer, Answer)
    assert not answer.ok
    assert "identify EG-KITA: no LED: got no" in answer.text


def test_identify_without_a_folder_or_where_it_takes_nothing_says_so(
    tmp_path: Path, leds: Path
) -> None:
    answer = _ask(_desk(tmp_path / "gone", leds), ACTIVE)
    assert isinstance(answer, Answer)
    assert "need the installed service" in answer.text
    (tmp_path / ".identify.new").mkdir()
    answer = _ask(_desk(tmp_path, leds), ACTIVE)
    assert isinstance(answer, Answer)
    assert "request not left" in answer.text


def test_identify_that_the_peer_asks_for_is_left_once_while_it_is_the_same(
    tmp_path: Path, leds: Path
) -> None:
    desk = _desk(tmp_path, leds)
    request = tmp_path / "identify"
    desk.take_picture(replace(STANDBY, identify_s=60), NOW_NS)
    assert request.read_text() == "1|1060|ACT|short\n"
    request.unlink()
    desk.take_picture(replace(STANDBY, identify_s=58), NOW_NS + 2 * NS_PER_S)
    assert not request.exists()
    desk.take_picture(replace(ACTIVE, identify_s=57), NOW_NS + 3 * NS_PER_S)
    assert request.read_text() == "1|1060|ACT|long\n"
    request.unlink()
    silent = seen(ACTIVE, identify_s=57, peer_heard=False)
    for twin in (silent, ACTIVE, None):
        desk.take_picture(twin, NOW_NS + 90 * NS_PER_S)
    assert not request.exists()
