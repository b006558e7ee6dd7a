"""The pair on the stage: who is on duty by the units' own answers, and what is done to them.

Each deed hits the unit on duty and is kept as a change for the witness to judge.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any, Final

from hil.boottime import boottime_ns
from hil.demo.changes import Change, Deed
from hil.demo.namespaces import is_user_namespace
from hil.demo.picture import UnitRow
from hil.gateway import Gateway
from hil.pair import Pair

BOOTS_AFTER_S: Final = 8.0
_NS_PER_S: Final = 1_000_000_000
# As `denban status` shows them.
_SHAPES: Final = {
    "active": "■", "yield": "■", "standby": "□", "alone": "▲", "claim": "◆", "maintenance": "○",
}  # fmt: skip
_UNSETTLED: Final = "◇"
_FAULT: Final = "×"


class Stage:
    """`pair` is entered; call :meth:`look` before anything is asked of what was seen."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.begin_ns = boottime_ns()
        self.changes: list[Change] = []
        self.answers: dict[str, dict[str, Any] | None] = {}

    def start(self) -> None:
        """Both, as services would have them."""
        for gateway in self.pair.gateways.values():
            gateway.supervised = True
            gateway.reboots_after_s = BOOTS_AFTER_S
            gateway.start(wait=False)

    def look(self) -> list[str]:
        """Ask both; units that have power again."""
        booted = []
        for unit, gateway in self.pair.gateways.items():
            was_on = is_on(gateway)
            gateway.attend()
            if not was_on and is_on(gateway):
                booted.append(unit)
            self.answers[unit] = gateway.desk.status() if is_on(gateway) else None
        return booted

    @property
    def active(self) -> Gateway | None:
        for unit, answer in self.answers.items():
            if answer and answer["twin"]["role"] == "active":
                return self.pair.gateways[unit]
        return None

    @property
    def is_whole(self) -> bool:
        """One on duty drives the line, and the other one would take over at once."""
        active = self.active
        if active is None or not all(self.answers.values()):
            return False
        twin = self._twin(active.unit)
        standby = self._twin(self.pair.other(active).unit)
        return bool(
            twin["holds_bus"] and twin["peer"]["ready"] and standby.get("role") == "standby"
        )

    @property
    def answer(self) -> dict[str, Any] | None:
        """Of the one on duty, else of whoever answers."""
        active = self.active
        if active is not None:
            return self.answers[active.unit]
        return next((answer for answer in self.answers.values() if answer), None)

    def _twin(self, unit: str) -> dict[str, Any]:
        return (self.answers[unit] or {}).get("twin") or {}

    def row(self, unit: str) -> UnitRow:
        gateway = self.pair.gateways[unit]
        answer = self.answers.get(unit)
        if not is_on(gateway):
            return UnitRow(unit, f"{_FAULT} NO POWER", "", is_fault=True)
        if answer is None:
            return UnitRow(
                unit, f"{_FAULT} NOT UP", "its control process does not answer", is_fault=True
            )
        twin, role = answer["twin"], answer["identity"]["role"]
        mark = f"{_SHAPES.get(role, _UNSETTLED)} {role.upper()}"
        return UnitRow(unit, mark, _does(twin), is_fault=twin["grade"] != "fit")

    # Deeds.

    def kill(self) -> str:
        """SIGKILL to the control process on duty."""
        return self._do("kill", lambda old, _new: os.kill(old.control_pid, signal.SIGKILL))

    def cut_power(self) -> str:
        """Of the machine on duty; it boots again by and by."""
        return self._do("power", lambda old, _new: old.cut_power())

    def hand_over(self) -> str:
        """By the product's own command, at the standby."""
        return self._do(
            "handover", lambda _old, new: new.command("handover", new.unit, "--yes", new.unit)
        )

    def _do(self, deed: Deed, action: Callable[[Gateway, Gateway], object]) -> str:
        old = self.active
        if old is None or not self.is_whole:
            return "not done, nobody would take over now"
        new = self.pair.other(old)
        at_ns = boottime_ns()
        told = _TOLD[deed](old, new)
        action(old, new)
        if deed != "handover" and is_user_namespace():
            _renew_port(old)
        at_s = (at_ns - self.begin_ns) / _NS_PER_S
        self.changes.append(Change(deed, at_s, at_ns, old.unit, new.unit))
        return told

    def override_at_standby(self, load: str, duration_s: int) -> str:
        active = self.active
        assert active is not None, "asked of a whole pair only"
        standby = self.pair.other(active)
        answer = standby.desk.override(load, "shed", duration_s)
        return f"at {standby.unit}" + ("" if answer["ok"] else f", refused: {answer['text']}")


_TOLD: Final[dict[Deed, Callable[[Gateway, Gateway], str]]] = {
    "kill": lambda old, _new: f"{old.unit}, process {old.control_pid}",
    "power": lambda old, _new: f"{old.unit}, everything in it ends at once",
    "handover": lambda _old, new: f"denban handover {new.unit}",
}


def _renew_port(gateway: Gateway) -> None:
    """A terminal that its user has kept for itself stays so while the bench holds its other end,
    and without root it could not be opened again: a new device takes its place.
    """
    gateway.faults.pull_adapter(on=True)
    gateway.faults.pull_adapter(on=False)


def is_on(gateway: Gateway) -> bool:
    return gateway.machine is not None and gateway.machine.is_on


def _does(twin: dict[str, Any]) -> str:
    line = "polls" if twin["holds_bus"] else "listens"
    relays = {"own": "decides", "follow": "mirrors relays", "hold": "holds relays"}
    paths = sum(path["ok"] for path in twin["paths"])
    return (
        f"{line}, {relays.get(twin['mirror'], 'sheds nothing')}; epoch {twin['epoch']};"
        f" peer on {paths} of {len(twin['paths'])} paths"
    )
