"""Two gateways on one bench: one line, one board, one plant, and networks between them.

Each is a machine with namespaces of its own, so both have the same site file, byte by byte. What
happened is told by a witness outside both; nothing is judged here.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hil.faults import Faults
from hil.field import Field
from hil.gateway import Gateway
from hil.network.machine import HOME, Machine
from hil.network.network import TWIN_PORT, Network, address
from hil.observer import Log
from hil.site import SitePaths, Twin, write_site
from hil.tail import Tail
from hil.waiting import DEADLINE_S, wait_for
from hil.witness import Witness
from hil.works import UNITS, Works

PATHS_COUNT = 2
_TOLD_CHARS = 2000  # of each unit, where something did not come
_Seen = TypeVar("_Seen")


def works_for_pair(works: Works | None = None) -> Works:
    """The works with the watchdog that a pair needs for its time of takeover."""
    return msgspec.structs.replace(works or Works(), watchdog_s=2)


class Pair(Field):
    """Enter it to have everything up but the two controllers; `kita` and `minami` start them.

    It needs namespaces: see :func:`hil.network.space.reason_to_skip`.
    """

    def __init__(self, works: Works | None = None, *, seed: int = 1) -> None:
        super().__init__(works_for_pair(works), seed, {unit: unit for unit in UNITS})

    def _begin(self) -> None:
        super()._begin()
        self._bursts = Tail(self.bus_log)
        self._events = Tail(self.folder / "board.log")
        key = secrets.token_hex(32)
        self.gateways = {unit: self._make_gateway(unit, key) for unit in UNITS}
        self.kita, self.minami = self.gateways.values()
        pids = {unit: machine.network.pid for unit, machine in self._machines()}
        self.network = Network(self.folder, pids, PATHS_COUNT, self.seed)
        self._ends.callback(self.network.close)

    def _make_gateway(self, unit: str, key: str) -> Gateway:
        folder = self.home(unit)
        machine = Machine(folder)
        self._ends.callback(machine.close)
        faults = Faults(self.board, self.hub, self.meters, unit)
        gateway = Gateway(unit, folder, self.board_socket(unit), list, faults, machine)
        self._ends.callback(gateway.end)
        self.write_site(gateway)
        gateway.key_file.touch(0o600)
        gateway.key_file.write_text(f"1 {key} # bench\n")
        return gateway

    def write_site(
        self, gateway: Gateway, works: Works | None = None, units: Sequence[str] = UNITS
    ) -> None:
        """As the machine sees it: everything of its own lies in its home. A start reads it.

        Other `works` are a site file that differs; other `units` are other names of the two places.
        """
        paths = SitePaths(HOME / "ttyRS485", HOME / "run/control", HOME / "state", HOME / "plans")
        addresses = {
            unit: [address(path, place) for path in range(PATHS_COUNT)]
            for place, unit in enumerate(units)
        }
        twin = Twin(addresses, HOME / gateway.key_file.name, TWIN_PORT)
        write_site(gateway.site, works or self.works, paths, twin)

    def _machines(self) -> Iterator[tuple[str, Machine]]:
        for unit, gateway in self.gateways.items():
            assert gateway.machine is not None
            yield unit, gateway.machine

    def other(self, gateway: Gateway) -> Gateway:
        return self.minami if gateway is self.kita else self.kita

    def wait(
        self, what: str, look: Callable[[], _Seen | None], within_s: float = DEADLINE_S
    ) -> _Seen:
        """See :meth:`Field.wait`; machines that are due boot again meanwhile."""

        def attend_and_look() -> _Seen | None:
            for gateway in self.gateways.values():
                gateway.attend()
            return look()

        return wait_for(what, attend_and_look, within_s, self.log_text)

    def witness(self) -> Witness:
        """What was seen on the line and at the board until now, by nobody's account but the
        bench's.
        """
        return Witness(self._bursts.rows(), self.observed(), UNITS)

    def bursts(self) -> list[dict[str, Any]]:
        """Of all nodes of the line until now, as the hub logs them."""
        return self._bursts.rows()

    def observed(self) -> Log:
        return Log(self._events.rows())

    def log_text(self) -> str:
        return "\n".join(
            f"{unit}:\n{gateway.log_text()[-_TOLD_CHARS:]}"
            for unit, gateway in self.gateways.items()
        )

    def twins(self) -> dict[str, dict[str, Any] | None]:
        """The pair as each unit sees it, by its status; None while nobody answers."""
        answers = {unit: gateway.desk.status() for unit, gateway in self.gateways.items()}
        return {unit: answer and answer.get("twin") for unit, answer in answers.items()}

    def keep(self, folder: Path) -> None:
        """Copy what a run left to `folder`, for somebody who wants to know why."""
        shutil.copytree(self.folder, folder, ignore=_not_files, dirs_exist_ok=True)


def _not_files(folder: str, names: list[str]) -> list[str]:
    """Sockets, and links to terminals, which a copy would read for ever."""
    entries = {name: Path(folder, name) for name in names}
    return [name for name, at in entries.items() if at.is_symlink() or not _is_kept(at)]


def _is_kept(path: Path) -> bool:
    return path.is_file() or path.is_dir()
