"""A real keeper process behind its handle, turned by the test as the scan would turn it."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge.config.codec import encode_spec
from edge.keeper import requests
from edge.keeper.handle import KeeperHandle
from edge.keeper.journal import JOURNAL_NAME, read_events
from edge.keeper.link import ScanHealth
from edge.keeper.requests import Answer, Identity
from edge.keeper.setup import KeeperSetup
from edge.model.checkpoint import Checkpoint
from edge.model.event import Event, EventKind
from edge.model.order import Order, TwinOrder
from edge.model.scan import ClockTrust
from edge.model.spec import ControlSpec
from edge.model.status import Stage, Status
from edge.model.twin_status import TwinStatus
from tests.specs import control_spec

DEADLINE_S = 20.0
IDENTITY = Identity("EG-KITA", "Rolling mill", "single", "host", "serial", "1.0", 1)
HEALTH = ScanHealth(10, 0, 1.0, 2.0, 2.5, 3.0, realtime=True, memory_locked=True, watchdog="none")
STATUS = Status(1, 2, "ntp", "Rolling mill", Stage.SHED, 5.0, "ok", (), (), (), (), "because")


def now_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def event(number: int) -> Event:
    return Event(number, number, EventKind.RELAY, f"load-{number}")


def checkpoint(scan_number: int) -> Checkpoint:
    raw = msgspec.Raw(msgspec.msgpack.encode({"scan": scan_number}))
    return Checkpoint("boot", now_ns(), 0, ClockTrust.NTP, "digest", scan_number, raw)


class KeeperBench:
    """A handle in the test's own hands, turned like the scan turns it."""

    def __init__(
        self,
        folder: Path,
        spec: ControlSpec | None = None,
        *,
        login_folder: str = "",
        led: str = "",
    ) -> None:
        self.state = folder / "state"
        self.runtime = folder / "run"
        self.plans = folder / "plans"
        self.plans.mkdir(exist_ok=True)
        self.setup = KeeperSetup(
            IDENTITY,
            encode_spec(spec or control_spec()),
            str(self.state),
            str(self.runtime),
            1 << 24,
            1 << 24,
            str(self.runtime / "control.sock"),
            "no-such-group",
            str(self.plans),
            login_folder,
            led,
        )
        self.handle = KeeperHandle(self.setup, writer=99)
        self.orders: list[Order | TwinOrder] = []
        self.handle.keep_alive(now_ns())

    def turn_until(self, done: Callable[[], bool]) -> None:
        end_s = time.monotonic() + DEADLINE_S
        while not done():
            assert time.monotonic() < end_s
            self.handle.keep_alive(now_ns())
            self.handle.post_events(())
            self.orders += self.handle.drain(now_ns())
            link = self.handle._child._link
            select.select([link] if link else [], [], [], 0.01)

    def events(self) -> list[Event]:
        path = self.state / JOURNAL_NAME
        return list(read_events(path)) if path.exists() else []

    def alarms(self) -> dict[str, str]:
        """Conditions that stand, as the scan gets them."""
        return {sample.name: sample.text for sample in self.handle.conditions if sample.text}

    def ask(self, request: requests.Request) -> Answer:
        path = self.runtime / "control.sock"
        self.turn_until(path.exists)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(DEADLINE_S)
            client.connect(str(path))
            client.sendall(requests.encode(request) + b"\n")
            with client.makefile("rb") as answers:
                return requests.decode_answer(answers.readline())


def plan_csv(kwh: float) -> bytes:
    rows = [f"2099-07-01T{h:02}:{m:02},{kwh}" for h in range(24) for m in (0, 30)]
    return "\n".join(["slot_start,planned_kwh", *rows, ""]).encode()


def show(bench: KeeperBench, twin: TwinStatus) -> None:
    """The keeper has this picture, and says so."""
    bench.handle.post_status(STATUS, HEALTH, twin)
    assert bench.ask(requests.AskStatus()).twin == twin
