"""A mask of the service: undone while it runs, left alone when it was stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.root.guarded import Machine

_S = 1_000_000_000


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("place", ["units", "lasting_units"])
def test_mask_of_the_service_is_undone_while_it_runs(
    machine: Machine, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    mask = getattr(machine.places, place) / "denban.service"
    mask.parent.mkdir(exist_ok=True)
    mask.symlink_to("/dev/null")
    machine.manager.service = "inactive"
    machine.guard.apply(1 * _S)
    assert mask.is_symlink()  # who has stopped it may mask it
    machine.manager.service = "active"
    machine.guard.apply(2 * _S)
    assert not mask.is_symlink()
    assert machine.manager.asked == [("daemon-reload",)]
    assert f"guard: {mask} taken away: masked" in capsys.readouterr().out


def test_service_that_was_ended_by_its_mask_is_started_again(machine: Machine) -> None:
    (machine.places.lasting_units / "denban.service").symlink_to("/dev/null")
    machine.manager.service = "failed"
    machine.guard.apply(1 * _S)
    start = ("start", "--no-block", "denban.service")
    assert machine.manager.asked == [("daemon-reload",), start]


def test_unit_of_the_service_that_is_no_mask_is_left_alone(machine: Machine) -> None:
    unit = machine.places.lasting_units / "denban.service"
    unit.write_text("[Unit]\n")
    machine.guard.apply(1 * _S)
    assert unit.read_text() == "[Unit]\n"
    assert machine.manager.asked == []
