"""The energy of one pulse, exact."""

from __future__ import annotations

from fractions import Fraction

from edge.config.exact import exact
from edge.config.sections.metering import PulseSection

# What pulse_wh reads.
WEIGHT_KEYS = ("wh_per_pulse", "pulse_constant_per_kwh", "ct_ratio", "vt_ratio")


def pulse_wh(pulse: PulseSection) -> Fraction:
    """Wh of one pulse, CT and VT included: 1000 / 50000 x 20 x 60 = 24 Wh.

    Exactly one of the two weights is given (edge.config.checks.metering has seen to it).
    """
    if pulse.wh_per_pulse is not None:
        weight = exact(pulse.wh_per_pulse)
    else:
        assert pulse.pulse_constant_per_kwh is not None
        weight = 1000 / exact(pulse.pulse_constant_per_kwh)
    return weight * exact(pulse.ct_ratio) * exact(pulse.vt_ratio)
