"""A guest that has booted once, saved with all of its memory: a pair goes on from it in seconds.

It is kept beside the image and made anew when the image, QEMU or the machine's hardware is another.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hil.machine.agent import Agent
from hil.machine.boot_image import BootImage
from hil.machine.command_line import Card, Connections, command_line
from hil.machine.disk import make_overlay
from hil.machine.emulator import Emulator, read_version
from hil.machine.guest_paths import GUEST

_BOOT_S_MAX: Final = 240.0
_WARM_S_MAX: Final = 120.0
_NOWHERE: Final = Path("/nowhere")
_CARDS_COUNT: Final = 2
# What a start of the service needs is then in memory: modules of kernel and product.
_WARM: Final = f"""
modprobe -a gpio_virtio ftdi_sio
systemctl is-system-running --wait
{GUEST.python} -c 'import edge.app.__main__, edge.bus, edge.keeper, edge.cli' 2>&1
sync
"""


def saved_disk(image: BootImage, folder: Path, say: Callable[[str], None]) -> Path:
    """The disk with the saved state, from which every machine takes its own copy. Raises
    TimeoutError when the guest does not boot.
    """
    disk = folder / f"saved-{_key(image)}.qcow2"
    if disk.exists():
        return disk
    for old in folder.glob("saved-*.qcow2"):
        old.unlink()
    say("saved state: booting once")
    with tempfile.TemporaryDirectory(prefix="denban-save-") as work:
        made = _make(image, Path(work))
        shutil.copyfile(made, disk.with_suffix(".part"))
    disk.with_suffix(".part").rename(disk)
    return disk


def _connections(folder: Path) -> Connections:
    cards = [
        Card(f"02:4d:00:00:{place:02x}:00", folder / f"net{place}", _NOWHERE)
        for place in range(_CARDS_COUNT)
    ]
    return Connections(_NOWHERE, _NOWHERE, tuple(cards))


def _key(image: BootImage) -> str:
    connections = _connections(_NOWHERE)
    files = image.files(_NOWHERE, connections, [""] * _CARDS_COUNT, "")
    words = command_line(files, connections, _NOWHERE, _NOWHERE)
    said = "\0".join([image.key, read_version(), _WARM, *words])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _make(image: BootImage, folder: Path) -> Path:
    disk = folder / "disk.qcow2"
    make_overlay(image.root, disk)
    connections = _connections(folder)
    files = image.files(disk, connections, ["10.77.1.9", "10.77.2.9"], "denban")
    emulator = Emulator(files, connections, folder)
    emulator.prepare_bare()
    agent = Agent(folder / "agent")
    try:
        emulator.power_on()
        agent.knock(_BOOT_S_MAX)
        agent.shell(_WARM, _WARM_S_MAX)
        agent.close()
        emulator.save_state()
    except TimeoutError as error:
        raise TimeoutError(f"{error}\n{emulator.log_text()}") from error
    finally:
        agent.close()
        emulator.power_off()
    return disk
