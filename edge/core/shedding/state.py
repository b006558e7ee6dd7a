"""All that shedding remembers from scan to scan, and across a restart. Bounded by the number of
loads.
"""

from __future__ import annotations

from msgspec import Struct

from edge.core.shedding.loads import LoadState
from edge.model.status import Stage


class Probe(Struct):
    """A look at site power, taken at a move, to be compared once the response must have come.

    `expected_w` is the size of the step expected: a drop, or a rise if loads were `turned_on`.
    """

    loads: tuple[str, ...]
    turned_on: bool
    before_w: float
    noise_w: float
    expected_w: float
    due_mono_ns: int


class SheddingState(Struct):
    """Memory of Shedding; `SheddingState()` is the first start.

    `unseen_w`: W switched off (less W switched on) whose effect need not show before
    `settle_until_mono_ns`; in an emergency site power shows it by `response_until_mono_ns`.
    """

    loads: dict[str, LoadState] = {}
    stages: dict[str, Stage] = {}
    settle_until_mono_ns: int | None = None
    response_until_mono_ns: int | None = None
    unseen_w: float = 0.0
    probe: Probe | None = None
    emergency: bool = False
    lost_policy_active: bool = False
