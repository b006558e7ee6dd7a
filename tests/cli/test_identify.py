"""`denban identify`: the desk's words, and what it asks."""

from __future__ import annotations

from edge.keeper.requests import Answer, AskIdentify, AskStatus, Request
from tests.cli.conftest import FakeKeeper, Invoke
from tests.cli.pairs import answer_of
from tests.keeper.pair import ACTIVE


def test_identify_says_which_led_blinks_and_how(keeper: FakeKeeper, invoke: Invoke) -> None:
    def answer(request: Request) -> Answer:
        if isinstance(request, AskStatus):
            return answer_of(ACTIVE)
        return Answer(ok=True, text="LED ACT blinks for 60 s: long flashes (on duty)")

    keeper.answer = answer
    result = invoke("identify", "EG-KITA", "--socket", keeper.path)
    assert result.stdout == (
        "EG-KITA, Rolling mill: LED ACT blinks for 60 s: long flashes (on duty)\n"
    )
    invoke("identify", "EG-MINAMI", "--for", "5m", "--socket", keeper.path)
    asked = [request for request in keeper.asked if isinstance(request, AskIdentify)]
    assert asked == [AskIdentify("EG-KITA", 60), AskIdentify("EG-MINAMI", 300)]


def test_identify_of_an_unknown_unit_is_refused(keeper: FakeKeeper, invoke: Invoke) -> None:
    keeper.answer = lambda request: (
        answer_of(ACTIVE)
        if isinstance(request, AskStatus)
        else Answer(ok=False, text="identify X: no such unit")
    )
    result = invoke("identify", "X", "--socket", keeper.path)
    assert (result.exit_code, "no such unit" in result.stderr) == (2, True)
