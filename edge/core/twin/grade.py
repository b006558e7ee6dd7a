"""How well this unit could do the duty, the bus and its own resets included."""

from __future__ import annotations

from edge.core.twin.state import Receiver, TwinState
from edge.model.twin import Grade, Role, TwinInputs, TwinMemory, TwinSpec

_ON_DUTY = (Role.ACTIVE, Role.YIELD)


def judge_grade(spec: TwinSpec, state: TwinState, memory: TwinMemory, inputs: TwinInputs) -> None:
    """The worst of all that is wrong, with all of it in words."""
    own = inputs.own
    grade, wrong = own.grade, [own.why_grade] if own.why_grade else []
    bus_wrong = _bus_wrong(state, own.bus_lines_lost)
    if bus_wrong:
        grade = min(grade, Grade.IMPAIRED)
        wrong += bus_wrong
    count = reset_count(spec, memory, inputs.now_utc_ns)
    if count >= spec.reset_count_max:
        grade = min(grade, Grade.LAST_RESORT)
        wrong.append(f"{count} resets")
    state.grade, state.why_grade = grade, ", ".join(wrong)


def reset_count(spec: TwinSpec, memory: TwinMemory, now_utc_ns: int) -> int:
    """Resets within the window, to either side: the wall clock may have been set back since."""
    return sum(
        [abs(now_utc_ns - at_utc_ns) <= spec.reset_window_ns for at_utc_ns in memory.resets_utc_ns]
    )


def _bus_wrong(state: TwinState, lost: tuple[str, ...]) -> list[str]:
    wrong = [f"line {line}" for line in lost]
    if state.lost_mono_ns is not None:
        wrong.append("no proof on the bus")
    if state.receiver is Receiver.DEAF and state.role not in _ON_DUTY:
        wrong.append("deaf on the bus")
    return wrong
