"""One cumulative energy register: which part of a new reading is energy, and which a fault.

Decides by the counter's modulus, its previous value and the most that the connection can carry. A
reading that cannot be true is never followed at once: it must stand for several reads and seconds.
"""

from __future__ import annotations

import enum
from typing import Final

from msgspec import Struct

from edge.model.units import NS_PER_S, energy_uwh

# The connection's limit is a rating, not a wall: short overloads and meter errors are above it.
POWER_MARGIN_RATIO: Final = 1.25
# Meters refresh their registers once or twice a second, so two quick polls may differ by that much.
REFRESH_NS: Final = 2 * NS_PER_S
# Two neighbouring reads of a float register may differ by a last digit in either direction.
JITTER_STEPS: Final = 2
# A meter that starts up may show zeros for some seconds; so long a new counter value must stand.
RESET_READS: Final = 3
RESET_NS: Final = 5 * NS_PER_S


class Verdict(enum.StrEnum):
    """BASELINE: first reading. HELD: lower by jitter, taken as unchanged. SUSPECT: not believed.
    GLITCH: believed again after suspect readings. RESET: the counter has a new value for good.
    """

    BASELINE = "baseline"
    FORWARD = "forward"
    HELD = "held"
    WRAP = "wrap"
    SUSPECT = "suspect"
    GLITCH = "glitch"
    RESET = "reset"


class Advance(Struct, frozen=True, gc=False):
    """`delta_uwh` (>= 0) is the energy since `since_mono_ns`; `jump_uwh` by how much a RESET moved
    the counter besides.
    """

    verdict: Verdict
    delta_uwh: int
    since_mono_ns: int
    jump_uwh: int = 0


class CounterState(Struct):
    """The last believed reading, and the run of suspect readings that agree with each other."""

    last_uwh: int | None = None
    last_mono_ns: int = 0
    suspect_count: int = 0
    suspect_first_uwh: int = 0
    suspect_first_mono_ns: int = 0
    suspect_last_uwh: int = 0
    suspect_last_mono_ns: int = 0


def energy_uwh_max(power_w_max: float, elapsed_ns: int, step_uwh: int) -> int:
    """The most that a counter with this step can honestly rise by in `elapsed_ns`."""
    limit = energy_uwh(power_w_max * POWER_MARGIN_RATIO, elapsed_ns + REFRESH_NS)
    return limit + JITTER_STEPS * step_uwh


def advance(
    state: CounterState,
    reading_uwh: int,
    mono_ns: int,
    step_uwh: int,
    modulus_uwh: int | None,
    power_w_max: float,
) -> Advance:
    """Judge the reading taken at `mono_ns` (later than any before) and move the state on."""
    if state.last_uwh is None:
        state.last_uwh, state.last_mono_ns = reading_uwh, mono_ns
        return Advance(Verdict.BASELINE, 0, mono_ns)
    since_mono_ns = state.last_mono_ns
    most_uwh = energy_uwh_max(power_w_max, mono_ns - since_mono_ns, step_uwh)
    delta_uwh = reading_uwh - state.last_uwh
    if 0 <= delta_uwh <= most_uwh:
        verdict = Verdict.GLITCH if state.suspect_count else Verdict.FORWARD
    elif -JITTER_STEPS * step_uwh <= delta_uwh < 0:
        # The higher value stays: what the register fell by must not count again when it returns.
        verdict, delta_uwh, reading_uwh = Verdict.HELD, 0, state.last_uwh
    elif modulus_uwh is not None and 0 <= delta_uwh + modulus_uwh <= most_uwh:
        verdict, delta_uwh = Verdict.WRAP, delta_uwh + modulus_uwh
    else:
        return _doubt(state, reading_uwh, mono_ns, step_uwh, power_w_max)
    state.last_uwh, state.last_mono_ns, state.suspect_count = reading_uwh, mono_ns, 0
    return Advance(verdict, delta_uwh, since_mono_ns)


def _doubt(
    state: CounterState, reading_uwh: int, mono_ns: int, step_uwh: int, power_w_max: float
) -> Advance:
    """Wait until enough suspect readings follow from each other, then take them as a new start."""
    rise_uwh = reading_uwh - state.suspect_last_uwh
    elapsed_ns = mono_ns - state.suspect_last_mono_ns
    agrees = state.suspect_count > 0 and -JITTER_STEPS * step_uwh <= rise_uwh <= energy_uwh_max(
        power_w_max, elapsed_ns, step_uwh
    )
    if not agrees:
        state.suspect_count = 0
        state.suspect_first_uwh, state.suspect_first_mono_ns = reading_uwh, mono_ns
    state.suspect_count += 1
    state.suspect_last_uwh, state.suspect_last_mono_ns = reading_uwh, mono_ns
    since_mono_ns = state.suspect_first_mono_ns
    if state.suspect_count < RESET_READS or mono_ns - since_mono_ns < RESET_NS:
        return Advance(Verdict.SUSPECT, 0, since_mono_ns)
    assert state.last_uwh is not None
    jump_uwh = state.suspect_first_uwh - state.last_uwh
    delta_uwh = max(0, reading_uwh - state.suspect_first_uwh)
    state.last_uwh, state.last_mono_ns, state.suspect_count = reading_uwh, mono_ns, 0
    return Advance(Verdict.RESET, delta_uwh, since_mono_ns, jump_uwh)
