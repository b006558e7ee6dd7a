"""What must survive a restart, and when it was true: kept by the keeper, read at the start."""

from __future__ import annotations

from msgspec import Raw, Struct

from edge.model.scan import ClockTrust


class Checkpoint(Struct, frozen=True, array_like=True):
    """State of the decisions after the scan at `mono_ns`.

    `boot_id` tells whether `mono_ns` still counts from the same boot. `state` is the msgpack of the
    controller's state, kept opaque here so that keeping it needs no knowledge of it.
    """

    boot_id: str
    mono_ns: int
    utc_ns: int
    clock_trust: ClockTrust
    site_digest: str
    scan_number: int
    state: Raw
