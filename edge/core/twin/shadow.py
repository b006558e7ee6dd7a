"""The decisions of a unit that is not on duty: what of them is told, and how they compare with what
the unit on duty commands. Moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from edge.core.alarms import AlarmState
from edge.core.controller import Controller
from edge.core.shedding.reason import MoveReason
from edge.core.twin.sync_relays import account
from edge.model.event import Event, EventKind, Severity
from edge.model.scan import AlarmOutputs, RelayCommand, ScanInputs
from edge.model.status import Stage
from edge.model.twin import Account, Beat
from edge.model.units import NS_PER_S, UWH_PER_KWH, energy_uwh

# The peer's state comes once a second and makes both alike for a moment: of a lasting difference
# some scans are missing.
WINDOW_SCANS: Final = 60
DIFFERING_SCANS: Final = 50
ENERGY_NS: Final = 10 * NS_PER_S
CLEAR_NS: Final = 10 * NS_PER_S
# One scan's lag on either side and a slow poll; below it the start of an interval tells nothing.
LAG_NS: Final = NS_PER_S // 2
ENERGY_STEPS: Final = 3
ENERGY_RATIO: Final = 0.01
# Near a threshold two honest estimates may be one stage apart.
STAGES_APART: Final = 1
_ALL: Final = (1 << WINDOW_SCANS) - 1

# What the unit on duty decides and writes down; a shadow's is no history.
_OF_DUTY: Final = frozenset(
    {
        EventKind.RELAY,
        EventKind.STAGE,
        EventKind.LOAD,
        EventKind.OVERRIDE,
        EventKind.LIMIT,
        EventKind.PLAN,
    }
)
_LOST_POLICY: Final = (EventKind.SOURCE, "lost_policy")
_OWN_RELAY: Final = "relay"


def shadow_events(events: Iterable[Event]) -> tuple[Event, ...]:
    """What is told although the peer is on duty: what this unit sees of its own inputs, outputs
    and clocks, and its records of intervals and slots.
    """
    return tuple(event for event in events if _is_own(event))


def moves_of_takeover(
    held: Iterable[RelayCommand], controller: Controller, inputs: ScanInputs
) -> tuple[Event, ...]:
    """Relays that move because `controller` goes on duty and commands what is not in force yet:
    decided by the shadow, or remembered from before the relays were let go.
    """
    shed_before = {command.load: command.shed for command in held}
    return tuple(
        Event(
            inputs.now_mono_ns,
            inputs.now_utc_ns,
            EventKind.RELAY,
            command.load,
            Severity.INFO,
            {"shed": command.shed, "reason": MoveReason.DUTY_BEGINS},
        )
        for command in controller.relays
        if command.shed is not shed_before.get(command.load)
    )


def shadow_lamps(alarms: AlarmState) -> AlarmOutputs:
    """The alarm contacts of a unit that is not on duty: a severe fault of its own, and silent."""
    duty = tuple(f"{kind.value} " for kind in _OF_DUTY)
    lost_policy = " ".join(_LOST_POLICY)
    return AlarmOutputs(
        fault=any(
            alarm.severe and not alarm.name.startswith(duty) and alarm.name != lost_policy
            for alarm in alarms.standing
        )
    )


def _is_own(event: Event) -> bool:
    if event.kind is EventKind.LOAD:
        return event.facts.get("fault") == _OWN_RELAY
    return event.kind not in _OF_DUTY and (event.kind, event.subject) != _LOST_POLICY


class Divergence:
    """Watches whether both units decide alike. Feed it each scan in which the peer is followed."""

    def __init__(self, contract_w: float) -> None:
        self._lag_uwh = energy_uwh(contract_w, LAG_NS)
        self._scans = 0
        self._energy_since_mono_ns: int | None = None
        self._seen_mono_ns = 0
        self._text = ""

    @property
    def text(self) -> str:
        """What differs, with both reasons; empty where both decide alike."""
        return self._text

    @property
    def energy_differs(self) -> bool:
        """Whether the running interval should be taken over whole."""
        return self._text.startswith(_ENERGY)

    def forget(self) -> None:
        """The peer is not followed any more: there is nothing to compare."""
        self._scans, self._energy_since_mono_ns, self._text = 0, None, ""

    def compare(self, controller: Controller, relays: tuple[RelayCommand, ...], peer: Beat) -> None:
        """Take one scan: `relays` are what the shadow would command, `peer` the newest beat."""
        now_mono_ns = controller.now_mono_ns
        stage, _ = controller.verdict
        commands = tuple(command.shed for command in relays)
        differs = commands != tuple(relay.shed for relay in peer.relays) or (
            abs(stage - peer.stage) > STAGES_APART
        )
        self._scans = (self._scans << 1 | differs) & _ALL
        own_account = account(controller.state)
        step_uwh = controller.state.metering.resolution_uwh
        self._watch_energy(now_mono_ns, own_account, peer.account, step_uwh)
        kind = self._kind(now_mono_ns)
        if differs or self._energy_since_mono_ns is not None:
            self._seen_mono_ns = now_mono_ns
        if kind and not self._text.startswith(kind):
            self._text = f"{kind}: {_both(controller, relays, peer)}"
        elif self._text and now_mono_ns - self._seen_mono_ns >= CLEAR_NS:
            self._text = ""

    def _kind(self, now_mono_ns: int) -> str:
        since_mono_ns = self._energy_since_mono_ns
        if since_mono_ns is not None and now_mono_ns - since_mono_ns >= ENERGY_NS:
            return _ENERGY
        return _DECISION if self._scans.bit_count() >= DIFFERING_SCANS else ""

    def _watch_energy(self, now_mono_ns: int, own: Account, peer: Account, step_uwh: int) -> None:
        apart = own.start_utc_ns != peer.start_utc_ns
        if not apart:
            allowed_uwh = max(
                ENERGY_STEPS * step_uwh, ENERGY_RATIO * max(own.import_uwh, peer.import_uwh)
            )
            difference_uwh = abs(own.import_uwh - peer.import_uwh)
            apart = difference_uwh > allowed_uwh + self._lag_uwh
        if not apart or not (own.start_utc_ns and peer.start_utc_ns):
            self._energy_since_mono_ns = None
        elif self._energy_since_mono_ns is None:
            self._energy_since_mono_ns = now_mono_ns


_ENERGY: Final = "energy of the running interval"
_DECISION: Final = "decision"
_STAGE_NAMES: Final = {int(stage): stage.name for stage in Stage}


def _both(controller: Controller, relays: tuple[RelayCommand, ...], peer: Beat) -> str:
    stage, _ = controller.verdict
    own = _side(
        stage, controller.reason(), [r.shed for r in relays], relays, account(controller.state)
    )
    theirs = _side(peer.stage, peer.why, [r.shed for r in peer.relays], relays, peer.account)
    return f"here {own}; at the peer {theirs}"


def _side(
    stage: int,
    reason: str,
    sheds: list[bool],
    relays: tuple[RelayCommand, ...],
    own: Account,
) -> str:
    names = ", ".join(_shed(sheds, relays)) or "nothing"
    energy = own.import_uwh / UWH_PER_KWH
    # Another release may have a stage that this one does not know.
    name = _STAGE_NAMES.get(stage, f"stage {stage}")
    return f"{name}, {names} shed, {energy:.3f} kWh so far ({reason})"


def _shed(sheds: list[bool], relays: tuple[RelayCommand, ...]) -> Iterator[str]:
    for command, shed in zip(relays, sheds, strict=False):
        if shed:
            yield command.load
