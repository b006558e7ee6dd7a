"""Two twins on ideal paths and one fake bus, in virtual time: each `scan` is one period of both.

A worker is a lease and a query in every scan; what it wrote is evidence in the next one.
"""

from __future__ import annotations

from msgspec.structs import replace

from edge.core.twin import Twin
from edge.model.event import Event
from edge.model.scan import HealthSample
from edge.model.twin import (
    Beat,
    Grade,
    LineEvidence,
    OwnState,
    PathSample,
    PeerBeat,
    Role,
    TwinInputs,
    TwinMemory,
    TwinOutputs,
    TwinSpec,
)
from edge.model.units import NS_PER_MS, NS_PER_S

SCAN_NS = 100 * NS_PER_MS
UTC_NS = 1_700_000_000 * NS_PER_S
FIRST, SECOND = "EG-KITA", "EG-MINAMI"
OWN = OwnState(Grade.FIT)


def spec(*, is_first: bool = True, **values: object) -> TwinSpec:
    names = (FIRST, SECOND) if is_first else (SECOND, FIRST)
    chosen: dict[str, object] = {
        "has_witness": True,
        "has_enable": False,
        "query_gap_ns": 300 * NS_PER_MS,
        "watchdog_ns": 2020 * NS_PER_MS,
    }
    return TwinSpec(*names, is_first=is_first, **{**chosen, **values})  # type: ignore[arg-type]


def beat(role: Role, epoch: int = 1, **values: object) -> Beat:
    """What a peer says that has let the bus go, unless `values` say otherwise."""
    chosen: dict[str, object] = {"grade": Grade.FIT, "mono_ns": 0, "number": 0, "let_go": True}
    return Beat(role, epoch, **{**chosen, **values})  # type: ignore[arg-type]


class Unit:
    """One gateway: its twin, its ears, its voice. Switches are the faults."""

    def __init__(self, is_first: bool, memory: TwinMemory | None = None, **values: object) -> None:
        self.spec = spec(is_first=is_first, **values)
        self.memory = memory or TwinMemory()
        self.twin: Twin | None = None
        self.own = OWN
        self.orders: dict[str, object] = {}
        self.leaves = False
        self.is_frozen = False
        self.hears_bus = self.speaks_bus = self.gets_beats = True
        self.is_writing = False
        self.evidence = LineEvidence("main")
        self.peer_enable: bool | None = None
        self.inbox: list[Beat] = []
        self.last_heard_ns: int | None = None
        self.outputs: TwinOutputs | None = None
        self.events: list[Event] = []
        self.standing: dict[str, HealthSample] = {}
        self.roles: list[Role] = []

    @property
    def role(self) -> Role:
        return self.twin.state.role if self.twin is not None else Role.BOOT

    @property
    def drives(self) -> bool:
        return self.outputs is not None and self.outputs.may_drive_bus

    def start(self, now_ns: int) -> None:
        self.twin = Twin(self.spec, self.memory, now_ns)
        self.evidence = LineEvidence("main")
        self.inbox.clear()
        self.outputs = None

    def kill(self) -> None:
        self.twin = self.outputs = None

    def step(self, now_ns: int) -> TwinOutputs | None:
        if self.twin is None or self.is_frozen:
            return None
        if self.inbox:
            self.last_heard_ns = now_ns
        inputs = TwinInputs(
            now_ns,
            UTC_NS + now_ns,
            self.own,
            beats=tuple(PeerBeat(beat, now_ns) for beat in self.inbox),
            paths=(PathSample("net0", self.last_heard_ns), PathSample("net1", self.last_heard_ns)),
            lines=(replace(self.evidence, is_writing=self.is_writing),),
            peer_enable=self.peer_enable,
            leaves=self.leaves,
            **self.orders,  # type: ignore[arg-type]
        )
        self.inbox.clear()
        self.orders = {}
        outputs = self.outputs = self.twin.step(inputs)
        self.events += outputs.events
        for sample in outputs.health:
            assert bool(sample.text) != (sample.name in self.standing)
            if sample.text:
                self.standing[sample.name] = sample
            else:
                del self.standing[sample.name]
        if not self.roles or self.roles[-1] is not outputs.role:
            self.roles.append(outputs.role)
        return outputs


class Pair:
    """Both units, and what lies between them."""

    def __init__(self, first: Unit | None = None, second: Unit | None = None) -> None:
        self.now_ns = 1000 * NS_PER_S
        self.first = first or Unit(True)
        self.second = second or Unit(False)
        self.meters_answer = True
        self.both_drove = 0

    @property
    def units(self) -> tuple[Unit, Unit]:
        return self.first, self.second

    def other(self, unit: Unit) -> Unit:
        return self.second if unit is self.first else self.first

    def start(self, *units: Unit) -> None:
        for unit in units or self.units:
            unit.start(self.now_ns)

    def scan(self, count: int = 1) -> None:
        for _ in range(count):
            self.now_ns += SCAN_NS
            for unit in self.units:
                outputs = unit.step(self.now_ns)
                if outputs is not None and self.other(unit).gets_beats:
                    self.other(unit).inbox.append(outputs.beat)
            self.both_drove += self.first.drives and self.second.drives
            for unit in self.units:
                if unit.drives and unit.twin is not None and not unit.is_frozen:
                    self._query(unit)

    def run(self, seconds: float) -> None:
        self.scan(round(seconds * NS_PER_S / SCAN_NS))

    def settle(self) -> None:
        """The first unit on duty, the second in standby and ready."""
        self.start()
        self.run(6)
        assert (self.first.role, self.second.role) == (Role.ACTIVE, Role.STANDBY)

    def until(self, unit: Unit, role: Role, limit_s: float = 20) -> float:
        """Scans until `unit` has `role`; gives the seconds that this took."""
        begin_ns = self.now_ns
        while unit.role is not role:
            self.scan()
            assert self.now_ns - begin_ns < limit_s * NS_PER_S, f"never {role}: {unit.roles}"
        return (self.now_ns - begin_ns) / NS_PER_S

    def say(self, unit: Unit, said: Beat) -> None:
        """`unit` hears something that its peer may not really have said, sent just now."""
        unit.inbox.append(replace(said, mono_ns=self.now_ns + SCAN_NS))

    def cut(self, *, is_cut: bool = True) -> None:
        for unit in self.units:
            unit.gets_beats = not is_cut

    def _query(self, unit: Unit) -> None:
        at_ns = self.now_ns + 10 * NS_PER_MS
        seen = unit.evidence
        proven = unit.speaks_bus and unit.hears_bus and self.meters_answer
        unit.evidence = replace(
            seen,
            asked_mono_ns=at_ns,
            sent_count=seen.sent_count + 1,
            proof_mono_ns=at_ns + 20 * NS_PER_MS if proven else seen.proof_mono_ns,
        )
        other = self.other(unit)
        if unit.speaks_bus and other.hears_bus:
            other.evidence = replace(
                other.evidence,
                twin_mono_ns=at_ns,
                heard_count=other.evidence.heard_count + 1,
            )
