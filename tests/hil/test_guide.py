"""The installation guide as scenarios type it, and the answers they give, without a machine."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.cli.init.judge import drafted
from edge.config.answers import read_answers
from edge.config.load import site_of
from hil.answers import Found, answers_text, completed
from hil.scenarios.guide import PAGE, STEPS, Step, commands, logged_on
from hil.scenarios.works import bare_works
from hil.works import LOADS, UNITS

FOUND = Found(
    {unit: f"10000000a1b2c3d{number}" for number, unit in enumerate(UNITS)},
    {unit: [f"10.77.1.{number}", f"10.77.2.{number}"] for number, unit in enumerate(UNITS, 1)},
    "/dev/serial/by-path/pci-0000:00:11.0-usb-0:1:1.0-port0",
    "gpio-board",
)


def test_every_command_of_the_guide_is_typed_or_left_out_with_a_reason() -> None:
    assert commands(PAGE.read_text()) == [step.command for step in STEPS]


def test_step_is_either_typed_or_left_out() -> None:
    assert [step for step in STEPS if step.left_out and (step.typed or step.answer)] == []


def test_command_that_is_new_in_the_page_is_found() -> None:
    page = "```\nsudo one\n…\n```\ntext\n```\nName: said by a program\n```\n```\ndenban two\n```\n"
    assert commands(page) == ["sudo one", "…", "denban two"]


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (Step(command="tar | ssh OTHER tar"), "tar | ssh 10.0.0.2 tar"),
        (Step(command="a", typed="a --b OTHER"), "a --b 10.0.0.2"),
        (Step(command="a B", answer="B"), "printf '%s\\n' B | script -qec 'a B' /dev/null"),
    ],
)
def test_step_is_typed_as_the_page_has_it(step: Step, line: str) -> None:
    assert step.line("10.0.0.2") == line


def test_person_logs_on_for_each_command() -> None:
    assert logged_on("id $USER") == "runuser -l hanako -c 'id $USER'"


def test_answers_make_a_site_file_that_is_accepted_and_completed() -> None:
    path = Path("/etc/denban/site.toml")
    asked = read_answers(answers_text(bare_works(), FOUND).encode(), "answers.toml")
    data, _ = drafted(asked, path)
    loaded = site_of(completed(data.decode()).encode(), path)
    assert [str(warning) for warning in loaded.warnings] == []
    assert {unit.name: unit.hardware_serial for unit in loaded.io.units} == FOUND.serials
    assert set(loaded.site.load) == set(LOADS)


def test_completion_of_a_file_that_says_it_already_fails() -> None:
    """Else a key that becomes a question would be in the file twice."""
    text = "\n".join(f"[{name}]\n" for name in ("meter.incomer", "meter.chillers", "pulse.incomer"))
    with pytest.raises(AssertionError, match="timeout_ms"):
        completed(f"{text}\n[bus.main]\ntimeout_ms = 5\n")


def test_bare_works_are_a_bench_of_their_own() -> None:
    works = bare_works()
    assert works.bare
    assert works != msgspec.structs.replace(works, bare=False)
