"""What a guest is given before its service starts: who it is, its site, its key, the time.

All of it lies on its disk afterwards, so that it boots by itself from then on, as a gateway does.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from hil.machine.agent import Agent, AgentError
from hil.machine.command_line import Connections
from hil.machine.field import PATHS_COUNT
from hil.machine.guest_paths import GUEST
from hil.network.network import TWIN_PORT, address
from hil.site import SitePaths, Twin, write_site
from hil.works import UNITS, Works

_BOARD: Final = f'\n[board]\ngpio_chip = "{GUEST.gpio_chip}"\n'.encode()
_STEP_S_MAX: Final = 60.0


def hosts(unit: str) -> list[str]:
    """The unit's address on each path."""
    return [address(path, UNITS.index(unit)) for path in range(PATHS_COUNT)]


def host_name(unit: str) -> str:
    return unit.lower()


def commission(agent: Agent, unit: str, works: Works, key: str, scratch: Path) -> None:
    """Files of the unit, onto its disk; its clock to the bench's. Raises AgentError."""
    agent.set_clock(time.time_ns())
    paths = SitePaths(
        Path(GUEST.serial_port), Path(GUEST.socket), Path(GUEST.store), Path(GUEST.plans)
    )
    twin = Twin({each: hosts(each) for each in UNITS}, Path(GUEST.key), TWIN_PORT)
    write_site(scratch, works, paths, twin)
    agent.put(GUEST.site, scratch.read_bytes() + _BOARD)
    agent.put(GUEST.key, f"1 {key} # bench\n".encode(), 0o600)
    agent.put(GUEST.unit, f"DENBAN_UNIT={unit}\n".encode())
    _do(agent, f"mkdir -p {GUEST.plans} && chown --reference={GUEST.store} {GUEST.plans} && sync")


def adopt(agent: Agent, unit: str, connections: Connections) -> None:
    """A guest that was restored becomes this unit: its name, its addresses. Raises AgentError."""
    lines = ["set -e", f"hostname {host_name(unit)}"]
    for place, (card, host) in enumerate(zip(connections.cards, hosts(unit), strict=True)):
        link = f"ip link set eth{place}"
        lines += [
            f"{link} down",
            f"ip address flush dev eth{place}",
            f"{link} address {card.mac}",
            f"ip address add {host}/24 dev eth{place}",
            f"{link} up",
        ]
    _do(agent, "\n".join(lines))


def _do(agent: Agent, command: str) -> None:
    code, text = agent.shell(command, _STEP_S_MAX)
    if code:
        raise AgentError(f"guest: {command}: exit code {code}: {text.strip()}")
