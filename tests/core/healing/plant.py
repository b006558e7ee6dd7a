"""A unit with a silent line, turned a second at a time."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from edge.core.healing.healing import Healing
from edge.model.healing import (
    HealingInputs,
    HealingMemory,
    HealingOutputs,
    HelperResult,
    LineFacts,
    PairFacts,
    Rung,
)
from edge.model.scan import BusCondition
from edge.model.units import NS_PER_HOUR, NS_PER_S

PORT = "/dev/serial/by-path/pci-0000:01:00.0-usb-0:1.2:1.0-port0"
OTHER_PORT = "/dev/serial/by-path/pci-0000:01:00.0-usb-0:1.3:1.0-port0"
UTC_NS = 1_800_000_000 * NS_PER_S
# Long enough since the boot for every rung.
UP_NS = 10 * NS_PER_HOUR

ACTIVE = PairFacts(
    on_duty=True,
    holds_bus=True,
    bus_lost=False,
    peer="EG-MINAMI",
    peer_heard=True,
    peer_ready=True,
    peer_on_duty=False,
    peer_holds_bus=False,
    peer_impaired=False,
)
STANDBY = replace(
    ACTIVE,
    on_duty=False,
    holds_bus=False,
    peer_ready=False,
    peer_on_duty=True,
    peer_holds_bus=True,
)
SILENT = LineFacts("main", PORT, BusCondition.NO_METER_ANSWERS, leased=True)
SOUND = LineFacts("main", PORT, BusCondition.OK, leased=True)
OTHER = replace(SOUND, line="other", port=OTHER_PORT)
LOST = replace(SOUND, condition=BusCondition.PORT_LOST)
DEAF = replace(SOUND, leased=False)
GENTLE = [Rung.REOPEN, Rung.RESET, Rung.AUTHORIZE, Rung.REBIND]
TWIN = "handover to EG-MINAMI"


class Unit:
    """`lines` and `pair` are as the test sets them; the root program answers as `answer` says."""

    def __init__(self, *lines: LineFacts, pair: PairFacts | None = None, **given: Any) -> None:
        self.lines = {line.line: line for line in lines}
        self.pair = pair
        self.memory: HealingMemory = given.get("memory") or HealingMemory()
        self.boot_id: str = given.get("boot_id", "boot")
        self.now_mono_ns: int = given.get("up_ns", UP_NS)
        self.utc_ns: int = given.get("utc_ns", UTC_NS)
        self.gone: set[str] = set()
        self.can_note = True
        self.answers: dict[Rung, tuple[bool, str]] = {}
        self.is_dumb = False
        self.healing = Healing(self.memory, "a")
        self.told: list[tuple[str, int | None, str]] = []
        self.whys: list[str] = []
        self.done: list[Rung | str] = []
        self._result: HelperResult | None = None
        self.outputs = HealingOutputs()

    def turn(self, seconds: int = 1) -> HealingOutputs:
        for _ in range(seconds):
            self._turn()
        return self.outputs

    def turn_until(self, rung: Rung | str, seconds_max: int = 600) -> None:
        """Until it is asked for; fails where it is not in time."""
        for _ in range(seconds_max):
            self._turn()
            if self.done and self.done[-1] == rung:
                return
        raise AssertionError(f"{rung!r} was not asked for: {self.done}")

    def later(self, hours: int) -> None:
        """Nothing is looked at for so long."""
        self.now_mono_ns += hours * NS_PER_HOUR
        self.utc_ns += hours * NS_PER_HOUR

    def reply(self, line: str = "main") -> None:
        """A valid reply comes now; the line works."""
        self.lines[line] = replace(
            self.lines[line], condition=BusCondition.OK, replied_mono_ns=self.now_mono_ns
        )

    def _turn(self) -> None:
        self.now_mono_ns += NS_PER_S
        self.utc_ns += NS_PER_S
        result, self._result = self._result, None
        outputs = self.outputs = self.healing.step(
            HealingInputs(
                self.now_mono_ns,
                self.utc_ns,
                self.boot_id,
                tuple(self.lines.values()),
                frozenset(set(self.lines) - self.gone),
                self.pair,
                result,
                self.can_note,
            )
        )
        self.told += [(note.outcome, note.step, note.line) for note in outputs.notes]
        self.whys += [note.why for note in outputs.notes]
        if outputs.reopen:
            self.done.append(Rung.REOPEN)
        if outputs.handover_to:
            self.done.append(f"handover to {outputs.handover_to}")
        if outputs.request is not None:
            request = outputs.request
            self.done.append(request.rung)
            ok, text = self.answers.get(request.rung, (True, "done"))
            if not self.is_dumb:
                self._result = HelperResult(request.id, request.rung, ok, text, 5)
