"""The networks of one bench: a switch and two units, as one thing that can be broken by order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hil.launch import BenchProcess
from hil.network.space import link

TWIN_PORT = 47474


def address(path: int, unit: int) -> str:
    """Paths and units are counted from 0."""
    return f"10.77.{path + 1}.{unit + 1}"


def mac(path: int, unit: int) -> str:
    return f"02:4d:00:00:{path:02x}:{unit + 1:02x}"


class Paths:
    """Paths `net0`, `net1`… between two units, over one switch, whose `ports` are given.

    In every order a path or sender that is not named means all of them.
    """

    def __init__(self, folder: Path, ports: Sequence[Mapping[str, str]], seed: int) -> None:
        orders = folder / "switch.sock"
        config = {"ports": ports, "orders": str(orders), "seed": seed}
        self.process = BenchProcess("hil.network.switch", folder / "switch.json", config)
        try:
            self._connect(ports)
            self.process.order("open")
        except BaseException:
            self.process.close()
            raise

    def _connect(self, ports: Sequence[Mapping[str, str]]) -> None:
        """The cables, where they have to be made."""

    def cut(self, path: str | None = None, sender: str | None = None, *, on: bool = True) -> None:
        """Nothing of the sender passes; with `on` false it does again."""
        self.process.order("cut", path=path, sender=sender, on=on)

    def impair(self, path: str | None = None, sender: str | None = None, **wanted: float) -> None:
        """`loss_ratio`, `duplicate_ratio`, `delay_ms`, `jitter_ms`; what is not named is mended."""
        self.process.order("impair", path=path, sender=sender, **wanted)

    def inject(self, path: str, sender: str, payload: bytes, port: int = TWIN_PORT) -> None:
        """A forged datagram with the sender's addresses, past every cut and loss."""
        self.process.order("inject", path=path, sender=sender, payload=payload.hex(), port=port)

    def replay(
        self, path: str, sender: str, since_ns: int = 0, until_ns: int | None = None,
        apart_ms: float = 0.0,
    ) -> int:  # fmt: skip
        """Send recorded datagrams again, each as it was; how many."""
        count = self.process.order(
            "replay", path=path, sender=sender, since_ns=since_ns, until_ns=until_ns,
            apart_ms=apart_ms,
        )  # fmt: skip
        return int(count)

    def recorded(self, since_ns: int = 0) -> list[dict[str, Any]]:
        """`t_ns`, `path`, `sender`, `passed` and `payload` (bytes) of the newest datagrams."""
        found: list[dict[str, Any]] = self.process.order("recorded", since_ns=since_ns)
        return [{**each, "payload": bytes.fromhex(each["payload"])} for each in found]

    def counters(self) -> dict[str, dict[str, dict[str, int]]]:
        """By path, then by sender: see hil.network.path.WayCounts."""
        found: dict[str, dict[str, dict[str, int]]] = self.process.order("counters")
        return found

    def close(self) -> None:
        self.process.close()


class Network(Paths):
    """`units`: pid of a process in the network namespace of each."""

    def __init__(self, folder: Path, units: Mapping[str, int], paths_count: int, seed: int) -> None:
        self._pids = units
        ports = [
            {**port_config(path, place, unit), "interface": f"u{place}p{path}"}
            for path in range(paths_count)
            for place, unit in enumerate(units)
        ]
        super().__init__(folder, ports, seed)

    def _connect(self, ports: Sequence[Mapping[str, str]]) -> None:
        pid = int(self.process.ready)
        for each in ports:
            ends = (each["interface"], each["path"], each["mac"], each["host"])
            link(pid, self._pids[each["unit"]], *ends)


def port_config(path: int, place: int, unit: str) -> dict[str, str]:
    """What every port of the switch has, whatever its cable is."""
    return {
        "path": f"net{path}",
        "unit": unit,
        "host": address(path, place),
        "mac": mac(path, place),
    }
