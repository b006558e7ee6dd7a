"""What the control process tells its keeper at the start, through an inherited memory file."""

from __future__ import annotations

from msgspec import Struct

from edge.keeper.requests import Identity


class KeeperSetup(Struct, frozen=True):
    """Who this gateway is, the compiled site (see edge.config.codec), folders and limits.

    `plan_folder` is empty where no plan is held, `login_folder` where no login is told who this is,
    `led` where none can be blinked.
    """

    identity: Identity
    spec: bytes
    state_folder: str
    runtime_folder: str
    journal_bytes_max: int
    recorder_bytes_max: int
    socket_path: str
    socket_group: str
    plan_folder: str
    login_folder: str = ""
    led: str = ""
