"""What the control process tells its keeper at the start, through an inherited memory file."""

from __future__ import annotations

from msgspec import Struct

from edge.keeper.requests import Identity
from edge.model.spec import PlanSpec


class KeeperSetup(Struct, frozen=True):
    """Folders, limits and the words that the desk and the plan folder need."""

    identity: Identity
    site_file: bytes
    state_folder: str
    runtime_folder: str
    journal_bytes_max: int
    recorder_bytes_max: int
    socket_path: str
    socket_group: str
    timezone: str
    plan: PlanSpec | None
    plan_folder: str | None
    power_w_max: float
    loads: tuple[str, ...]
    override_s_max: int = 24 * 3600
