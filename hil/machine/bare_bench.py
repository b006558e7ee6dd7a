"""The bench's machines as they come from a shelf: Debian and nothing of the product, whose packages
lie on a card. What makes gateways of them is done by a scenario, by the product's own guide.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from hil.card import CARD
from hil.machine.agent import AgentError
from hil.machine.bench import MachineBench, say_nothing
from hil.machine.boot_image import read_image, reason_to_skip
from hil.machine.command_line import BootFiles, Connections
from hil.machine.commission import host_name, hosts
from hil.machine.gateway import MachineGateway
from hil.suite.ability import Ability
from hil.suite.protocol import ChannelCheck
from hil.works import Works

_STEP_S_MAX: Final = 120.0
# A whole Debian and dpkg: with less, programs are read again and again, and translated each time.
_MEMORY_MIB: Final = 1024
# The most that QEMU takes: an installation fills a fifth of it.
_TRANSLATED_MIB: Final = 2047
# Made of the units' names: the same in every run.
_FAMILY: Final = uuid.UUID("5d0f8a52-7c14-4c5f-9a43-1f8f3c2b6d10")
_COPY: Final = f"""
set -e
mkdir -p {CARD}
mount -o ro /dev/vdb /media
cp /media/*.deb {CARD}
umount /media
echo "127.0.1.1 $(hostname)" >>/etc/hosts
"""


class BareBench(MachineBench):
    """`folder` is that of the second image; without it the bench lacks an ability. The machines
    boot cold, and have a firmware that knows which one they are.
    """

    def __init__(
        self,
        works: Works,
        folder: Path,
        *,
        say: Callable[[str], None] = say_nothing,
    ) -> None:
        is_built = not reason_to_skip(folder)
        super().__init__(works, cold=True, image=read_image(folder) if is_built else None, say=say)
        self._is_built = is_built

    @property
    def abilities(self) -> frozenset[Ability]:
        return super().abilities | ({Ability.BARE} if self._is_built else set())

    def _files(self, unit: str, disk: Path, connections: Connections) -> BootFiles:
        serial = str(uuid.uuid5(_FAMILY, unit))
        files = self._image.files(disk, connections, hosts(unit), host_name(unit), serial)
        return msgspec.structs.replace(
            files, memory_mib=_MEMORY_MIB, translated_mib=_TRANSLATED_MIB
        )

    def _prepare(self, gateway: MachineGateway, key: str) -> None:  # noqa: ARG002 -- none yet
        """As far as a person is with the first boot: clock and name are right, the packages at
        hand in the folder of who logs on.
        """
        gateway.agent.set_clock(time.time_ns())
        said = gateway.shell(_COPY, _STEP_S_MAX)
        if said.code:
            raise AgentError(f"{gateway.unit}: its card: {said.text.strip()}")
        self._say(f"{gateway.unit}: booted")

    def _read_versions(self) -> dict[str, str]:
        """Nothing of the product: that is not there yet."""
        return {"image": self._image.key, "commit": self._image.commit}

    def self_test(self) -> list[ChannelCheck]:
        """The channels are tried by the product's interpreter, elsewhere."""
        return []

    def start(self) -> None:
        """There is nothing to start."""
