"""The grade from what a unit's own inputs and outputs show."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from edge.app.grade import own_grade
from edge.model.scan import ClockTrust, ScanInputs
from edge.model.twin import Grade

_FIT = (Grade.FIT, "")
_UNFIT = (Grade.UNFIT, "no source of energy and no relay")


def _grade(
    faults: tuple[str, ...] = (),
    metering: str = "ok",
    *,
    first_ok: bool = True,
    loads: int = 2,
    unheard: bool = False,
    nobody: bool = False,
) -> tuple[Grade, str]:
    sources = (SimpleNamespace(name="pulse.incomer", ok=first_ok),)
    status = SimpleNamespace(loads=("load",) * loads, metering=metering, sources=sources)
    inputs = ScanInputs(1, 1, ClockTrust.NTP, relay_faults=faults)
    return own_grade(
        inputs,
        status,  # type: ignore[arg-type]
        has_unheard_lines=unheard,
        nobody_polls=nobody,
    )


def test_all_that_counts_works_is_fit() -> None:
    assert _grade() == _FIT


@pytest.mark.parametrize(
    ("faults", "metering", "first_ok", "why"),
    [
        (("fan",), "ok", True, "relay of fan"),
        (("chiller", "fan"), "ok", True, "relay of chiller, relay of fan"),
        ((), "ok", False, "source pulse.incomer"),
        ((), "lost", False, "no source of energy"),
        (("fan",), "lost", False, "relay of fan, no source of energy"),
    ],
)
def test_loss_of_a_relay_or_a_source_impairs(
    faults: tuple[str, ...], metering: str, first_ok: bool, why: str
) -> None:
    assert _grade(faults, metering, first_ok=first_ok) == (Grade.IMPAIRED, why)


def test_no_source_and_no_relay_is_unfit() -> None:
    assert _grade(("chiller", "fan"), "lost", first_ok=False) == _UNFIT


def test_no_source_and_no_relay_while_nobody_polls_could_still_do_the_duty() -> None:
    """Else it would wait for readings that come only once it polls."""
    grade, _ = _grade(("chiller", "fan"), "lost", first_ok=False, nobody=True)
    assert grade is Grade.IMPAIRED


def test_site_without_loads_is_never_unfit_for_want_of_relays() -> None:
    assert _grade(metering="lost", first_ok=False, loads=0) == (
        Grade.IMPAIRED,
        "no source of energy",
    )


@pytest.mark.parametrize("metering", ["ok", "lost"])
def test_source_on_a_line_that_can_not_be_heard_says_nothing_of_this_unit(metering: str) -> None:
    assert _grade(metering=metering, first_ok=False, unheard=True) == _FIT
