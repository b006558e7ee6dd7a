"""A bench that does nothing: what the suite does with one is seen without any process."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, ClassVar, Self

from hil.observer import Log
from hil.suite.ability import Ability, BenchClass
from hil.suite.protocol import ChannelCheck, Description, OwnEvent, Status, Unable
from hil.witness import Witness
from hil.works import UNITS, Works

_S = 1_000_000_000


class FakeGateway:
    """`twin` is what it says of itself, in a scan of this moment."""

    def __init__(self, unit: str, done: list[str], now_ns: Callable[[], int]) -> None:
        self.unit = unit
        self.usb = SimpleNamespace(
            pull=lambda: done.append("pull"), plug=lambda: done.append("plug")
        )
        self.bus = SimpleNamespace(cut=lambda *, on: done.append(f"cut {on}"))
        self.twin: dict[str, Any] = {}
        self.said: list[OwnEvent] = []
        self._done = done
        self._now_ns = now_ns

    def power_on(self) -> None:
        self._done.append(f"{self.unit} on")

    def power_off(self) -> None:
        self._done.append(f"{self.unit} off")

    def crash_kernel(self) -> None:
        raise Unable("fake bench: no kernel")

    def status(self) -> Status | None:
        return Status(self._now_ns(), {"twin": self.twin}) if self.twin else None

    def fresh_events(self) -> list[OwnEvent]:
        fresh, self.said = self.said, []
        return fresh


class FakeBench:
    """`made` has all of them, `done` what was ordered. Each look at the clock takes 10 ms."""

    made: ClassVar[list[FakeBench]] = []
    channels: ClassVar[tuple[ChannelCheck, ...]] = (ChannelCheck("line", ok=True, note="well"),)

    def __init__(self, works: Works) -> None:
        self.works = works
        self.done: list[str] = []
        self.bursts: list[dict[str, Any]] = []
        self.board: list[dict[str, Any]] = []
        ticks = itertools.count(_S, _S // 100)
        self.now_ns: Callable[[], int] = lambda: next(ticks)
        self.gateways = {unit: FakeGateway(unit, self.done, self.now_ns) for unit in UNITS}
        self.plant = self.pulses = self.line = self.links = SimpleNamespace()
        self.abilities = frozenset({Ability.POWER, Ability.USB})
        self.description = Description(BenchClass.PROCESS, "a fake", {"fake": "1"})

    def __enter__(self) -> Self:
        FakeBench.made.append(self)
        self.done.append("enter")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.done.append("exit")

    def self_test(self) -> list[ChannelCheck]:
        self.done.append("self-test")
        return list(self.channels)

    def start(self) -> None:
        self.done.append("start")

    def renew(self) -> None:
        self.done.append("renew")

    def witness(self) -> Witness:
        return Witness(self.bursts, Log(self.board), UNITS)

    def wait(self, what: str, look: Callable[[], Any], within_s: float = 1.0) -> Any:
        """A look each 10 ms, in no time."""
        for _ in range(round(within_s * 100)):
            if seen := look():
                return seen
        raise TimeoutError(what)

    def keep(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "console.log").write_text("last words")
