"""Events of moves, stages and the lost policy: the numbers behind "why did relay 3 move at
13:42:07?".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from edge.core.shedding.loads import Load
from edge.core.shedding.reason import MoveReason
from edge.core.shedding.scene import INSTANT, Scene
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.outlook import LimitOutlook
from edge.model.spec import SheddingSpec
from edge.model.status import Stage
from edge.model.units import NS_PER_S, W_PER_KW

STAGE_SEVERITY: Final = {
    Stage.NORMAL: Severity.INFO,
    Stage.CAUTION: Severity.WARNING,
    Stage.SHED: Severity.WARNING,
    Stage.LIMIT: Severity.ALARM,
    Stage.OVER: Severity.ALARM,
}


def binding_limit(scene: Scene) -> LimitOutlook | None:
    """The limit that is nearest to being passed, or furthest past."""
    power = scene.power
    if power is None or not scene.limits:
        return None
    return max(scene.limits, key=lambda x: x.projected_w(power.power_w) - x.target_w)


def situation(
    scene: Scene, spec: SheddingSpec, loads: Sequence[Load], limit_name: str
) -> dict[str, Fact]:
    """Projection, target, adjustable power and time left of the limit named, or of the binding one.

    Adjustable power diverges as an interval ends: it is cut off at what could be shed, and None
    where it is without bound upwards. Of the instant limit, the projection is power itself.
    """
    if limit_name == INSTANT:
        return _instant_situation(scene, spec)
    named = [limit for limit in scene.limits if limit.name == limit_name]
    limit = named[0] if named else binding_limit(scene)
    if limit is None or scene.power is None:
        return _facts(limit.name if limit else None, None, None, None, None)
    projected_w = limit.projected_w(scene.power.power_w)
    sheddable_w = sum(load.counted_w(scene.now_mono_ns, scene.power_w_max) for load in loads)
    adjustable_w = max(limit.adjustable_w(projected_w), -sheddable_w)
    return _facts(
        limit.name,
        projected_w,
        limit.target_w,
        adjustable_w if math.isfinite(adjustable_w) else None,
        limit.remaining_ns / NS_PER_S,
    )


def _instant_situation(scene: Scene, spec: SheddingSpec) -> dict[str, Fact]:
    assert scene.measured_w is not None
    assert spec.instant_limit_w is not None
    adjustable_w = spec.instant_limit_w - scene.measured_w
    return _facts(INSTANT, scene.measured_w, spec.instant_limit_w, adjustable_w, None)


def _facts(
    limit: str | None,
    projected_w: float | None,
    target_w: float | None,
    adjustable_w: float | None,
    remaining_s: float | None,
) -> dict[str, Fact]:
    return {
        "limit": limit,
        "projected_kw": None if projected_w is None else projected_w / W_PER_KW,
        "target_kw": None if target_w is None else target_w / W_PER_KW,
        "adjustable_kw": None if adjustable_w is None else adjustable_w / W_PER_KW,
        "remaining_s": remaining_s,
    }


def move_event(
    scene: Scene, load: Load, load_w: float, reason: MoveReason, facts: dict[str, Fact]
) -> Event:
    """One relay moved; `load` already has its new command, `load_w` goes or comes with it."""
    return Event(
        scene.now_mono_ns,
        scene.now_utc_ns,
        EventKind.RELAY,
        load.name,
        Severity.INFO,
        {"shed": load.shed, "reason": reason, "load_kw": load_w / W_PER_KW, **facts},
    )


def stage_event(
    scene: Scene, limit: str, before: Stage, after: Stage, facts: dict[str, Fact]
) -> Event:
    """A limit changed its stage; `cleared` when it is back to normal."""
    return Event(
        scene.now_mono_ns,
        scene.now_utc_ns,
        EventKind.STAGE,
        limit,
        STAGE_SEVERITY[after],
        {
            "from": before.name.lower(),
            "to": after.name.lower(),
            "cleared": after is Stage.NORMAL,
            **facts,
        },
    )


def lost_event(scene: Scene, spec: SheddingSpec, active: bool) -> Event:
    """The lost policy came into force, or metering is back."""
    since_mono_ns = scene.lost_since_mono_ns
    lost_s = None if since_mono_ns is None else (scene.now_mono_ns - since_mono_ns) / NS_PER_S
    return Event(
        scene.now_mono_ns,
        scene.now_utc_ns,
        EventKind.SOURCE,
        "lost_policy",
        Severity.ALARM if active else Severity.INFO,
        {"policy": spec.lost_policy, "lost_s": lost_s, "cleared": not active},
    )
