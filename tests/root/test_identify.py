"""Root's program that blinks an LED, over a tree of files in place of /sys and /run."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.root.identify import blink, main, read_request

NOW_S = 1000.0


class Led:
    """A tree with one LED, and a clock that waiting moves."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "sys/class/leds/ACT"
        self.folder.mkdir(parents=True)
        (self.folder / "trigger").write_text("none timer [mmc0] heartbeat\n")
        (self.folder / "brightness").write_text("0\n")
        (self.folder / "max_brightness").write_text("255\n")
        (root / "run/denban-login").mkdir(parents=True)
        self.now_s = NOW_S
        self.shown: list[tuple[str, float]] = []

    def ask(self, line: str) -> None:
        (self.root / "run/denban-login/identify").write_text(line)

    def wait(self, length_s: float) -> None:
        assert (self.folder / "trigger").read_text() == "none"
        self.shown.append(((self.folder / "brightness").read_text(), length_s))
        self.now_s += length_s

    def blink(self) -> bool:
        return blink(self.root, lambda: self.now_s, self.wait)

    def state(self) -> tuple[str, str]:
        names = ("trigger", "brightness")
        trigger, brightness = ((self.folder / name).read_text().strip() for name in names)
        return trigger, brightness


@pytest.fixture
def led(tmp_path: Path) -> Led:
    return Led(tmp_path)


@pytest.mark.parametrize(
    ("pattern", "on_s", "off_s", "count"),
    [("long", 1.0, 0.25, 2), ("short", 0.15, 0.85, 2), ("even", 0.5, 0.5, 2)],
)
def test_led_shows_the_pattern_until_the_end_and_gets_its_trigger_back(
    led: Led, pattern: str, on_s: float, off_s: float, count: int
) -> None:
    led.ask(f"1|1002|ACT|{pattern}\n")
    assert led.blink()
    assert led.shown == [("255", on_s), ("0", off_s)] * count
    assert led.state() == ("mmc0", "0")


def test_led_goes_on_where_it_is_asked_again_meanwhile(led: Led) -> None:
    led.ask("1|1001|ACT|even\n")
    waited = led.wait

    def wait(length_s: float) -> None:
        waited(length_s)
        if len(led.shown) == 1:
            led.ask("1|1003|ACT|even\n")

    assert blink(led.root, lambda: led.now_s, wait)
    assert len(led.shown) == 6


@pytest.mark.parametrize(
    "line",
    [
        "",
        "1|999|ACT|even\n",
        "1|1700|ACT|even\n",
        "1|1010|../../etc|even\n",
        "1|1010|..|even\n",
        "1|1010|ACT/x|even\n",
        "1|1010|ACT|fast\n",
        "2|1010|ACT|even\n",
        "1|1010|ACT|even\nmore",
        "1|-5|ACT|even\n",
    ],
)
def test_led_request_of_another_form_or_time_is_none(led: Led, line: str) -> None:
    led.ask(line)
    assert read_request(led.root, NOW_S) is None
    assert led.blink()
    assert (led.shown, led.state()) == ([], ("none timer [mmc0] heartbeat", "0"))


def test_led_request_that_is_a_link_or_missing_is_none(led: Led) -> None:
    assert read_request(led.root, NOW_S) is None
    (led.root / "other").write_text("1|1010|ACT|even\n")
    (led.root / "run/denban-login/identify").symlink_to(led.root / "other")
    assert read_request(led.root, NOW_S) is None


def test_led_that_is_not_there_is_told(led: Led, capsys: pytest.CaptureFixture[str]) -> None:
    led.ask("1|1010|GONE|even\n")
    assert not led.blink()
    assert "leds/GONE: not usable: got No such file or directory" in capsys.readouterr().err


def test_led_program_without_a_request_has_nothing_to_do(tmp_path: Path) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    try:
        assert main([str(tmp_path)]) == 0
    finally:
        signal.signal(signal.SIGTERM, handler)


def test_led_program_that_is_stopped_gives_the_led_back(led: Led) -> None:
    led.ask(f"1|{int(time.clock_gettime(time.CLOCK_BOOTTIME)) + 300}|ACT|even\n")
    process = subprocess.Popen([sys.executable, "-m", "edge.root.identify", str(led.root)])
    end_s = time.monotonic() + 20
    while led.state()[0] != "none":
        assert time.monotonic() < end_s
    process.terminate()
    assert process.wait(20) == 0
    assert led.state() == ("mmc0", "0")
