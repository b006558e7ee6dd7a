"""Which driver a run is on, and why it can not be: each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from hil.suite.ability import BenchClass
from hil.suite.stage import Driver
from hil.works import Works


class Chosen(msgspec.Struct, frozen=True):
    """By the command line. `image`: folder of the machine's image; `rig`: file of the table."""

    bench: BenchClass
    image: Path | None = None
    rig: Path | None = None


def maker(chosen: Chosen, say: Callable[[str], None]) -> Callable[[Works], Driver]:
    """`say` is told of steps that take time. Raises ImportError where a driver is not installed."""
    match chosen.bench:
        case BenchClass.PROCESS:
            from hil.suite.process_bench import ProcessBench

            return ProcessBench
        case BenchClass.MACHINE:
            from hil.machine.bare_bench import BareBench
            from hil.machine.bench import MachineBench
            from hil.machine.boot_image import BARE, FOLDER, read_image

            folder = chosen.image or FOLDER
            image = read_image(folder)

            def make(works: Works) -> Driver:
                if works.bare:
                    return BareBench(works, folder / BARE, say=say)
                return MachineBench(works, image=image, say=say)

            return make
        case BenchClass.RIG:
            from hil.rig.bench import RigBench

            assert chosen.rig is not None, "--bench=rig needs --bench-rig=FILE"
            rig = chosen.rig
            return lambda works: RigBench(works, rig)


def reason_to_skip(chosen: Chosen) -> str:
    """Why no scenario can run on this bench here, for people; empty: they can."""
    why = _reason(chosen)
    return f"{chosen.bench} bench: {why}" if why else ""


def _reason(chosen: Chosen) -> str:
    match chosen.bench:
        case BenchClass.PROCESS:
            from hil.network import space

            return space.reason_to_skip()
        case BenchClass.MACHINE:
            from hil.machine import boot_image

            return boot_image.reason_to_skip(chosen.image or boot_image.FOLDER)
        case BenchClass.RIG:
            return "" if chosen.rig is not None else "which table? give --bench-rig=FILE"
