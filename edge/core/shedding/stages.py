"""Stages of all limits in one scan: gathers their signals, keeps their stages, tells the worst."""

from __future__ import annotations

from edge.core.shedding.loads import Load
from edge.core.shedding.need import masked
from edge.core.shedding.record import situation, stage_event
from edge.core.shedding.scene import INSTANT, Decision, Scene
from edge.core.shedding.stage import Signals, Thresholds, next_stage
from edge.core.shedding.state import SheddingState
from edge.model.event import Event
from edge.model.outlook import PowerEstimate
from edge.model.spec import SheddingSpec
from edge.model.status import Stage


class Stages:
    """Owns ``state.stages``. Where nothing is known of a limit, its stage stays as it was."""

    def __init__(self, spec: SheddingSpec, loads: tuple[Load, ...], state: SheddingState) -> None:
        self._spec = spec
        self._loads = loads
        self._state = state
        self._thresholds = Thresholds(spec.caution_ratio, spec.hysteresis_ratio)

    def step(self, scene: Scene, decision: Decision) -> list[Event]:
        """New stages after this scan's moves, with an event for each change."""
        signals: dict[str, Signals] = {}
        if scene.power is not None:
            signals = self._of_limits(scene, scene.power, decision)
        if self._spec.instant_limit_w is not None and scene.measured_w is not None:
            signals[INSTANT] = self._of_instant(
                scene.measured_w / self._spec.instant_limit_w, decision
            )
        stages = self._state.stages
        if scene.power is not None:
            for name in [n for n in stages if n not in signals and n != INSTANT]:
                del stages[name]
        events = []
        for name, seen in signals.items():
            before = stages.get(name, Stage.NORMAL)
            after = next_stage(before, seen, self._thresholds)
            stages[name] = after
            if after is not before:
                facts = situation(scene, self._spec, self._loads, name)
                events.append(stage_event(scene, name, before, after, facts))
        return events

    def worst(self) -> Stage:
        """The worst stage of any limit."""
        return max(self._state.stages.values(), default=Stage.NORMAL)

    def _of_limits(
        self, scene: Scene, power: PowerEstimate, decision: Decision
    ) -> dict[str, Signals]:
        held = self._held()
        return {
            limit.name: Signals(
                ratio=_ratio(limit.projected_w(power.power_w), limit.target_w),
                masked=masked(limit, self._spec.mask_ns),
                needed=limit.name in decision.need_w,
                short=limit.name in decision.short,
                held=limit.name in held,
                passed=limit.base_w_low > limit.target_w,
            )
            for limit in scene.limits
        }

    def _held(self) -> set[str]:
        """Limits for which automation holds loads off."""
        return {
            load.state.limit
            for load in self._loads
            if not load.state.on and not load.absorbs and load.state.override is None
        }

    def _of_instant(self, ratio: float, decision: Decision) -> Signals:
        return Signals(
            ratio=ratio,
            masked=False,
            needed=self._state.emergency,
            short=INSTANT in decision.short,
            held=INSTANT in self._held(),
            passed=False,
        )


def _ratio(projected_w: float, target_w: float) -> float:
    """Projection over target; a target of nothing is passed by any projection above nothing."""
    if target_w > 0.0:
        return projected_w / target_w
    return float("inf") if projected_w > 0.0 else 0.0
