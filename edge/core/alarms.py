"""The alarm board: which warnings and alarms stand, and what lamps and buzzer show of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from edge.model.event import Event, EventKind, Severity
from edge.model.order import Acknowledge, Order
from edge.model.scan import AlarmOutputs
from edge.model.status import Stage

# A site of 64 loads and 32 meters stays below it; more would tell a reader nothing.
_STANDING_MAX: Final = 200


class StandingAlarm(Struct):
    """A condition that was raised and has not been cleared. `severe` ones light the fault lamp."""

    name: str
    severe: bool
    acknowledged: bool
    since_mono_ns: int


class AlarmState(Struct):
    """Standing conditions, oldest first; `stage_acknowledged` silences the present stage."""

    standing: list[StandingAlarm] = []
    stage: Stage = Stage.NORMAL
    stage_acknowledged: bool = False


class AlarmBoard:
    """Reads the events of a scan and gives the levels of the alarm contacts."""

    def __init__(self, state: AlarmState) -> None:
        self._state = state

    def step(self, events: Iterable[Event], stage: Stage, orders: Iterable[Order]) -> AlarmOutputs:
        """A stage that rises to SHED or above sounds the buzzer again; a falling one does not."""
        state = self._state
        for event in events:
            self._take(event)
        if stage > state.stage:
            state.stage_acknowledged = False
        state.stage = stage
        for order in orders:
            if isinstance(order, Acknowledge):
                self._acknowledge()
        unheard = any(alarm.severe and not alarm.acknowledged for alarm in state.standing)
        return AlarmOutputs(
            caution=stage >= Stage.CAUTION,
            shed=stage >= Stage.SHED,
            fault=any(alarm.severe for alarm in state.standing),
            buzzer=unheard or (stage >= Stage.LIMIT and not state.stage_acknowledged),
        )

    def names(self) -> tuple[str, ...]:
        """What stands, oldest first."""
        return tuple(alarm.name for alarm in self._state.standing)

    def _take(self, event: Event) -> None:
        # Stages and moves of relays are shown as such; the board is for conditions that are wrong.
        if event.kind in (EventKind.STAGE, EventKind.RELAY, EventKind.INTERVAL_CLOSED):
            return
        name = f"{event.kind.value} {event.subject}"
        standing = self._state.standing
        known = next((alarm for alarm in standing if alarm.name == name), None)
        if event.severity is Severity.INFO:
            if known is not None and event.facts.get("cleared") is True:
                standing.remove(known)
            return
        severe = event.severity is Severity.ALARM
        if known is None:
            standing.append(StandingAlarm(name, severe, False, event.mono_ns))
            if len(standing) > _STANDING_MAX:
                del standing[0]
        elif severe and not known.severe:
            known.severe = True
            known.acknowledged = False

    def _acknowledge(self) -> None:
        """Severe conditions go on standing, silent, until they end; a warning has been seen now."""
        state = self._state
        state.stage_acknowledged = True
        state.standing = [alarm for alarm in state.standing if alarm.severe]
        for alarm in state.standing:
            alarm.acknowledged = True
