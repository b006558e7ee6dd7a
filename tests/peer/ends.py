"""Both ends of a real link on loopback addresses, on a clock that the test moves."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from edge.config.io import PathPlan
from edge.model.twin import Beat, PeerBeat
from edge.model.units import NS_PER_MS
from edge.peer.link import LastWords, PeerLink
from tests.peer.beats import BEAT, KEY, UNITS, link_plan

SCAN_NS = 100 * NS_PER_MS
START_NS = 1_000_000 * NS_PER_MS


def free_port(host: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def udp_paths(own: int, ports: Sequence[int]) -> tuple[PathPlan, ...]:
    """Path n between 127.0.n.1 and 127.0.n.2."""
    return tuple(
        PathPlan(
            f"net{index}", f"127.0.{index + 1}.{own + 1}", f"127.0.{index + 1}.{2 - own}", port
        )
        for index, port in enumerate(ports)
    )


class TestClock:
    """Moved by the ends; `skew_ns` apart from the other unit's."""

    __test__ = False

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns

    def mono_ns(self) -> int:
        return self.now_ns


class End:
    """One unit's link and what it has heard."""

    def __init__(
        self,
        own: int,
        paths: tuple[PathPlan, ...],
        *,
        keys: dict[int, bytes] | None = None,
        herald: LastWords | None = None,
        site: str = "Rolling mill",
        clock: TestClock | None = None,
    ) -> None:
        self.clock = clock or TestClock(START_NS)
        plan = link_plan(UNITS[own], paths, site)
        self.link = PeerLink(plan, keys or {1: KEY}, os.urandom(8), herald, self.clock)
        self.heard: list[PeerBeat] = []
        self._numbers = itertools.count(1)

    def hear(self) -> tuple[PeerBeat, ...]:
        beats = self.link.receive(self.clock.now_ns)
        self.heard += beats
        return beats

    def say(self, beat: Beat = BEAT, worker_pids: Sequence[int] = ()) -> None:
        now_ns = self.clock.now_ns
        told = replace(beat, mono_ns=now_ns, number=next(self._numbers))
        self.link.send(told, now_ns, worker_pids)

    def standing(self) -> list[str]:
        return [sample.name for sample in self.link.health() if sample.text]


Make = Callable[..., End]


def turn(*ends: End, times: int = 1) -> None:
    """Scans of all ends, one after the other."""
    for _ in range(times):
        for end in ends:
            end.hear()
            end.say()
        for end in ends:
            end.clock.now_ns += SCAN_NS


def met(make: Make) -> tuple[End, End]:
    """EG-KITA and EG-MINAMI, who believe each other."""
    kita, minami = make(0), make(1)
    turn(kita, minami, times=4)
    return kita, minami


def texts_of(end: End) -> str:
    return "\n".join(sample.text for sample in end.link.health())
