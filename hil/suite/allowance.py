"""What a scenario may take, by class of bench: the protocol's bound plus what the bench adds.

The bounds are the product's (docs/twin.md); the slack is what a shared computer, or an emulated
processor, adds to a measurement, and no more.
"""

from __future__ import annotations

import msgspec

from hil.suite.ability import BenchClass


class Allowances(msgspec.Struct, frozen=True, kw_only=True):
    """Upper ends in seconds.

    Line without a query: `rest_s` in quiet times and at a handover, `killed_s` at a takeover after
    a farewell, `silent_s` without one, `enabled_s` without one where enable lines are fitted.
    `given_up_s`: to the last query of a unit that has lost the line; `swap_s`: from there to the
    twin's first; `probed_s`: a line that is mended to the next query.
    `boot_s`: from power to a first scan, and for an orderly end; `alone_s`: from a unit's first
    scan to its first query with nobody beside it, `both_s`: with its twin started at once.
    `dropped_s`: two that hear each other again to one on duty; `settle_s`: until both are settled
    again after the worst fault, which is what :meth:`Scene.wait` allows by itself.
    `counted_s`: what comes in so long may be missing from the energy of a unit that restarts;
    `resets_of_killed`: 1 where a controller may take longer to start than its watchdog bears: on
    emulated processors, on a computer that has other work.
    """

    killed_s: float
    silent_s: float
    enabled_s: float
    rest_s: float
    alone_s: float
    both_s: float
    given_up_s: float
    swap_s: float
    probed_s: float
    dropped_s: float
    counted_s: float
    settle_s: float
    boot_s: float
    resets_of_killed: int


_SILENT_S = 3.15
_ENABLED_S = 1.25
_KILLED_S = 0.5
_REST_S = 0.3
_ALONE_S = 4.75
_BOTH_S = 2.0
_GIVEN_UP_S = 1.25
_SWAP_S = 7.0
_PROBED_S = 15.0
_DROPPED_S = 1.0
# A heartbeat's time and two scans.
_COUNTED_S = 0.3


def _with_slack(
    slack_s: float, settle_s: float, boot_s: float, resets_of_killed: int
) -> Allowances:
    return Allowances(
        killed_s=_KILLED_S + slack_s,
        silent_s=_SILENT_S + slack_s,
        enabled_s=_ENABLED_S + slack_s,
        rest_s=_REST_S + slack_s,
        alone_s=_ALONE_S + slack_s,
        both_s=_BOTH_S + slack_s,
        given_up_s=_GIVEN_UP_S + slack_s,
        swap_s=_SWAP_S + slack_s,
        probed_s=_PROBED_S + slack_s,
        dropped_s=_DROPPED_S + slack_s,
        counted_s=_COUNTED_S + slack_s / 2,
        settle_s=settle_s,
        boot_s=boot_s,
        resets_of_killed=resets_of_killed,
    )


ALLOWED = {
    BenchClass.PROCESS: _with_slack(0.6, settle_s=60, boot_s=30, resets_of_killed=1),
    BenchClass.MACHINE: _with_slack(2.0, settle_s=180, boot_s=120, resets_of_killed=1),
    BenchClass.RIG: _with_slack(0.1, settle_s=120, boot_s=60, resets_of_killed=0),
}
