"""What happens to the pair and when: acts in seconds after the first whole interval has begun.

Every deed is announced, so that a viewer can see it happen.
"""

from __future__ import annotations

from typing import Final

from hil.demo.stage import BOOTS_AFTER_S, Stage
from hil.demo.story import BASE_KW, Act
from hil.works import LOADS

LASTS_S: Final = 118.0
EARLY_KW: Final = 200.0  # until the first whole interval nothing has to be shed
_FURNACE_KW: Final = 80.0
_WARNING_S: Final = 4.0
_OVERRIDE_S: Final = 12


def full_kw(base_kw: float) -> float:
    """What the plant draws with all its loads."""
    return base_kw + sum(load.rated_kw for load in LOADS.values())


def pair_story() -> list[Act[Stage]]:
    """The acts in the order of their times."""
    return [
        _base(-5, f"a mill starts: {full_kw(BASE_KW):g} kW without a controller", BASE_KW),
        _base(12, f"a furnace is lit: +{_FURNACE_KW:g} kW", BASE_KW + _FURNACE_KW),
        *kill_at(27),
        *cut_power_at(44),
        _base(68, f"the furnace is out: -{_FURNACE_KW:g} kW", BASE_KW),
        *hand_over_at(80),
        Act(at_s=92, whole=True,
            text=f"the operator sheds the compressor by hand for {_OVERRIDE_S} s",
            do=lambda stage: stage.override_at_standby("compressor", _OVERRIDE_S)),
    ]  # fmt: skip


def kill_at(at_s: float) -> list[Act[Stage]]:
    return [
        _next(at_s, "kill -9 to the control process on duty"),
        Act(at_s=at_s, text="FAULT: kill -9", do=Stage.kill, whole=True),
    ]


def cut_power_at(at_s: float) -> list[Act[Stage]]:
    return [
        _next(at_s, f"the machine on duty loses its power for {BOOTS_AFTER_S:g} s"),
        Act(at_s=at_s, text="FAULT: power cut", do=Stage.cut_power, whole=True),
    ]


def hand_over_at(at_s: float) -> list[Act[Stage]]:
    return [
        _next(at_s, "an operator hands the duty over, loads shed as they are"),
        Act(at_s=at_s, text="order at the standby", do=Stage.hand_over, whole=True),
    ]


def _next(at_s: float, text: str) -> Act[Stage]:
    text = f"in {_WARNING_S:g} s: {text}"
    return Act(at_s=at_s - _WARNING_S, text=text, do=lambda _stage: None)


def _base(at_s: float, text: str, base_kw: float) -> Act[Stage]:
    def do(stage: Stage) -> None:
        stage.pair.set_base_kw(base_kw)

    return Act(at_s=at_s, text=text, do=do)
