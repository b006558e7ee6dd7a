"""What automation would do now: shed, restore, absorb, or follow the policy for lost metering.

It only wishes: overrides and the interlock come after it. One kind of action a scan, in order of
urgency, and no further one before the last has had time to show in site power.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edge.core.shedding.interlock import forced_on_wait_ns, may_switch_off, may_switch_on
from edge.core.shedding.loads import Load
from edge.core.shedding.need import (
    LAST_ACTION_NS,
    headroom_w,
    masked,
    shed_need_w,
    surplus_w,
    wanted_w,
)
from edge.core.shedding.reason import MoveReason, Why
from edge.core.shedding.scene import INSTANT, Decision, Scene, Wish
from edge.core.shedding.selection import Candidate, select
from edge.core.shedding.state import SheddingState
from edge.model.outlook import LimitOutlook, PowerEstimate
from edge.model.spec import LostPolicy, SheddingSpec

# Absorb loads are above their normal power: they go before any load is shed.
ABSORB_PRIORITY = -1


class Automation:
    """The controller's own judgement; it only reads `loads` (in site-file order) and `state`."""

    def __init__(self, spec: SheddingSpec, loads: tuple[Load, ...], state: SheddingState) -> None:
        self._spec = spec
        self._loads = loads
        self._sheds = tuple(load for load in loads if not load.absorbs)
        self._absorbs = tuple(load for load in loads if load.absorbs)
        self._state = state

    def decide(self, scene: Scene) -> Decision:
        """The wishes of this scan; at most one of shedding, restoring and absorbing."""
        if self._state.emergency and scene.measured_w is not None:
            return self._decide_emergency(scene, scene.measured_w)
        if scene.lost_since_mono_ns is not None:
            return self._decide_lost(scene, scene.lost_since_mono_ns)
        if scene.power is None or not scene.limits:
            return Decision(Why.STARTING)
        return self._decide_by_projection(scene, scene.power)

    def _settling(self, now_mono_ns: int) -> bool:
        until_mono_ns = self._state.settle_until_mono_ns
        return until_mono_ns is not None and now_mono_ns < until_mono_ns

    # Emergency: the limit on instantaneous power.

    def _decide_emergency(self, scene: Scene, measured_w: float) -> Decision:
        """Down to the release level at once; power shows a response sooner than a projection."""
        assert self._spec.instant_limit_w is not None
        need_w = measured_w - self._spec.instant_limit_w * self._spec.instant_release_ratio
        until_mono_ns = self._state.response_until_mono_ns
        if until_mono_ns is not None and scene.now_mono_ns < until_mono_ns:
            need_w -= self._state.unseen_w
        if need_w <= 0.0:
            return Decision(Why.EMERGENCY)
        candidates = list(self._candidates(scene, None))
        wishes, short = self._off(candidates, need_w, MoveReason.EMERGENCY, INSTANT)
        return Decision(
            Why.EMERGENCY,
            wishes,
            {INSTANT: need_w},
            frozenset((INSTANT,)) if short else frozenset(),
        )

    # Metering lost.

    def _decide_lost(self, scene: Scene, lost_since_mono_ns: int) -> Decision:
        """Hold for the declared time, then the declared policy; missing power is never zero."""
        if scene.now_mono_ns - lost_since_mono_ns < self._spec.lost_hold_ns:
            return Decision(Why.LOST_HOLD)
        if self._spec.lost_policy is LostPolicy.HOLD:
            return Decision(Why.LOST_POLICY)
        release = self._spec.lost_policy is LostPolicy.RELEASE
        wishes = [
            Wish(load, False, MoveReason.LOST_POLICY)
            for load in self._free(self._absorbs if release else self._loads, on=True)
        ]
        if release and not self._settling(scene.now_mono_ns):
            held = self._free(self._sheds, on=False)
            wishes += [
                Wish(load, True, MoveReason.LOST_POLICY)
                for load in _restorable(held, scene.now_mono_ns)[:1]
            ]
        return Decision(Why.LOST_POLICY, tuple(wishes))

    # Projection.

    def _decide_by_projection(self, scene: Scene, power: PowerEstimate) -> Decision:
        needs = [
            (limit, need_w)
            for limit in scene.limits
            if (need_w := shed_need_w(limit, power, self._spec.mask_ns)) > 0.0
        ]
        if needs:
            return self._shed(scene, needs)
        if self._settling(scene.now_mono_ns):
            return Decision(Why.SETTLING)
        wanted = any(wanted_w(limit, power, self._spec.mask_ns) > 0.0 for limit in scene.limits)
        held = list(self._free(self._sheds, on=False))
        if held:
            return self._restore(scene, power, held, wanted)
        if wanted:
            return self._absorb(scene, power)
        return self._end_absorbing(scene, power)

    def _shed(self, scene: Scene, needs: list[tuple[LimitOutlook, float]]) -> Decision:
        """Shed for the limit that needs most; while the last action settles, only if what may go
        would no longer be enough afterwards.
        """
        need_w_by_limit = {limit.name: need_w for limit, need_w in needs}
        limit, need_w = max(needs, key=lambda pair: pair[1])
        wait_ns = 0
        if self._settling(scene.now_mono_ns):
            assert self._state.settle_until_mono_ns is not None
            wait_ns = self._state.settle_until_mono_ns - scene.now_mono_ns
            need_w -= self._state.unseen_w
            if need_w <= 0.0:
                return Decision(Why.SETTLING, (), need_w_by_limit)
        optimistic = masked(limit, self._spec.mask_ns)
        reason = MoveReason.OPTIMISTIC_OVER if optimistic else MoveReason.PROJECTED_OVER
        candidates = list(self._candidates(scene, limit))
        wishes, short = self._off(candidates, need_w, reason, limit.name)
        if wait_ns and _suffices_later(candidates, need_w, limit, wait_ns):
            wishes = ()
        why = Why.SHORT if short else Why.SETTLING if wait_ns and not wishes else Why.SHEDDING
        return Decision(
            why, wishes, need_w_by_limit, frozenset((limit.name,)) if short else frozenset()
        )

    def _off(
        self, candidates: list[Candidate], need_w: float, reason: MoveReason, limit: str
    ) -> tuple[tuple[Wish, ...], bool]:
        """Wishes that free `need_w` for that limit, and whether they fall short of it."""
        chosen = select(candidates, need_w)
        wishes = tuple(Wish(self._loads[index], False, reason, limit) for index in chosen)
        return wishes, need_w > _sum_w(candidates)

    def _candidates(self, scene: Scene, limit: LimitOutlook | None) -> Iterator[Candidate]:
        """Loads that may go now and are not known to be off, with the W that they free on average
        until the end of `limit`'s interval (None: the instant limit, which has none): a load with a
        lead time frees less, and nothing if it is too late.
        """
        power_w_max = scene.power_w_max
        for load in self._free(self._loads, on=True):
            state = load.state
            known_off = load.spec.has_feedback and not state.closed
            if known_off or not may_switch_off(load, scene.now_mono_ns, limit is None):
                continue
            share = 1.0 if limit is None else 1.0 - load.spec.lead_ns / limit.remaining_ns
            if share <= 0.0:
                continue
            yield Candidate(
                load.index,
                load.counted_w(scene.now_mono_ns, power_w_max) * share,
                ABSORB_PRIORITY if load.absorbs else load.spec.priority,
                load.spec.group if load.rotates else "",
                state.acted_mono_ns,
                state.acted_total_ns,
            )

    # Restoring and absorbing.

    def _room_w(self, scene: Scene, power: PowerEstimate) -> float:
        """W that may be added without a limit's margin or the instant limit's release level in
        danger.
        """
        spec = self._spec
        room_w = headroom_w(scene.limits, power, spec.restore_margin_ratio, spec.no_restore_ns)
        if spec.instant_limit_w is None:
            return room_w
        assert scene.measured_w is not None
        return min(room_w, spec.instant_limit_w * spec.instant_release_ratio - scene.measured_w)

    def _restore(
        self, scene: Scene, power: PowerEstimate, held: list[Load], wanted: bool
    ) -> Decision:
        """The most important of the loads `held` off that fits comes back; there is room kept for
        all that nobody can hold until the last limit's interval ends, operators' among them.
        """
        remaining_ns = max(limit.remaining_ns for limit in scene.limits)
        forced_w = {
            load.index: _forced_w(load, scene.now_mono_ns, remaining_ns)
            for load in self._sheds
            if not load.state.on and not load.relay_fault
        }
        room_w = self._room_w(scene, power) - sum(forced_w.values())
        for load in _restorable(held, scene.now_mono_ns):
            if load.state.learned_w - forced_w[load.index] <= room_w:
                reason = MoveReason.UNDER_PLAN if wanted else MoveReason.RESTORED
                return Decision(Why.RESTORING, (Wish(load, True, reason),))
        return Decision(Why.WAITING_TO_RESTORE)

    def _absorb(self, scene: Scene, power: PowerEstimate) -> Decision:
        """One absorb load on, by priority and then by who has waited longest, if it fits."""
        room_w = self._room_w(scene, power)
        waiting = [
            load
            for load in self._free(self._absorbs, on=False)
            if load.state.learned_w <= room_w and may_switch_on(load, scene.now_mono_ns)
        ]
        if not waiting:
            return Decision(Why.UNDER_PLAN)
        first = min(waiting, key=lambda x: (x.spec.priority, x.state.acted_mono_ns or 0))
        return Decision(Why.UNDER_PLAN, (Wish(first, True, MoveReason.UNDER_PLAN),))

    def _end_absorbing(self, scene: Scene, power: PowerEstimate) -> Decision:
        """One absorb load off, if every floor is kept without it."""
        for load in self._free(self._absorbs, on=True):
            spare_w = min(surplus_w(limit, power) for limit in scene.limits)
            if load.counted_w(scene.now_mono_ns, power.high_w) <= spare_w and may_switch_off(
                load, scene.now_mono_ns, emergency=False
            ):
                return Decision(Why.NORMAL, (Wish(load, False, MoveReason.PLAN_MET),))
        return Decision(Why.NORMAL)

    def _free(self, loads: tuple[Load, ...], *, on: bool) -> Iterator[Load]:
        """Loads in that position that are automation's to move: no override, no faulty output."""
        for load in loads:
            state = load.state
            if state.on is on and state.override is None and not load.relay_fault:
                yield load


def _restorable(held: Iterable[Load], now_mono_ns: int) -> list[Load]:
    """Those that may come back: last priority to be shed first, then longest shed."""
    return sorted(
        (load for load in held if may_switch_on(load, now_mono_ns)),
        key=lambda load: (-load.spec.priority, load.state.since_mono_ns),
    )


def _sum_w(candidates: Iterable[Candidate]) -> float:
    return sum(candidate.power_w for candidate in candidates)


def _suffices_later(
    candidates: Iterable[Candidate], need_w: float, limit: LimitOutlook, wait_ns: int
) -> bool:
    """Whether candidates that go after `wait_ns` still free the energy that `need_w` is now."""
    left_ns = limit.remaining_ns - wait_ns
    return left_ns > LAST_ACTION_NS and _sum_w(candidates) * left_ns >= need_w * limit.remaining_ns


def _forced_w(load: Load, now_mono_ns: int, remaining_ns: int) -> float:
    """W on average over `remaining_ns` that a load which is off adds when it goes on by force."""
    wait_ns = forced_on_wait_ns(load, now_mono_ns)
    if wait_ns is None or wait_ns >= remaining_ns:
        return 0.0
    return load.state.learned_w * (1.0 - wait_ns / remaining_ns)
