"""Orders that change who is on duty: told, asked, carried out, seen; and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from edge.cli import handover as handover_module
from edge.cli.main import main
from edge.keeper.requests import (
    Answer,
    AskAcknowledge,
    AskHandover,
    AskMaintenance,
    AskStatus,
    Request,
)
from edge.model.twin_status import TwinStatus
from tests.cli.conftest import FakeKeeper, Invoke
from tests.cli.pairs import answer_of
from tests.keeper.pair import ACTIVE, STANDBY, seen

_HANDED_OVER = seen(STANDBY, peer_role="active")
_OUT = seen(STANDBY, role="maintenance")


def _pair(before: TwinStatus, after: TwinStatus) -> Callable[[Request], Answer]:
    """A desk that takes every order, after which the pair is another; its picture is 0.4 s old and
    shows a change 0.2 s before that.
    """
    now = before

    def answer(request: Request) -> Answer:
        nonlocal now
        if isinstance(request, AskStatus):
            return answer_of(now)
        now = replace(after, since_s=0.2)
        return Answer(ok=True)

    return answer


@pytest.fixture
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock is half a second later, and nobody sleeps."""
    ticks = iter(range(1000))
    monkeypatch.setattr(handover_module.time, "monotonic", lambda: next(ticks) / 2)
    monkeypatch.setattr(handover_module.time, "sleep", lambda _seconds: None)


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize(
    ("words", "before", "after", "asked", "said"),
    [
        (
            ("handover", "EG-MINAMI"),
            ACTIVE,
            _HANDED_OVER,
            AskHandover("EG-MINAMI"),
            "EG-MINAMI is on duty, EG-KITA is □ STANDBY, after 0.4 s",
        ),
        (
            ("handover", "EG-KITA"),
            STANDBY,
            ACTIVE,
            AskHandover("EG-KITA"),
            "EG-KITA is on duty, EG-KITA is ■ ACTIVE, after 0.4 s",
        ),
        (
            ("maintenance", "begin", "EG-KITA"),
            STANDBY,
            _OUT,
            AskMaintenance("EG-KITA", begin=True),
            "EG-MINAMI is on duty, EG-KITA is ○ MAINTENANCE, after 0.4 s",
        ),
        (
            ("maintenance", "end", "EG-KITA"),
            _OUT,
            seen(STANDBY, role="listen", peer_heard=False),
            AskMaintenance("EG-KITA", begin=False),
            "nobody is seen on duty yet, EG-KITA is ◇ LISTEN, after 0.4 s",
        ),
    ],
)
def test_change_of_duty_with_the_name_given_twice_is_done_and_seen(
    keeper: FakeKeeper,
    invoke: Invoke,
    words: tuple[str, ...],
    before: TwinStatus,
    after: TwinStatus,
    asked: Request,
    said: str,
) -> None:
    keeper.answer = _pair(before, after)
    result = invoke(*words, "--yes", words[-1], "--socket", keeper.path)
    assert (result.exit_code, result.stdout, result.stderr) == (
        0,
        f"EG-KITA, Rolling mill: {said}\n",
        "",
    )
    assert [one for one in keeper.asked if not isinstance(one, AskStatus)] == [asked]


@pytest.mark.usefixtures("_clock")
def test_change_of_duty_that_does_not_come_is_a_failure(keeper: FakeKeeper, invoke: Invoke) -> None:
    keeper.answer = _pair(ACTIVE, ACTIVE)
    result = invoke("handover", "EG-MINAMI", "--yes", "EG-MINAMI", "--socket", keeper.path)
    assert (result.exit_code, result.stderr) == (
        1,
        (
            "handover EG-MINAMI: roles have not changed: got nothing new in 3 s, need a "
            "change; see "
            "`denban events --kind twin`\n"
        ),
    )


