"""Relay lines that outlive the process: the service manager holds them over a restart.

So no relay moves by a crash or an upgrade, whatever the kernel does with a dead owner's lines. The
name that a line is kept under carries its safe level, so that edge.app.unmanned can end the hold
where no run comes to command it. See docs/decisions/0017-kept-relay-lines.md.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

from gpiod.line import Value

from edge.adapters.fd_store import FdStore
from edge.adapters.gpiod_pins import GpiodFactory
from edge.adapters.inherited import Inherited
from edge.adapters.line_values import HeldLine
from edge.adapters.output_pin import Device, output_device, output_opener
from edge.config.io import RelayPlan

PREFIX: Final = "relay-"
_WHOLE: Final = 0  # a relay's line is the only one of its request


class KeptRelays:
    """Takes over, claims and has kept the lines of `plans` on the chip of `factory`.

    `found`: for each load whose line was taken over, whether it is shed by it right now.
    """

    def __init__(
        self,
        plans: Sequence[RelayPlan],
        factory: GpiodFactory,
        store: FdStore,
        inherited: Sequence[Inherited],
    ) -> None:
        """Lines in `inherited` that are of no plan go to the safe level that their name says, and
        are given up.
        """
        self._factory = factory
        self._store = store
        self._open_output = output_opener(factory)
        self._names = {plan.pin: _name(plan, factory.chip_path) for plan in plans}
        self._adopted: dict[int, HeldLine] = {}
        self._kept: set[int] = set()
        self.found: Mapping[str, bool] = self._adopt(plans, inherited)

    def open(self, pin: int, *, active_high: bool, value: bool, keep_driven: bool) -> Device:
        """The line as the run before left it, its level untouched; else claimed now. An OpenOutput.

        A line that was lost is claimed anew.
        """
        held = self._adopted.pop(pin, None)
        if held is not None:
            self._kept.add(pin)
            self._factory.pin(pin).adopt_output(held)
            return output_device(self._factory, pin, active_high=active_high)
        name = self._names[pin]
        if pin in self._kept:
            # A copy of the lost line in the store would keep it busy.
            self._kept.remove(pin)
            self._store.forget(name)
        device = self._open_output(
            pin, active_high=active_high, value=value, keep_driven=keep_driven
        )
        self._kept.add(pin)
        self._store.keep(name, (self._factory.pin(pin).fd,))
        return device

    def _adopt(self, plans: Sequence[RelayPlan], inherited: Sequence[Inherited]) -> dict[str, bool]:
        by_stem = {_stem(self._names[plan.pin]): plan for plan in plans}
        found: dict[str, bool] = {}
        for one in inherited:
            held = HeldLine(one.fd)
            plan = by_stem.pop(_stem(one.name), None)
            level = _level(held) if plan is not None else None
            if plan is None or level is None:
                self._give_up(one.name, held)
                continue
            self._adopted[plan.pin] = held
            found[plan.load] = level is plan.shed_level
            name = self._names[plan.pin]
            if one.name != name:  # another safe level since
                self._store.forget(one.name)
                self._store.keep(name, (one.fd,))
        return found

    def _give_up(self, name: str, held: HeldLine) -> None:
        safe_level = name.rpartition("-")[2]
        if safe_level in {"0", "1"}:
            with contextlib.suppress(OSError):  # its chip has gone
                held.set_value(_WHOLE, Value(int(safe_level)))
        held.release()
        if name not in self._names.values():  # else a second copy of one that is in use
            self._store.forget(name)


def is_relay(one: Inherited) -> bool:
    """Whether a descriptor was kept by this module."""
    return one.name.startswith(PREFIX)


def _level(held: HeldLine) -> bool | None:
    """None where the line cannot be read any more."""
    try:
        return held.get_value(_WHOLE) is Value.ACTIVE
    except OSError:
        return None


def _name(plan: RelayPlan, chip_path: str) -> str:
    """Another for each meaning of the line; its end is its safe level (edge.app.unmanned)."""
    meaning = f"{chip_path} {plan.pin} {plan.shed_level}"
    digest = zlib.crc32(meaning.encode())
    return f"{PREFIX}{plan.load}-{digest:08x}-{int(plan.safe_level)}"


def _stem(name: str) -> str:
    return name.rpartition("-")[0]
