"""The bench that runs now, kept from one scenario to the next for as long as it serves both.

One at a time. A bench on which a scenario has failed is thrown away, with its evidence kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import msgspec
from msgspec.structs import replace

from hil.suite.ability import Ability
from hil.suite.protocol import Bench, ChannelCheck, Description
from hil.suite.scene import Scene
from hil.works import Works


class BenchBrokenError(Exception):
    """A channel of the bench itself does not work: whatever the scenarios say is worth nothing."""


class Wanted(msgspec.Struct, frozen=True):
    """What a scenario stands in. `fresh`: no gateway has given the duty up for its health yet."""

    works: Works
    held: tuple[str, ...]
    fresh: bool = False


class Driver(Bench, Protocol):
    """A bench that is up between entering and leaving it. Before that it tells `abilities`, and no
    more.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Stage:
    """`make` gives a bench that is not yet entered."""

    def __init__(self, make: Callable[[Works], Driver]) -> None:
        self._make = make
        self._ends = ExitStack()
        self._scene: Scene | None = None
        self.channels: list[ChannelCheck] = []
        self.description: Description | None = None

    def lacks(self, needs: frozenset[Ability], works: Works) -> list[Ability]:
        return sorted(needs - self._make(works).abilities)

    def scene(self, wanted: Wanted) -> Scene:
        """A pair that runs and is settled or on its way to it. Raises BenchBrokenError."""
        self._refuse_broken()
        if self._scene is None or not _serves(self._scene, wanted):
            self.close()
            self._scene = self._open(wanted)
        self._scene.open()
        return self._scene

    def _open(self, wanted: Wanted) -> Scene:
        driver = self._make(wanted.works)
        asked_ns = driver.now_ns()
        bench = self._ends.enter_context(driver)
        try:
            self.description = bench.description
            self._check(bench)
            bench.start()
            return Scene(bench, wanted.works, wanted.held, asked_ns)
        except BaseException:
            self.close()
            raise

    def _check(self, bench: Bench) -> None:
        """Before anything of the product runs on it; a second time where a channel did not work,
        which a busy computer may do to a bench, and then it is told.
        """
        if self.channels:
            return
        self.channels = bench.self_test()
        if not all(each.ok for each in self.channels):
            again = bench.self_test()
            self.channels = [replace(each, note=f"second try: {each.note}") for each in again]
        self._refuse_broken()

    def _refuse_broken(self) -> None:
        broken = [f"{each.channel}: {each.note}" for each in self.channels if not each.ok]
        if broken:
            raise BenchBrokenError("bench: channels do not work: " + "; ".join(broken))

    def keep(self, folder: Path) -> None:
        """What the present bench has left."""
        if self._scene is not None:
            shutil.rmtree(folder, ignore_errors=True)
            self._scene.bench.keep(folder)

    def close(self) -> None:
        self._scene = None
        self._ends.close()
        self._ends = ExitStack()


def _serves(scene: Scene, wanted: Wanted) -> bool:
    if (scene.works, scene.held) != (wanted.works, wanted.held):
        return False
    return not (wanted.fresh and scene.has_swapped_for_health())
