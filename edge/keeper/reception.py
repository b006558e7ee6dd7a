"""Answers what is asked at the desk: the picture, or an order judged, given on and audited.

It decides whose order it is and whether it would do harm; it carries nothing out itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from edge.keeper.archive import Archive
from edge.keeper.asker import Asker
from edge.keeper.audit import audit_event
from edge.keeper.duty import carried_to, judge, role_word
from edge.keeper.guarding import Guarding
from edge.keeper.identifying import Identifying
from edge.keeper.link import StatusRecord
from edge.keeper.orders import order_of
from edge.keeper.planning import Planning
from edge.keeper.plans import PlanFile
from edge.keeper.requests import (
    Answer,
    AskDrill,
    AskHandover,
    AskIdentify,
    AskMaintenance,
    AskPlanImport,
    AskStatus,
    AskStop,
    Identity,
    PowerRequest,
    Request,
    StopRequest,
    TellOutcome,
    TwinRequest,
)
from edge.keeper.stopping import judge_drill, judge_stop
from edge.keeper.wording import told
from edge.model.healing import HealingStatus
from edge.model.order import Order, TwinOrder
from edge.model.spec import ControlSpec
from edge.model.twin_status import TwinStatus

_NO_SCAN: Final = Answer(ok=False, text="no scan has been completed yet; try again")
_ROOT_ALONE: Final = Answer(
    ok=False, text="outcome: got another user, need root or the service; not noted"
)


class Reception:
    """`give`: an order to the control process, False where it takes none now. `give_plans`: plans
    that were accepted go on at once.
    """

    def __init__(
        self,
        identity: Identity,
        spec: ControlSpec,
        archive: Archive,
        planning: Planning,
        guarding: Guarding,
        identifying: Identifying,
        give: Callable[[Order | TwinOrder], bool],
        give_plans: Callable[[], None],
    ) -> None:
        self._identity = identity
        self._spec = spec
        self._archive = archive
        self._planning = planning
        self._guarding = guarding
        self._identifying = identifying
        self._give = give
        self._give_plans = give_plans
        self._status: StatusRecord | None = None
        self._status_mono_ns = 0
        self._healing: tuple[HealingStatus, ...] = ()

    def take_healing(self, healing: tuple[HealingStatus, ...]) -> None:
        """The lines that are being healed now."""
        self._healing = healing

    def take_status(self, status: StatusRecord) -> None:
        """The newest picture, by which everything is judged from now on."""
        self._status = status
        self._status_mono_ns = now_mono_ns()
        self._guarding.take(status.twin, self._status_mono_ns)
        self._identifying.take_picture(status.twin, self._status_mono_ns)

    def answer(self, asker: Asker, request: Request) -> Answer:
        if isinstance(request, AskStatus):
            return self._answer_status()
        if isinstance(request, AskHandover | AskMaintenance):
            answer = self._give_twin_order(asker, request)
        elif isinstance(request, AskIdentify):
            answer = self._identify(asker, request)
        elif isinstance(request, AskStop | AskDrill | TellOutcome):
            answer = self._judge_stop(asker, request)
        else:
            answer = self._give_power_order(asker, request)
        self._archive.note(audit_event(asker, request, answer, now_mono_ns(), time.time_ns()))
        return answer

    def _give_twin_order(self, asker: Asker, request: TwinRequest) -> Answer:
        if self._status is None:
            return _NO_SCAN
        order = judge(request, self._status.twin, self._identity.version, asker.user)
        return order if isinstance(order, Answer) else self._give_order(order, "")

    def _identify(self, asker: Asker, request: AskIdentify) -> Answer:
        if self._status is None:
            return _NO_SCAN
        twin = self._status.twin
        order = self._identifying.judge(request, twin, asker.user, now_mono_ns())
        asked = f"{request.unit} is asked over the link to blink for {request.duration_s} s"
        return order if isinstance(order, Answer) else self._give_order(order, asked)

    def _judge_stop(self, asker: Asker, request: StopRequest) -> Answer:
        """Root's programs do the rest; the duty is handed over from here."""
        if isinstance(request, TellOutcome):
            return Answer(ok=True) if asker.uid in {0, os.getuid()} else _ROOT_ALONE
        newest = self._status
        if newest is None:
            return _NO_SCAN
        steady_s = self._guarding.steady_s(now_mono_ns())
        if isinstance(request, AskDrill):
            return judge_drill(request, newest.status, newest.twin, self._identity, steady_s)
        grant = judge_stop(request, newest.twin, self._identity, asker.user, steady_s)
        if isinstance(grant, Answer):
            return grant
        forced = f"the site is left without control on purpose: {grant.forced}"
        text = forced if grant.forced else ""
        if grant.order is None:
            return Answer(ok=True, text=text)
        return self._give_order(grant.order, text)

    def _give_power_order(self, asker: Asker, request: PowerRequest | AskPlanImport) -> Answer:
        """Here, or, where the other unit is on duty, by way of this one to that."""
        carried = carried_to(self._status.twin if self._status is not None else None)
        if isinstance(carried, Answer):
            return carried
        carried = f"carried to {carried}, which is on duty" if carried else ""
        if isinstance(request, AskPlanImport):
            file = PlanFile(request.name, request.day, request.data)
            answer = self._planning.take(file, asker.user, now_mono_ns(), time.time_ns())
            self._give_plans()
            told_both = "; ".join(text for text in (answer.text, carried) if text)
            return Answer(ok=True, text=told_both) if answer.ok else answer
        order = order_of(request, self._spec, asker.user)
        if isinstance(order, str):
            return Answer(ok=False, text=told(order))
        return self._give_order(order, carried)

    def _give_order(self, order: Order | TwinOrder, text: str) -> Answer:
        if not self._give(order):
            return Answer(ok=False, text="control process: takes no orders now; try again")
        return Answer(ok=True, text=text)

    def _answer_status(self) -> Answer:
        newest = self._status
        if newest is None:
            return _NO_SCAN
        return Answer(
            ok=True,
            identity=_in_role(self._identity, newest.twin),
            status=newest.status,
            twin=newest.twin,
            health=newest.health,
            healing=self._healing,
            age_s=(now_mono_ns() - self._status_mono_ns) / 1e9,
        )


def _in_role(identity: Identity, twin: TwinStatus | None) -> Identity:
    """The setup knows the role of a unit that has no peer."""
    return identity if twin is None else replace(identity, role=role_word(twin))


def now_mono_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
