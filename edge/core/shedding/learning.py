"""What a load really draws, learnt from the step in site power that follows its switching.

Only a step that is larger than the noise, of the expected direction and of a believable size is put
down to the load; anything else was somebody else's doing and teaches nothing.
"""

from __future__ import annotations

import enum
from typing import Final

from edge.core.shedding.loads import Load
from edge.core.shedding.state import Probe
from edge.model.units import NS_PER_MIN

# A step can be told from noise only if it should be more than this many times the noise.
TELLABLE_RATIO: Final = 2.0
# Below this share of what was expected nothing moved; above the larger one something else moved
# too.
NOTHING_RATIO: Final = 0.15
BELIEVABLE_RATIO: Final = 2.0
# The first step is half believed, later ones less; no step moves the figure by more than this of
# rated.
FIRST_GAIN: Final = 0.5
GAIN: Final = 0.25
CHANGE_RATIO_MAX: Final = 0.25
# A learned figure never falls to where the load would be taken for one that is off.
LEARNED_RATIO_MIN: Final = 0.05
# A load that did not respond may have been idle: count on it again after this long.
SILENT_NS: Final = 30 * NS_PER_MIN


class Finding(enum.Enum):
    """What a probe showed."""

    UNTELLABLE = enum.auto()
    NOTHING_MOVED = enum.auto()
    MOVED = enum.auto()


def judge(probe: Probe, after_w: float, noise_w: float) -> tuple[Finding, float]:
    """The finding and the step in W (positive in the expected direction); `noise_w` is that of
    `after_w`.
    """
    sign = -1.0 if probe.turned_on else 1.0
    step_w = sign * (probe.before_w - after_w)
    noise_w = max(noise_w, probe.noise_w)
    if probe.expected_w <= TELLABLE_RATIO * noise_w or step_w > BELIEVABLE_RATIO * probe.expected_w:
        return Finding.UNTELLABLE, step_w
    nothing_w = max(noise_w, NOTHING_RATIO * probe.expected_w)
    if abs(step_w) <= nothing_w:
        return Finding.NOTHING_MOVED, step_w
    return (Finding.MOVED if step_w > 0.0 else Finding.UNTELLABLE), step_w


def learn(load: Load, step_w: float) -> None:
    """Move the learned figure a bounded way towards `step_w` and take the load for responding."""
    state = load.state
    rated_w = load.spec.rated_w
    gain = GAIN if state.learned_count else FIRST_GAIN
    change_w_max = CHANGE_RATIO_MAX * rated_w
    change_w = max(-change_w_max, min(change_w_max, gain * (step_w - state.learned_w)))
    state.learned_w = max(
        LEARNED_RATIO_MIN * rated_w, min(BELIEVABLE_RATIO * rated_w, state.learned_w + change_w)
    )
    state.learned_count += 1


def note_response(load: Load, finding: Finding, now_mono_ns: int) -> None:
    """Mark a load whose action moved nothing, or one that responds again.

    A shed load that is restored and stays idle is no fault: its own thermostat may hold it.
    """
    if finding is Finding.NOTHING_MOVED and load.shed:
        load.state.no_response = True
        load.state.silent_until_mono_ns = now_mono_ns + SILENT_NS
    elif finding is Finding.MOVED:
        load.state.no_response = False
        load.state.silent_until_mono_ns = None
