"""Plan versions: judges what the folder and the desk bring, keeps what it accepts, gives it on.

A plan that is refused changes nothing: the earlier one stays in force, and the reason is said.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from edge.core.demand.plan import read_plan
from edge.core.demand.planbook import PLAN_DAYS_MAX
from edge.keeper.archive import Archive
from edge.keeper.link import Condition
from edge.keeper.plans import PlanFile, PlanFolder
from edge.keeper.requests import Answer
from edge.keeper.wording import plain, told
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.order import FROM_JOURNAL, TakePlan
from edge.model.plan import Plan
from edge.model.problem import Problem, ProblemsError
from edge.model.scan import HealthSample
from edge.model.spec import ControlSpec

_FOLDER = "plan folder"


class Planning:
    """`folder` is None where no plan is held. `give` hands a plan to the control process."""

    def __init__(
        self,
        spec: ControlSpec,
        folder: Path | None,
        archive: Archive,
        give: Callable[[TakePlan], None],
    ) -> None:
        self._spec = spec
        self._path = folder
        self._folder = PlanFolder(folder) if folder is not None else None
        self._archive = archive
        self._give = give
        self._plans: dict[str, Plan] = {}
        self._refused: dict[str, str] = {}
        self._is_recalled = False
        self._trouble = ""

    def recall(self, now_utc_ns: int) -> None:
        """Give the control process the plans of today and later again: it may have lost them.

        To be called until the disk has given them, once; later calls do nothing.
        """
        if self._is_recalled:
            return
        plans = self._archive.plans_since(self._today(now_utc_ns))
        if plans is None:
            return
        self._is_recalled = True
        for plan in plans[-PLAN_DAYS_MAX:]:
            if plan.day not in self._plans:
                self._plans[plan.day] = plan
                self._give(TakePlan(plan, FROM_JOURNAL))

    def poll(self, now_mono_ns: int, now_utc_ns: int) -> None:
        """Take what has come into the folder."""
        if self._folder is None:
            return
        try:
            files = self._folder.poll(self._today(now_utc_ns))
        except OSError as error:
            self._trouble = (
                f"{self._path}: plan folder not read: got {error}; plans that were taken stay in"
                " force; make the folder, or let the service's user read it"
            )
            return
        self._trouble = ""
        self._refused = {n: why for n, why in self._refused.items() if n in self._folder.names}
        for file in files:
            answer = self.take(file, _FOLDER, now_mono_ns, now_utc_ns)
            if answer.ok:
                self._refused.pop(file.name, None)
            else:
                self._refused[file.name] = f"{plain(file.name)}: {answer.text.splitlines()[0]}"

    def take(self, file: PlanFile, who: str, now_mono_ns: int, now_utc_ns: int) -> Answer:
        """Put a plan into force, or say why not; a refusal is an event too."""
        name = plain(file.name)
        try:
            plan, is_new = self._read(file, now_utc_ns)
        except ProblemsError as error:
            refused = told(str(error))
            facts: dict[str, Fact] = {"refused": refused, "by": who}
            self._archive.note(
                Event(now_mono_ns, now_utc_ns, EventKind.PLAN, name, Severity.WARNING, facts)
            )
            return Answer(ok=False, text=refused)
        if not is_new:
            return Answer(ok=True, text=f"{name}: already in force as version {plan.version}")
        self._plans[plan.day] = plan
        self._archive.take_plan(plan, file.data)
        self._give(TakePlan(plan, who))
        return Answer(ok=True, text=f"{name}: in force as version {plan.version}")

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """How the folder is, and the file that was refused, if one lies there."""
        refused = next(iter(self._refused.values()), "")
        return (
            Condition(HealthSample(_FOLDER, severe=False, text=self._trouble)),
            Condition(HealthSample("plan file", severe=False, text=refused)),
        )

    def _read(self, file: PlanFile, now_utc_ns: int) -> tuple[Plan, bool]:
        """The plan, and whether it is another than that in force. Raises ProblemsError."""
        spec = self._spec.plan
        if spec is None:
            raise _refuse("the site holds no plan", next_step="add [plan] to the site file")
        day = _day(file.day)
        known = self._plans.get(day.isoformat())
        plan = read_plan(
            file.data,
            day,
            self._spec.timezone,
            spec,
            now_utc_ns,
            known,
            self._spec.demand.contract_w,
        )
        return plan, plan is not known

    def _today(self, now_utc_ns: int) -> str:
        now = datetime.fromtimestamp(now_utc_ns / 1e9, UTC)
        return now.astimezone(self._spec.timezone).date().isoformat()


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # fromisoformat knows weeks and dates without dashes too: one day has one name here.
    if day is None or day.isoformat() != text:
        raise _refuse("not a day", got=plain(text), need="like 2026-10-01")
    return day


def _refuse(what: str, got: str = "", need: str = "", next_step: str = "") -> ProblemsError:
    return ProblemsError((Problem("plan", what, got, need, "nothing was changed", next_step),))