_MEANS = {
    "handover EG-MINAMI": (
        ACTIVE,
        (
            "duty goes from EG-KITA to EG-MINAMI; relays stay; the meter lines have no "
            "query for less "
            "than one poll."
        ),
    ),
    "maintenance begin EG-KITA": (
        ACTIVE,
        (
            "duty goes from EG-KITA to EG-MINAMI; relays stay; nobody takes over from "
            "EG-MINAMI until "
            "`denban maintenance end EG-KITA`."
        ),
    ),
    "maintenance end EG-KITA": (
        _OUT,
        "EG-KITA listens, then stands by for EG-MINAMI; relays stay.",
    ),
}


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize("words", _MEANS)
def test_terminal_is_told_what_will_happen_and_asked_once(
    keeper: FakeKeeper, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    before, means = _MEANS[words]
    monkeypatch.setattr(handover_module, "is_terminal", lambda: True)
    keeper.answer = _pair(before, seen(before, role="standby"))
    arguments = [*words.split(" "), "--socket", str(keeper.path)]
    result = CliRunner().invoke(main, arguments, input="n\n")
    assert (result.exit_code, result.stdout) == (2, f"{means}\n{words}? [y/N]: n\n")
    assert result.stderr == f"{words}: not confirmed; nothing was changed\n"
    assert all(isinstance(one, AskStatus) for one in keeper.asked)
    result = CliRunner().invoke(main, arguments, input="y\n")
    assert f"{words}? [y/N]: y\n" in result.stdout
    assert len([one for one in keeper.asked if not isinstance(one, AskStatus)]) == 1


def test_maintenance_of_a_standby_leaves_the_duty_where_it_is(
    keeper: FakeKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover_module, "is_terminal", lambda: True)
    keeper.answer = _pair(STANDBY, _OUT)
    arguments = ["maintenance", "begin", "EG-KITA", "--socket", str(keeper.path)]
    assert (
        CliRunner()
        .invoke(main, arguments, input="n\n")
        .stdout.startswith("EG-MINAMI stays on duty; nobody takes over from EG-MINAMI until")
    )


def test_script_that_does_not_name_the_unit_again_is_refused(
    keeper: FakeKeeper, invoke: Invoke
) -> None:
    keeper.answer = _pair(ACTIVE, _HANDED_OVER)
    result = invoke("handover", "EG-MINAMI", "--socket", keeper.path)
    assert (result.exit_code, result.stderr) == (
        2,
        (
            "handover EG-MINAMI: not a terminal: nobody can be asked, need --yes EG-MINAMI; "
            "nothing "
            "was changed\n"
        ),
    )
    result = invoke("handover", "EG-MINAMI", "--yes", "EG-KITA", "--socket", keeper.path)
    assert (result.exit_code, result.stderr) == (
        2,
        (
            "handover EG-MINAMI: --yes names another unit: got EG-KITA, need EG-MINAMI; "
            "nothing was "
            "changed\n"
        ),
    )
    assert keeper.asked == [AskStatus(), AskStatus()]


@pytest.mark.parametrize(
    ("unit", "twin"),
    [("EG-NISHI", ACTIVE), ("EG-MINAMI", None), ("EG-MINAMI", seen(ACTIVE, peer_ready=False))],
)
def test_order_that_is_refused_is_so_by_the_desk_and_nobody_is_asked(
    keeper: FakeKeeper, invoke: Invoke, unit: str, twin: TwinStatus | None
) -> None:
    """Wrong unit, single unit, peer not ready."""

    def answer(request: Request) -> Answer:
        is_status = isinstance(request, AskStatus)
        return answer_of(twin) if is_status else Answer(ok=False, text="handover: refused")

    keeper.answer = answer
    result = invoke("handover", unit, "--socket", keeper.path)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "handover: refused\n")
    assert keeper.asked == [AskStatus(), AskHandover(unit)]


def test_order_whose_end_is_reached_says_so_and_does_not_wait(
    keeper: FakeKeeper, invoke: Invoke
) -> None:
    def answer(request: Request) -> Answer:
        is_status = isinstance(request, AskStatus)
        return answer_of(ACTIVE) if is_status else Answer(ok=True, text="on duty already")

    keeper.answer = answer
    result = invoke("handover", "EG-KITA", "--socket", keeper.path)
    assert (result.exit_code, result.stdout) == (0, "EG-KITA, Rolling mill: on duty already\n")


def test_order_on_power_at_a_standby_says_who_has_it(keeper: FakeKeeper, invoke: Invoke) -> None:
    carried = "carried to EG-MINAMI, which is on duty"

    def answer(request: Request) -> Answer:
        is_status = isinstance(request, AskStatus)
        return answer_of(STANDBY) if is_status else Answer(ok=True, text=carried)

    keeper.answer = answer
    result = invoke("acknowledge", "--socket", keeper.path)
    assert result.stdout == f"EG-KITA, Rolling mill: alarms are acknowledged; {carried}\n"
    assert keeper.asked == [AskStatus(), AskAcknowledge()]
