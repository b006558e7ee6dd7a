"""What a scenario leaves behind: verdict, measurements beside what was allowed, a timeline.

Plain values, written as JSON, from which the report is made; nothing here judges.
"""

from __future__ import annotations

import enum
from pathlib import Path

import msgspec


class Verdict(enum.StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERROR = "error"  # the bench failed, not the product


class Measured(msgspec.Struct, frozen=True):
    """`allowed_min`, `allowed_max`: the band for this class of bench, ends included; None: open."""

    what: str
    value: float
    unit: str = ""
    allowed_min: float | None = None
    allowed_max: float | None = None

    @property
    def ok(self) -> bool:
        low = self.allowed_min is None or self.value >= self.allowed_min
        return low and (self.allowed_max is None or self.value <= self.allowed_max)

    @property
    def said(self) -> str:
        """What was got and what is allowed, in words."""
        unit = f" {self.unit}" if self.unit else ""
        bounds = [
            f"{word} {bound:g}{unit}"
            for word, bound in (("at least", self.allowed_min), ("at most", self.allowed_max))
            if bound is not None
        ]
        return f"{self.what}: got {self.value:.4g}{unit}, allowed {' and '.join(bounds)}"


class Mark(msgspec.Struct, frozen=True):
    """An instant on a lane of the timeline: a fault, an order, a reset, a said alarm."""

    t_ns: int
    lane: str
    text: str


class Span(msgspec.Struct, frozen=True):
    """A time on a lane: who drove the bus, a load shed, a relay on, a path cut.

    `end_ns` None: to the scenario's end.
    """

    start_ns: int
    end_ns: int | None
    lane: str
    text: str


class ScenarioRecord(msgspec.Struct, frozen=True):
    """One scenario on one bench. `name` is the test's function, `procedure` its docstring.

    Instants are the bench's CLOCK_BOOTTIME; `text` says why where it did not pass.
    """

    name: str
    file: str
    procedure: str
    requirements: list[str]
    verdict: Verdict
    start_ns: int
    end_ns: int
    text: str = ""
    measured: list[Measured] = []
    marks: list[Mark] = []
    spans: list[Span] = []
    evidence: list[str] = []


class ChannelRecord(msgspec.Struct, frozen=True):
    """The self-test's result for one channel."""

    channel: str
    ok: bool
    note: str = ""


class RunRecord(msgspec.Struct, frozen=True):
    """A whole run: `bench` is the class, `versions` by name (commit, product, Python, kernel…)."""

    bench: str
    description: str
    begun_utc: str
    lasted_s: float
    versions: dict[str, str]
    channels: list[ChannelRecord]
    scenarios: list[ScenarioRecord]

    def write(self, path: Path) -> None:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1))

    @classmethod
    def read(cls, path: Path) -> RunRecord:
        return msgspec.json.decode(path.read_bytes(), type=cls)
