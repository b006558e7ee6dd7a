"""Conversion constants. Energy is an integer of micro-watt-hours, so sums never drift."""

from __future__ import annotations

from typing import Final

NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000
NS_PER_MIN: Final = 60 * NS_PER_S
NS_PER_HOUR: Final = 3600 * NS_PER_S
UWH_PER_WH: Final = 1_000_000
UWH_PER_KWH: Final = 1_000_000_000
W_PER_KW: Final = 1000.0
# 1 W for 1 h is 1e6 µWh, so 1 W for 1 ns is 1e6 / 3.6e12 µWh.
NS_W_PER_UWH: Final = NS_PER_HOUR // UWH_PER_WH


def mean_power_w(energy_uwh: int, duration_ns: int) -> float:
    """Mean power in W of `energy_uwh` spent over `duration_ns` (> 0)."""
    return energy_uwh * NS_W_PER_UWH / duration_ns


def energy_uwh(power_w: float, duration_ns: int) -> int:
    """Energy in µWh of a constant `power_w` over `duration_ns`, rounded to the nearest µWh."""
    return round(power_w * duration_ns / NS_W_PER_UWH)
