"""Contacts that are read: levels become states, what cannot be read is unknown, a press counts
once.
"""

from __future__ import annotations

import errno

from edge.adapters.contacts import AcknowledgeButton, Feedbacks
from edge.config.io import AlarmPlan, Bias, FeedbackPlan
from edge.model.scan import FeedbackSample
from edge.model.units import NS_PER_S


class FakeInputs:
    """`open` is an OpenInput; `levels[pin]` is a level, or what reading it raises."""

    def __init__(self, levels: dict[int, bool | OSError]) -> None:
        self.levels = levels
        self.opened: list[tuple[int, Bias]] = []
        self.closed: list[int] = []

    def open(self, pin: int, bias: Bias) -> FakeInput:
        self.opened.append((pin, bias))
        return FakeInput(self, pin)


class FakeInput:
    """One open input."""

    def __init__(self, inputs: FakeInputs, pin: int) -> None:
        self._inputs = inputs
        self._pin = pin

    def level(self) -> bool:
        level = self._inputs.levels[self._pin]
        if isinstance(level, OSError):
            raise level
        return level

    def close(self) -> None:
        self._inputs.closed.append(self._pin)


PLANS = (
    FeedbackPlan("chiller", 24, closed_level=False, bias=Bias.PULL_UP),
    FeedbackPlan("furnace", 25, closed_level=True, bias=Bias.PULL_DOWN),
)


def test_feedback_level_becomes_closed_by_the_plan() -> None:
    inputs = FakeInputs({24: False, 25: False})
    feedbacks = Feedbacks(PLANS, inputs.open)
    assert feedbacks.read(0) == (
        FeedbackSample("chiller", closed=True),
        FeedbackSample("furnace", closed=False),
    )
    inputs.levels = {24: True, 25: True}
    assert feedbacks.read(1) == (
        FeedbackSample("chiller", closed=False),
        FeedbackSample("furnace", closed=True),
    )
    assert inputs.opened == [(24, Bias.PULL_UP), (25, Bias.PULL_DOWN)]


def test_feedback_that_cannot_be_read_gives_no_sample_until_it_can() -> None:
    inputs = FakeInputs({24: OSError(errno.EIO, "Input/output error"), 25: True})
    feedbacks = Feedbacks(PLANS, inputs.open)
    assert feedbacks.read(0) == (FeedbackSample("furnace", closed=True),)
    assert [(problem.where, problem.got) for problem in feedbacks.problems] == [
        ("feedback chiller GPIO24", "Input/output error")
    ]
    inputs.levels[24] = False
    assert feedbacks.read(NS_PER_S - 1) == (FeedbackSample("furnace", closed=True),)
    assert feedbacks.read(NS_PER_S)[0] == FeedbackSample("chiller", closed=True)
    assert (feedbacks.problems, inputs.closed) == ((), [24])


def button_of(inputs: FakeInputs) -> AcknowledgeButton:
    plan = AlarmPlan(
        caution_pin=None,
        shed_pin=None,
        fault_pin=None,
        buzzer_pin=None,
        active_level=True,
        acknowledge_pin=26,
        acknowledge_bias=Bias.PULL_UP,
        acknowledge_active_level=False,
    )
    return AcknowledgeButton(plan, inputs.open)


def presses(levels: list[bool]) -> list[bool]:
    inputs = FakeInputs({26: True})
    button = button_of(inputs)
    answers = []
    for now_mono_ns, level in enumerate(levels):
        inputs.levels[26] = level
        answers.append(button.pressed(now_mono_ns))
    return answers


def test_acknowledge_held_down_is_one_press() -> None:
    assert presses([True, False, False, False, False, False]) == [
        False,
        False,
        True,
        False,
        False,
        False,
    ]


def test_acknowledge_for_a_single_scan_is_no_press() -> None:
    assert presses([True, False, True, False, True]) == [False] * 5


def test_acknowledge_pressed_again_is_a_second_press() -> None:
    assert presses([False, False, True, False, False]) == [False, True, False, False, True]


def test_acknowledge_that_cannot_be_read_is_no_press() -> None:
    inputs = FakeInputs({26: False})
    button = button_of(inputs)
    assert button.pressed(0) is False
    inputs.levels[26] = OSError(errno.EIO, "Input/output error")
    assert button.pressed(1) is False
    assert button.problem is not None
    inputs.levels[26] = False
    assert [button.pressed(NS_PER_S + n) for n in range(1, 4)] == [False, True, False]
