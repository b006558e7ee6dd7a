"""The pair with one rule left out, and the scenario in which that shows.

Each mutant must be caught by the checker that is named; the whole pair passes the same scenario.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any, Final
from unittest import mock

from msgspec import Struct

from edge.core.twin import claim, conflict, hold, link, machine, orders, roles, witness
from edge.core.twin.table import Cause
from edge.model.twin import Role, TwinInputs, TwinSpec
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.sim.run import Result, run
from tests.sim.scenario import Fault, Scenario, Site
from tests.sim.world import Rules

Patch = tuple[ModuleType | type, str, Any]


class Mutant(Struct, frozen=True):
    """`seeds` of the same story: some rules matter only when two instants fall together."""

    name: str
    caught_by: str
    faults: tuple[Fault, ...]
    rules: Rules = Rules()
    patches: tuple[Patch, ...] = ()
    site: Site = Site()
    until_s: float = 60.0
    seeds: int = 20

    def scenario(self, seed: int) -> Scenario:
        return Scenario(seed, self.until_s, self.site, self.faults)

    def run(self, seed: int) -> Result:
        with patched(self.patches):
            return run(self.scenario(seed), rules=self.rules)

    def first_catch(self) -> Result | None:
        for seed in range(self.seeds):
            result = self.run(seed)
            if any(each.checker == self.caught_by for each in result.violations):
                return result
        return None


@contextmanager
def patched(patches: tuple[Patch, ...]) -> Iterator[None]:
    with ExitStack() as stack:
        for patch in patches:
            stack.enter_context(mock.patch.object(*patch))
        yield


def _false(*_args: object) -> bool:
    return False


def _true(*_args: object) -> bool:
    return True


def _nothing(*_args: object) -> None:
    return None


def _offered_too_soon(_spec: TwinSpec, state: Any, _now_mono_ns: int) -> bool:
    return state.is_linked and state.peer.beat.role is Role.YIELD


def _only_gap(spec: TwinSpec) -> int:
    return spec.query_gap_ns + spec.jitter_ns


def _same_epoch(highest: int, _is_first: bool) -> int:
    return highest + 1


def _fail_back(spec: TwinSpec, state: Any, _memory: object, inputs: TwinInputs) -> Cause | None:
    stands_ns = inputs.now_mono_ns - state.since_mono_ns
    is_due = not spec.is_first and stands_ns > 60 * NS_PER_S and orders.is_peer_ready(state)
    return Cause.ORDER if is_due else None


def _every(kind: str, at_s: tuple[float, ...], **more: Any) -> tuple[Fault, ...]:
    return tuple(Fault(at, kind, **more) for at in at_s)


_HANDOVERS: Final = tuple(
    Fault(8.0 + 4 * number, "handover", unit=(number + 1) % 2, level=1.0) for number in range(8)
)
_TOGETHER: Final = Site(starts_s=(0.5, 0.5))
_APART_AGAIN: Final = (
    Fault(10.0, "all_paths", for_s=8.0),
    Fault(10.0, "cable_cut", for_s=8.1),
)
_APART_FROM_START: Final = (
    Fault(0.1, "all_paths", for_s=20.0),
    Fault(0.1, "cable_cut", for_s=20.0),
)

MUTANTS: Final = (
    Mutant(
        "a worker writes without looking at its lease",
        "OneDriver",
        _HANDOVERS,
        rules=Rules(no_lease_check=True),
    ),
    Mutant(
        "silence is believed after one query gap",
        "OneDriver",
        (
            *_every("stop_worker", (10.0, 20.0, 30.0), for_s=1.8, level=2.0),
            *_every("stop_control", (10.01, 20.01, 30.01), for_s=1.9),
            *_every("stop_worker", (15.0, 25.0, 35.0), unit=1, for_s=1.8, level=2.0),
            *_every("stop_control", (15.01, 25.01, 35.01), unit=1, for_s=1.9),
        ),
        patches=((TwinSpec, "silence_ns", property(_only_gap)),),
    ),
    Mutant(
        "the bus is held without echo or reply",
        "OneDriver",
        (Fault(10.0, "all_paths", for_s=30.0), Fault(10.5, "dead_tx", for_s=9.0)),
        patches=((hold, "_is_proven", _true),),
    ),
    Mutant(
        "the watchdog is fed by any scan",
        "FedWithProgress",
        _every("stop_worker", (10.0, 15.0, 20.0), for_s=3.0, level=2.0),
        rules=Rules(feed_always=True),
    ),
    Mutant(
        "no worker is ever ended by its unit",
        "NoResetForBus",
        _every("stop_worker", (10.0, 10.5, 11.0), for_s=40.0, level=2.0),
        rules=Rules(no_fence=True),
    ),
    Mutant(
        "of two on duty none gives way",
        "OneDutyHeard",
        _APART_AGAIN,
        patches=((conflict, "is_outranked", _false), (roles, "is_outranked", _false)),
    ),
    Mutant(
        "both claim with the same delay and no order of rank",
        "OneDriver",
        (Fault(20.0, "power_both", for_s=2.0),),
        site=_TOGETHER,
        patches=(
            (TwinSpec, "claim_ns", property(lambda _spec: 150 * NS_PER_MS)),
            (TwinSpec, "listen_ns", property(lambda _spec: 3000 * NS_PER_MS)),
            (roles, "is_behind", _false),
        ),
    ),
    Mutant(
        "a farewell is said while a worker still lives",
        "OneDriver",
        _every("crash", (10.0, 25.0, 40.0), for_s=1.0, level=1.0)
        + _every("crash", (17.0, 32.0, 47.0), unit=1, for_s=1.0, level=1.0),
        rules=Rules(farewell_early=True),
    ),
    Mutant(
        "a deaf receiver is believed",
        "OneDriver",
        (
            Fault(10.0, "deaf", unit=1, for_s=45.0),
            Fault(25.0, "all_paths", for_s=20.0),
        ),
        patches=((machine, "judge_receiver", _nothing),),
    ),
    Mutant(
        "the standby mirrors nothing",
        "RelaysStay",
        (*_every("clock_step", (6.0, 7.0, 8.0)), Fault(15.0, "power", for_s=5.0)),
        rules=Rules(no_mirror=True),
    ),
    Mutant(
        "health swaps without limit",
        "SwapsLimited",
        (Fault(12.0, "grade", for_s=15.0), Fault(30.0, "grade", unit=1, for_s=15.0)),
        patches=((roles, "may_swap", _true),),
    ),
    Mutant(
        "an offer is taken before the bus is let go",
        "OneDriver",
        (
            Fault(9.9, "stop_worker", for_s=0.25, level=2.0),
            Fault(10.0, "handover", unit=1, level=1.0),
            Fault(19.9, "stop_worker", unit=1, for_s=0.25, level=2.0),
            Fault(20.0, "handover", unit=0, level=1.0),
        ),
        patches=((roles, "is_offered", _offered_too_soon),),
    ),
    Mutant(
        "a datagram is believed a second time",
        "OnlyTrueBeats",
        (Fault(20.0, "replay", unit=1, for_s=20.0),),
        rules=Rules(believes_replays=True),
    ),
    Mutant(
        "a handover over different site files",
        "NoPlannedSwapOverDrift",
        (Fault(10.0, "site_drift", for_s=30.0), Fault(15.0, "handover", unit=1, level=1.0)),
        patches=((orders, "has_drift", _false),),
    ),
    Mutant(
        "a unit that was stopped goes on, whatever it hears",
        "OneDriver",
        (
            Fault(20.0, "all_paths", for_s=30.0),
            Fault(21.0, "stop_control", unit=1, for_s=1.05),
        ),
        site=Site(tier=1, starts_s=(9.0, 0.5)),
        patches=((machine, "_DROPPING", ()), (roles, "conflict_cause", _nothing)),
    ),
    Mutant(
        "the bus is probed without listening first",
        "OneDriver",
        (Fault(10.0, "all_paths", for_s=40.0), Fault(10.5, "usb", for_s=12.0)),
        patches=((hold, "hears_silence", _true),),
    ),
    Mutant(
        "a start claims without listening",
        "OneDriver",
        (Fault(0.1, "all_paths", for_s=20.0), Fault(30.0, "power", unit=0, for_s=3.0)),
        site=Site(starts_s=(0.5, 5.0)),
        patches=(
            (claim, "silence_ns", lambda *_: 10**10),
            (claim, "hears_silence", _true),
            (TwinSpec, "listen_ns", property(lambda _spec: 0)),
            (roles, "is_on_duty", link.is_on_duty),
        ),
    ),
    Mutant(
        "a worker that has just begun to listen is believed",
        "OneDriver",
        (
            Fault(10.0, "all_paths", for_s=40.0),
            *_every("usb", (9.0, 20.0), unit=1, for_s=8.0),
        ),
        patches=(
            (claim, "hears_silence", _true),
            (witness, "hears_silence", _true),
            (hold, "hears_silence", _true),
        ),
    ),
    Mutant(
        "both units choose from the same epochs",
        "OneActivePerEpoch",
        _APART_FROM_START,
        site=_TOGETHER,
        patches=((machine, "next_epoch", _same_epoch),),
    ),
    Mutant(
        "a farewell is not listened to",
        "DutyInTime",
        (Fault(10.0, "crash", for_s=2.0),),
        patches=tuple((where, "said_farewell", _false) for where in (link, roles, claim)),
    ),
    Mutant(
        "the duty goes back by itself",
        "NoSwitchUnprovoked",
        (Fault(10.0, "handover", unit=1, level=1.0),),
        patches=((machine, "LOOKS", {**roles.LOOKS, Role.ACTIVE: _fail_back}),),
        until_s=200.0,
    ),
)
