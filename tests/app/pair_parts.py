"""What a unit of the pair is given by the tests: site file, key, orders, worker, enable lines."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from edge.model.order import Override, OverrideMode
from edge.model.twin import LineEvidence
from edge.model.units import NS_PER_S, UWH_PER_WH

KITA, MINAMI = "EG-KITA", "EG-MINAMI"
START_NS = 1000 * NS_PER_S
# 2026-04-01T09:00 in Tokyo.
START_UTC_NS = 1_775_001_600 * NS_PER_S
KEY = "00112233445566778899aabbccddeeff" * 2
PULSE_UWH = 100 * UWH_PER_WH

SITE = """
[site]
name = "Rolling mill"
timezone = "Asia/Tokyo"
[unit.EG-KITA]
hardware_serial = "10000000a1b2c3d4"
addresses = ["127.0.1.1", "127.0.2.1"]
[unit.EG-MINAMI]
hardware_serial = "10000000d4c3b2a1"
addresses = ["127.0.1.2", "127.0.2.2"]
[twin]
port = {port}
key_file = "{folder}/twin.key"
[demand]
interval_s = 900
contract_kw = 500
[bus.main]
kind = "rtu"
port = "/dev/serial/by-path/usb-port0"
timeout_ms = 100
[meter.incomer]
bus = "main"
unit_id = 1
profile = "eastron-sdm630"
role = "site"
response_ms_max = 100
[pulse.incomer]
pin = 17
wh_per_pulse = 100
[load.chiller]
pin = 5
rated_kw = 120
priority = 1
min_shed_s = 30
max_shed_s = 36000
[load.fan]
pin = 12
rated_kw = 60
priority = 2
min_shed_s = 30
max_shed_s = 36000
[shedding]
settle_s = 0
[projection]
window_s = 10
[store]
directory = "{folder}/store"
[control]
socket = "{folder}/control.sock"
"""


def write_key(path: Path, mode: int = 0o600) -> Path:
    path.touch()
    path.chmod(mode)
    path.write_text(f"1 {KEY}\n")
    return path


def override(load: str, seconds: int = 3600) -> Override:
    return Override(load, OverrideMode.SHED, seconds * NS_PER_S, "kim")


class FakeWorker:
    """A bus worker as far as the duty sees it."""

    pid = 2**22 - 1  # nobody's

    def __init__(self, *, listens: bool = True) -> None:
        self.listens = listens
        self.lease_until_ns = 0
        self.fenced = 0
        self.seen = LineEvidence("main")

    def evidence(self) -> LineEvidence:
        return self.seen

    def renew(self, until_ns: int) -> None:
        self.lease_until_ns = until_ns

    def withdraw(self) -> None:
        self.lease_until_ns = 0

    def fence(self) -> None:
        self.fenced += 1


class FakeHerald:
    """Says the last words that were left, as the forked one does after its parent's death."""

    is_alive = True

    def __init__(self, peer: tuple[str, int]) -> None:
        self._peer = peer
        self.farewell = b""
        self.worker_pids: tuple[int, ...] = ()

    def leave(self, farewell: bytes, worker_pids: Sequence[int]) -> None:
        self.farewell, self.worker_pids = farewell, tuple(worker_pids)

    def close(self, *, farewell: bool) -> None:
        if farewell:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker:
                speaker.sendto(self.farewell, self._peer)


class FakeEnable:
    """Enable lines that note what was done to them; `peer` is what is read."""

    def __init__(self, peer: bool | None = True) -> None:
        self.peer = peer
        self.done: list[str] = []

    def rearm(self, _now_mono_ns: int) -> None:
        self.done.append("rearm")

    def peer_scans(self, _now_mono_ns: int) -> bool | None:
        return self.peer

    def trigger(self, _now_mono_ns: int) -> None:
        self.done.append("trigger")
