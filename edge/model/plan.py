"""The power plan that the factory filed: planned energy per slot, keyed by the slot's UTC start."""

from __future__ import annotations

from msgspec import Struct


class PlanSlot(Struct, frozen=True, array_like=True, gc=False):
    """One slot. `planned_uwh` is at the settlement point, that is, after loss correction."""

    start_utc_ns: int
    planned_uwh: int


class Plan(Struct, frozen=True):
    """The slots of one local day without gap or overlap, as accepted at `received_utc_ns`.

    `version` rises by one with each accepted plan of the same `day` (local date, ISO 8601);
    `digest` is the BLAKE2s of the file's bytes.
    """

    day: str
    version: int
    received_utc_ns: int
    digest: str
    slot_ns: int
    slots: tuple[PlanSlot, ...]
