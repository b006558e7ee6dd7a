"""Runs root's helper of healing in an imitation of /, with no pauses and a clock of the test's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from edge.root.heal import Helper
from edge.root.heal_memory import Memory, load_memory
from edge.root.heal_rungs import Rungs
from edge.root.heal_usb import UsbTree
from tests.root.usb_plant import UsbPlant

# A sound write takes a millisecond, on a computer that has time.
WRITE_S = 20.0
HANG_S = 1.0
UP_S = 10 * 3600.0


def run(plant: UsbPlant, write_s_max: float = WRITE_S, **said: Any) -> dict[str, Any]:
    """The result of one request."""
    plant.ask(**said)
    assert helper(plant, write_s_max).run()
    assert not (plant.folder / "request").exists()
    return plant.result()


def helper(plant: UsbPlant, write_s_max: float = WRITE_S) -> Helper:
    tree = UsbTree(plant.root)
    resets = plant.root / "resets"

    def reset(node: Path, number: str) -> None:
        resets.write_text(f"{node.relative_to(plant.root)} {number}")

    rungs = Rungs(tree, off_s=0.0, reset=reset, write_s_max=write_s_max)
    return Helper(plant.root, rungs, tree, os.getuid())


def memory(plant: UsbPlant) -> Memory:
    return load_memory(plant.root / "var/lib/denban-heal/memory.json")


def refused(plant: UsbPlant, **said: Any) -> str:
    result = run(plant, **said)
    assert not result["ok"]
    return str(result["text"])
