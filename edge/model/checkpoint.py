"""What must survive a restart, and when it was true: kept by the keeper, read at the start."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from edge.model.scan import ClockTrust
from edge.model.twin import TwinMemory


class Checkpoint(Struct, frozen=True, array_like=True):
    """State of the decisions after the scan at `mono_ns`.

    `boot_id` tells whether `mono_ns` still counts from the same boot. `state` is the msgpack of the
    controller's state, kept opaque here so that keeping it needs no knowledge of it. `adopted`: the
    peer's state replaced this unit's here, so the scans before do not lead to it.
    """

    boot_id: str
    mono_ns: int
    utc_ns: int
    clock_trust: ClockTrust
    site_digest: str
    scan_number: int
    state: Raw
    adopted: bool = False
    twin: TwinMemory = msgspec.field(default_factory=TwinMemory)
