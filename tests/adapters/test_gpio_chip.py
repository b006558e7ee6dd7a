"""Finding the header's chip among several, with chips in memory."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import gpiod
import pytest

from edge.adapters.gpio_chip import find_chip
from edge.model.problem import ProblemsError


class FakeChip:
    """A chip whose label is its file's text; an empty file may not be opened."""

    def __init__(self, path: str) -> None:
        self._label = Path(path).read_text()
        if not self._label:
            raise PermissionError(13, "Permission denied")

    def __enter__(self) -> FakeChip:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def get_info(self) -> SimpleNamespace:
        return SimpleNamespace(label=self._label)


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(gpiod, "Chip", FakeChip)
    (tmp_path / "null").write_text("")
    (tmp_path / "gpiochip10").write_text("pinctrl-rp1")
    (tmp_path / "gpiochip2").write_text("brcmvirt-gpio")
    return tmp_path


def refusal(labels: tuple[str, ...], devices: Path) -> str:
    with pytest.raises(ProblemsError) as caught:
        find_chip(labels, devices)
    return str(caught.value).replace(f"{devices}/", "")


def test_chip_is_found_whatever_its_number(devices: Path) -> None:
    assert find_chip(("pinctrl-rp1",), devices) == str(devices / "gpiochip10")


def test_chip_behind_a_link_with_its_old_number_is_one_chip(devices: Path) -> None:
    (devices / "gpiochip4").symlink_to(devices / "gpiochip10")
    assert find_chip(("pinctrl-rp1",), devices) == str(devices / "gpiochip10")


def test_chip_label_on_two_chips_is_refused_with_both(devices: Path) -> None:
    (devices / "gpiochip9").write_text("pinctrl-rp1")
    assert refusal(("pinctrl-rp1",), devices) == (
        "gpio: more than one chip is labelled pinctrl-rp1: got gpiochip9, gpiochip10, need one; "
        "not started; give the chip's path in the site file: board.gpio_chip"
    )


def test_chip_that_may_not_be_opened_is_listed_with_the_reason(devices: Path) -> None:
    (devices / "gpiochip0").write_text("")
    assert refusal(("pinctrl-bcm2711",), devices).startswith(
        "gpio: the header's chip was not found: got gpiochip0 (Permission denied), "
        "gpiochip2 brcmvirt-gpio, gpiochip10 pinctrl-rp1, need pinctrl-bcm2711; "
    )


def test_chip_on_a_machine_without_any_is_refused(tmp_path: Path) -> None:
    assert refusal(("pinctrl-rp1",), tmp_path).startswith(
        "gpio: the header's chip was not found: got no gpiochip*, need pinctrl-rp1; "
    )
