"""One scan of shedding: what is seen, what automation wishes, what operators hold, what the
interlock allows.

Everything that it knows between scans is in SheddingState, so a restart or the twin continues it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from edge.core.shedding import override
from edge.core.shedding.decision import Automation
from edge.core.shedding.fault import announce, present_fault
from edge.core.shedding.interlock import permit
from edge.core.shedding.loads import Load, first_state
from edge.core.shedding.picture import load_status
from edge.core.shedding.reason import MoveReason, Why
from edge.core.shedding.record import lost_event, move_event, situation
from edge.core.shedding.response import Response
from edge.core.shedding.scene import Decision, Scene, Wish
from edge.core.shedding.stages import Stages
from edge.core.shedding.state import SheddingState
from edge.model.event import Event
from edge.model.order import Order, Override, OverrideMode
from edge.model.outlook import LimitOutlook, LocalMoment, PowerEstimate
from edge.model.scan import FeedbackSample, RelayCommand
from edge.model.spec import SheddingSpec
from edge.model.status import LoadStatus, Stage
from edge.model.twin import RelayState


class SheddingStep(Struct, frozen=True):
    """Outcome of one scan. `relays` are in site-file order.

    `why` is a code of reason.Why, followed by the limits in need: ``shedding:demand``.
    `alarms_active` are codes: ``stage:<limit>:<stage>``, ``load:<name>:<fault>``,
    ``override_run:<load>`` (kept on by hand while shedding falls short) and ``lost_policy``.
    """

    relays: tuple[RelayCommand, ...]
    stage: Stage
    why: str
    alarms_active: tuple[str, ...]
    events: list[Event]


class Shedding:
    """Holds power under every limit by switching loads. `state` is continued, in place."""

    def __init__(self, spec: SheddingSpec, state: SheddingState) -> None:
        self._spec = spec
        self._state = state
        state.loads = {x.name: state.loads.get(x.name) or first_state(x) for x in spec.loads}
        self._loads = tuple(
            Load(index, x, state.loads[x.name], spec.settle_ns)
            for index, x in enumerate(spec.loads)
        )
        self._by_name = {load.name: load for load in self._loads}
        turns = [(x.group, x.priority) for x in spec.loads if x.group]
        for load in self._loads:
            load.rotates = turns.count((load.spec.group, load.spec.priority)) > 1
        self._automation = Automation(spec, self._loads, state)
        self._response = Response(spec.settle_ns, self._by_name, state)
        self._stages = Stages(spec, self._loads, state)
        self._local: LocalMoment | None = None
        self._relays = self._commands()

    @property
    def relays(self) -> tuple[RelayCommand, ...]:
        """The commands in force; before the first step those of the state that is continued."""
        return self._relays

    def relay_states(self, now_mono_ns: int) -> tuple[RelayState, ...]:
        """The commands in force with their ages, in site-file order."""
        return tuple(
            RelayState(load.shed, now_mono_ns - (load.state.since_mono_ns or now_mono_ns))
            for load in self._loads
        )

    def step(
        self,
        now_mono_ns: int,
        now_utc_ns: int,
        local: LocalMoment,
        limits: tuple[LimitOutlook, ...],
        power: PowerEstimate | None,
        lost_since_mono_ns: int | None,
        measured_w: float | None,
        feedbacks: tuple[FeedbackSample, ...],
        orders: tuple[Order, ...],
        relay_faults: tuple[str, ...],
    ) -> SheddingStep:
        """Decide one scan.

        `power` is the estimate behind the projections, `measured_w` the newest power register (for
        the instant limit; the estimate serves where it is None). `relay_faults` names loads whose
        output cannot be trusted. Orders other than Override are not for shedding and are passed
        over.
        """
        if measured_w is None and power is not None:
            measured_w = power.power_w
        scene = Scene(now_mono_ns, now_utc_ns, limits, power, measured_w, lost_since_mono_ns)
        self._look(now_mono_ns, local, feedbacks, relay_faults)
        events = self._take_orders(scene, orders)
        self._response.close_probe(scene)
        self._watch_instant(measured_w)
        decision = self._automation.decide(scene)
        events += self._watch_lost(scene, decision)
        events += self._move(scene, decision)
        events += self._stages.step(scene, decision)
        stage = self._stages.worst()
        events += self._watch_loads(scene, stage)
        return SheddingStep(self._relays, stage, _why(decision), tuple(self._alarms()), events)

    def status(self, now_mono_ns: int) -> tuple[LoadStatus, ...]:
        """Every load for people, in site-file order."""
        emergency = self._state.emergency
        return tuple(load_status(load, now_mono_ns, emergency) for load in self._loads)

    # What comes in.

    def _look(
        self,
        now_mono_ns: int,
        local: LocalMoment,
        feedbacks: tuple[FeedbackSample, ...],
        relay_faults: tuple[str, ...],
    ) -> None:
        for feedback in feedbacks:
            self._by_name[feedback.load].see_contact(feedback.closed, now_mono_ns)
        new_second = local != self._local
        self._local = local
        for load in self._loads:
            load.relay_fault = load.name in relay_faults
            if load.state.since_mono_ns is None:
                load.state.since_mono_ns = now_mono_ns
            if new_second:
                load.look(local)

    def _take_orders(self, scene: Scene, orders: tuple[Order, ...]) -> list[Event]:
        now_mono_ns, now_utc_ns = scene.now_mono_ns, scene.now_utc_ns
        events = override.expire(self._loads, now_mono_ns, now_utc_ns)
        for order in orders:
            if isinstance(order, Override):
                events.append(override.take(order, self._by_name, now_mono_ns, now_utc_ns))
        return events

    def _watch_instant(self, measured_w: float | None) -> None:
        """Latch: passed above the limit, over only below the release level, unchanged while
        unknown.
        """
        limit_w = self._spec.instant_limit_w
        if limit_w is None or measured_w is None:
            return
        if measured_w > limit_w:
            self._state.emergency = True
        elif measured_w < limit_w * self._spec.instant_release_ratio:
            self._state.emergency = False

    def _watch_lost(self, scene: Scene, decision: Decision) -> list[Event]:
        state = self._state
        active = decision.why is Why.LOST_POLICY
        if active:
            # Nobody can see the end of an emergency now, and it would suspend max shed for ever.
            state.emergency = False
        lost = scene.lost_since_mono_ns is not None
        if active == state.lost_policy_active or (lost and not active):
            return []
        state.lost_policy_active = active
        return [lost_event(scene, self._spec, active)]

    # What goes out.

    def _move(self, scene: Scene, decision: Decision) -> list[Event]:
        """Pass every wish through override and interlock; carry out what is left of them."""
        wishes = {wish.load.index: wish for wish in decision.wishes}
        emergency = self._state.emergency
        moves = []
        for load in self._loads:
            wish = _by_hand(load) or wishes.get(load.index)
            if wish is None and load.state.on:
                continue
            on = load.state.on if wish is None else wish.on
            wished_for = MoveReason.SAFE if wish is None else wish.reason
            on, reason = permit(load, on, wished_for, scene.now_mono_ns, emergency)
            if on is not load.state.on:
                moves.append(Wish(load, on, reason, "" if wish is None else wish.limit))
        return self._carry_out(scene, moves) if moves else []

    def _carry_out(self, scene: Scene, moves: list[Wish]) -> list[Event]:
        powers_w = [
            move.load.state.learned_w
            if move.on
            else move.load.counted_w(scene.now_mono_ns, scene.power_w_max)
            for move in moves
        ]
        self._response.expect(scene, moves, powers_w)
        # All facts first: they tell the situation that led to the moves.
        facts = [situation(scene, self._spec, self._loads, move.limit) for move in moves]
        events = []
        for move, power_w, fact in zip(moves, powers_w, facts, strict=True):
            move.load.move(move.on, scene.now_mono_ns, move.reason, move.limit)
            events.append(move_event(scene, move.load, power_w, move.reason, fact))
        self._relays = self._commands()
        return events

    def _commands(self) -> tuple[RelayCommand, ...]:
        return tuple(RelayCommand(load.name, load.shed) for load in self._loads)

    def _watch_loads(self, scene: Scene, stage: Stage) -> list[Event]:
        """Faults that came or went, and loads kept on by hand while everything else is shed."""
        now_mono_ns, now_utc_ns = scene.now_mono_ns, scene.now_utc_ns
        events = []
        for load in self._loads:
            fault = present_fault(load, now_mono_ns)
            if fault is not load.state.fault:
                events.append(announce(load, fault, now_mono_ns, now_utc_ns))
            alarm = override.alarms(load, stage)
            if alarm is not load.state.override_alarm:
                events.append(override.announce(load, alarm, stage, now_mono_ns, now_utc_ns))
        return events

    def _alarms(self) -> Iterator[str]:
        for name, stage in self._state.stages.items():
            if stage >= Stage.LIMIT:
                yield f"stage:{name}:{stage.name.lower()}"
        for load in self._loads:
            if load.state.fault is not None:
                yield f"load:{load.name}:{load.state.fault}"
            if load.state.override_alarm:
                yield f"override_run:{load.name}"
        if self._state.lost_policy_active:
            yield "lost_policy"


def _by_hand(load: Load) -> Wish | None:
    """The wish that beats automation: safe value of a faulty output, or operator's override."""
    if load.relay_fault:
        return Wish(load, load.safe_on, MoveReason.SAFE)
    if load.state.override is not None:
        return Wish(load, load.state.override is OverrideMode.RUN, MoveReason.OVERRIDE)
    return None


def _why(decision: Decision) -> str:
    return ":".join((decision.why, *decision.need_w))
