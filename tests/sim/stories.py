"""Short directed runs which together walk every row of the table of roles."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from edge.model.twin import Role
from tests.sim.run import Result, run
from tests.sim.scenario import Fault, Scenario, Site

_SEEDS_MAX: Final = 60
# Time of the first faults: both units have found their roles.
_T: Final = 10.0


class Story(Struct, frozen=True):
    """Some changes happen only if instants fall together; then another seed is tried."""

    source: Role
    target: Role
    words: str
    faults: tuple[Fault, ...]
    site: Site = Site()
    until_s: float = 20.0

    def walk(self) -> Result | None:
        for seed in range(_SEEDS_MAX):
            result = run(Scenario(seed, self.until_s, self.site, self.faults))
            if result.violations or (self.source, self.target, self.words) in result.walked:
                return result
        return None


def _mute(for_s: float) -> tuple[Fault, ...]:
    """The standby does not hear the unit on duty, which hears it."""
    return tuple(Fault(_T, "path_one_way", unit=0, for_s=for_s, index=path) for path in (0, 1))


def _apart(paths_s: float, cable_s: float) -> tuple[Fault, ...]:
    return Fault(_T, "all_paths", for_s=paths_s), Fault(_T, "cable_cut", for_s=cable_s)


_ALONE: Final = Site(starts_s=(0.5, 3600.0))
_GIVE: Final = Fault(_T, "handover", unit=1, level=1.0)
_ENDED: Final = "peer's process has ended, and said so"
_STOOD: Final = "scan stood for longer than a lease"
_S, _A, _L, _U = Role.STANDBY, Role.ACTIVE, Role.LISTEN, Role.SUSPECT
_C, _Y, _M, _B = Role.CLAIM, Role.YIELD, Role.MAINTENANCE, Role.BOOT

STORIES: Final = (
    Story(_B, _L, "first scan", (), until_s=3.0),
    Story(
        _B,
        _M,
        "was in maintenance before the start",
        (
            Fault(_T, "maintenance", unit=1, for_s=60.0),
            Fault(14.0, "crash", unit=1, for_s=0.5),
        ),
    ),
    Story(_L, _S, "peer is on duty", (), until_s=8.0),
    Story(
        _L,
        _U,
        "peer is heard on the bus only",
        (Fault(_T, "all_paths", for_s=9.0), Fault(_T, "crash_silent", unit=1, for_s=0.5)),
    ),
    Story(_L, _C, "peer says that it is not on duty", (), until_s=8.0),
    Story(_L, _C, "no heartbeat, and the bus is silent", (), site=_ALONE, until_s=8.0),
    Story(_S, _A, "peer hands over, its bus let go", (_GIVE,)),
    Story(_S, _A, _ENDED, (Fault(_T, "crash", for_s=1.0),)),
    Story(_S, _U, "no heartbeat on any path", (Fault(_T, "power", for_s=2.0),)),
    Story(
        _S,
        _L,
        "peer says that it is no more on duty",
        (Fault(_T, "stop_control", for_s=0.3), Fault(11.0, "stop_control", for_s=0.32)),
    ),
    Story(_S, _M, "an operator takes it out", (Fault(_T, "maintenance", unit=1, for_s=3.0),)),
    Story(
        _U,
        _A,
        "peer is heard again and hands over at once",
        (*_mute(0.5), Fault(_T + 0.2, "handover", unit=1, level=1.0)),
    ),
    Story(_U, _A, _ENDED, (*_mute(0.55), Fault(_T + 0.551, "crash", for_s=1.0))),
    Story(_U, _S, "peer is heard again, on duty", (Fault(_T, "all_paths", for_s=1.0),)),
    Story(
        _U,
        _L,
        "peer is heard again, not on duty",
        (Fault(_T, "stop_control", for_s=1.0),),
    ),
    Story(_U, _C, "no heartbeat, and the bus is silent", (Fault(_T, "power", for_s=9.0),)),
    Story(_C, _S, "peer is on duty", _apart(2.7, 9.0)),
    Story(_C, _L, "peer claims too and is ahead", (), site=Site(starts_s=(0.5, 0.5)), until_s=8.0),
    Story(
        _C,
        _L,
        "what allowed the claim holds no more",
        (Fault(4.05, "stop", for_s=5.0),),
        site=_ALONE,
    ),
    Story(_C, _U, "bus is not silent", _apart(9.0, 2.7)),
    Story(_C, _L, _STOOD, (Fault(4.05, "stop_control", for_s=0.5),), site=_ALONE),
    Story(_C, _A, "nobody objected to the claim", (), until_s=8.0),
    Story(_A, _L, _STOOD, (Fault(_T, "stop_control", for_s=0.5),)),
    Story(_A, _L, "peer is on duty with a newer epoch", _apart(6.0, 8.0)),
    Story(_A, _L, "peer, not heard, drives the bus", _apart(9.0, 6.0)),
    Story(_A, _L, "stops, with nobody to take over", (Fault(_T, "stop", for_s=1.0),), site=_ALONE),
    Story(_A, _Y, "an operator's handover", (_GIVE,)),
    Story(_A, _Y, "stops, and asks the peer to take over", (Fault(_T, "stop", for_s=1.0),)),
    Story(_A, _Y, "peer is in better health", (Fault(_T, "grade", for_s=30.0),)),
    Story(_A, _Y, "an operator takes it out", (Fault(_T, "maintenance", for_s=3.0),)),
    Story(_Y, _L, _STOOD, (_GIVE, Fault(_T + 0.05, "stop_control", for_s=0.6))),
    Story(_Y, _S, "peer has taken over", (_GIVE,)),
    Story(_Y, _M, "peer has taken over for a maintenance", (Fault(_T, "maintenance", for_s=3.0),)),
    Story(
        _Y,
        _A,
        "peer did not take over in time",
        (*_mute(1.5), Fault(_T + 0.1, "handover", unit=1, level=1.0)),
    ),
    Story(_M, _L, "an operator takes it back", (Fault(_T, "maintenance", unit=1, for_s=3.0),)),
)
