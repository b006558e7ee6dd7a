"""The works that scenarios stand in, where they are not the calm ones of the bench."""

from __future__ import annotations

import time

import msgspec

from hil.suite.scene import CALM
from hil.works import Works

MIRROR_HOLD_S = 2.0
CONTRACT_KW = 600.0
INTERVAL_S = 60
MIN_SHED_S = 6.0
# The longest that the product takes: a scenario is seldom near its end.
_LONG_S = 7200
_HALF_HOUR_S = 1800
# 1,000 pulses within a scan are 24 kWh: no rate of pulses may be impossible, nor shed a load.
_ANY_KW = 1_000_000.0
# An interval begins so long after the bench is begun, with the gateways up for some time.
_BEGINS_S = 40


def quick_mirror_works() -> Works:
    """Calm; a standby that hears nothing lets its relays go soon."""
    return msgspec.structs.replace(CALM, mirror_hold_s=MIRROR_HOLD_S)


def enabled_works() -> Works:
    """Calm, with one-shots on enable lines."""
    return msgspec.structs.replace(CALM, enable_lines=True)


def long_works() -> Works:
    """Calm, in one long interval."""
    return msgspec.structs.replace(CALM, interval_s=_LONG_S)


def bare_works() -> Works:
    """Calm, with intervals as plants have them, on gateways that come as Debian alone."""
    return msgspec.structs.replace(CALM, interval_s=_HALF_HOUR_S, bare=True)


def pulse_works() -> Works:
    """Pulses come by order, faster than any plant makes them, so no meter could bear them out."""
    return Works(
        interval_s=_LONG_S,
        contract_kw=_ANY_KW,
        power_kw_max=1.1 * _ANY_KW,
        debounce_ms=0,
        sources=("pulse.incomer",),
    )


def shedding_works() -> Works:
    """A contract that the plant can pass. An interval begins soon after this was called."""
    return Works(
        interval_s=INTERVAL_S,
        alignment_s=int(time.time() + _BEGINS_S) % INTERVAL_S,
        contract_kw=CONTRACT_KW,
        power_kw_max=1200,
        min_shed_s=MIN_SHED_S,
    )
