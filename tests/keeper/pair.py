"""EG-KITA's picture of the pair, made from a sound one by changes."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from edge.model.twin_status import PathStatus, PeerStatus, TwinStatus

ACTIVE = TwinStatus(
    unit="EG-KITA",
    role="active",
    since_s=200.0,
    why="the peer handed over",
    epoch=7,
    on_duty=True,
    holds_bus=True,
    alone=False,
    grade="fit",
    why_grade="",
    mirror="own",
    peer=PeerStatus("EG-MINAMI", True, 0.1, "standby", "fit", ready=True, version="1.0.0"),
    paths=(PathStatus("net0", True, 0.1), PathStatus("net1", True, 0.1)),
)
STANDBY = replace(
    ACTIVE,
    role="standby",
    on_duty=False,
    holds_bus=False,
    mirror="follow",
    peer=replace(ACTIVE.peer, role="active", ready=False),
)


def seen(twin: TwinStatus, **changes: Any) -> TwinStatus:
    """`twin` with changes; those that begin with `peer_` are the peer's."""
    peer = {k.removeprefix("peer_"): v for k, v in changes.items() if k.startswith("peer_")}
    own = {k: v for k, v in changes.items() if not k.startswith("peer_")}
    return replace(twin, peer=replace(twin.peer, **peer), **own)
