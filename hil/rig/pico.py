"""The bench's end of a Pico: orders over its USB port, edges as they come, its clock by pings."""

from __future__ import annotations

import json
import select
import time
from typing import Any, Literal

import msgspec
import serial

from hil.boottime import boottime_ns
from hil.rig.clock_map import ClockMap, Ping

_PROTOCOL = 1
_ANSWER_S_MAX = 2.0  # an answer takes about 1 ms
_PINGS_AT_START = 8
Role = Literal["stimulus", "observer"]


class Edge(msgspec.Struct, frozen=True):
    """A channel began or ceased to conduct. `number` counts all edges, lost ones too."""

    number: int
    t_ns: int
    pin: int
    on: bool


class Pico:
    """Raises RuntimeError when what answers at `port` is not a Pico in that role."""

    def __init__(self, port: str, role: Role) -> None:
        self._where = f"{role} at {port}"
        self._serial = serial.Serial(port, timeout=0, write_timeout=_ANSWER_S_MAX, exclusive=True)
        self._received = bytearray()
        self._lines: list[dict[str, Any]] = []
        self._number = 0
        self._edge_number: int | None = None
        self.clock = ClockMap()
        self.hello = self.ask("hello")
        got = (self.hello["protocol"], self.hello["role"])
        if got != (_PROTOCOL, role):
            raise RuntimeError(
                f"{self._where}: wrong device: got protocol {got[0]} role {got[1]}, need"
                f" {_PROTOCOL} {role}; bench not started; see its strap pin and docs/rig.md"
            )
        for _ in range(_PINGS_AT_START):
            self.ping()

    def fileno(self) -> int:
        return int(self._serial.fileno())

    def ask(self, verb: str, **arguments: Any) -> Any:
        """Carry out an order. Raises RuntimeError with the Pico's error, TimeoutError without."""
        self._number += 1
        order = {"id": self._number, "do": verb, **arguments}
        self._serial.write(json.dumps(order).encode() + b"\n")
        deadline_s = time.monotonic() + _ANSWER_S_MAX
        while True:
            for place, said in enumerate(self._lines):
                if said.get("id") == self._number:
                    del self._lines[place]
                    if "error" in said:
                        raise RuntimeError(f"{self._where}: {verb}: {said['error']}")
                    return said["ok"]
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not select.select([self], [], [], left_s)[0]:
                raise TimeoutError(f"{self._where}: {verb}: no answer in {_ANSWER_S_MAX:g} s")
            self._receive()

    def ping(self) -> None:
        """Raises RuntimeError when the Pico was reset: its counts began anew."""
        sent_ns = boottime_ns()
        device_us = self.ask("ping")
        self.clock.add(Ping(sent_ns, device_us, boottime_ns()))
        if not self.clock.is_steady():
            raise RuntimeError(
                f"{self._where}: clock went back to {device_us} us: it was reset; what was counted"
                " and seen is incomplete; check its supply and USB cable"
            )

    def take_edges(self) -> list[Edge]:
        """What has come until now, in its order. Raises RuntimeError when edges were lost."""
        self._receive()
        found = [said["edge"] for said in self._lines if "edge" in said]
        self._lines = [said for said in self._lines if "id" in said]
        return [self._edge(*each) for each in found]

    def _edge(self, number: int, device_us: int, pin: int, on: int) -> Edge:
        if self._edge_number is not None and number != self._edge_number + 1:
            raise RuntimeError(
                f"{self._where}: edges lost: got number {number}, need {self._edge_number + 1};"
                " what was seen is incomplete; look for a channel that rattles"
            )
        self._edge_number = number
        return Edge(number, self.clock.to_ns(device_us), pin, bool(on))

    def _receive(self) -> None:
        self._received += self._serial.read(65536)
        *lines, rest = self._received.split(b"\n")
        self._received = bytearray(rest)
        # A boot message, or the rest of a line from before we came, is not ours.
        self._lines += [json.loads(line) for line in lines if line.lstrip().startswith(b"{")]

    def close(self) -> None:
        self._serial.close()
