"""The suite's driver for processes: two gateways in namespaces, as :mod:`hil.pair` has them.

It translates the suite's words into orders of the pair and adds nothing to them but the self-test.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hil.boottime import boottime_ns
from hil.lifetime import Undertaking
from hil.network.network import Network
from hil.pair import Pair
from hil.suite import process_check
from hil.suite.ability import Ability, BenchClass
from hil.suite.field_words import FieldLine, FieldPlant, FieldPulses
from hil.suite.process_gateway import ProcessGateway
from hil.suite.protocol import ChannelCheck, Description
from hil.waiting import DEADLINE_S
from hil.witness import Witness
from hil.works import Works

_ABILITIES = frozenset(Ability) - {
    Ability.OWN_KERNEL,
    Ability.SERVICES,
    Ability.BARE,
    Ability.POWER_KEY,
    Ability.USB_SWITCHED,
}
_Seen = TypeVar("_Seen")


class ProcessBench(Undertaking):
    """Enter it to have all that is up without the gateways' software. `pair` is for tests that go
    deeper than the suite's words.
    """

    def __init__(self, works: Works | None = None, *, seed: int = 1) -> None:
        super().__init__()
        self.pair = Pair(works, seed=seed)

    def _begin(self) -> None:
        pair = self._ends.enter_context(self.pair)
        self.gateways = {
            unit: ProcessGateway(gateway, pair.hub) for unit, gateway in pair.gateways.items()
        }
        self.plant = FieldPlant(pair)
        self.pulses = FieldPulses(pair)
        self.line = FieldLine(pair)
        self.links: Network = pair.network

    @property
    def abilities(self) -> frozenset[Ability]:
        if self.pair.works.enable_lines:
            return _ABILITIES
        return _ABILITIES - {Ability.ENABLE_LINES}

    @property
    def description(self) -> Description:
        servers = ", ".join(sorted(set(self.pair.meter_servers.values())))
        return Description(
            BenchClass.PROCESS,
            "two gateways as processes in namespaces, one paced RS-485 line, GPIO and watchdog"
            f" by a preload library, meters by {servers}",
            {"kernel": platform.release(), "Python": platform.python_version()},
        )

    def now_ns(self) -> int:
        return boottime_ns()

    def witness(self) -> Witness:
        return self.pair.witness()

    def wait(
        self, what: str, look: Callable[[], _Seen | None], within_s: float = DEADLINE_S
    ) -> _Seen:
        return self.pair.wait(what, look, within_s)

    def self_test(self) -> list[ChannelCheck]:
        return process_check.check(self.pair)

    def start(self) -> None:
        for gateway in self.gateways.values():
            gateway.power_on()

    def renew(self) -> None:
        """Nothing of it wears out."""

    def keep(self, folder: Path) -> None:
        self.pair.keep(folder)
