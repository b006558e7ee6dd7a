"""What a start continues: the checkpoint of the run before, moved to this boot's clock."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, field

from edge.core.controller import ControllerState, new_state
from edge.core.rebase import rebase_delta_ns, shift_instants
from edge.keeper.lock import wait_released
from edge.keeper.slots import CHECKPOINT_NAME, read_newest
from edge.model.checkpoint import Checkpoint
from edge.model.event import Fact
from edge.model.scan import ClockTrust
from edge.model.twin import TwinMemory
from edge.model.units import NS_PER_S

# Within this time after the last checkpoint a start is a restart: relays stay as they were.
_RESTART_NS_MAX: Final = 60 * NS_PER_S
_NONE: Final = "none"
_LAST_WORDS_S_MAX: Final = 1.0


class Restored(Struct, frozen=True):
    """The state to start from, which knows what came in until `mono_ns` (None: it is new).
    `is_restart`: the run before ended within the last minute. `is_lost`: there was a checkpoint,
    but it could not be used. `is_same_boot`: the machine has not been
    started since. `twin` is what a pair remembers.
    """

    state: ControllerState
    mono_ns: int | None
    is_restart: bool
    facts: dict[str, Fact]
    is_lost: bool = False
    is_same_boot: bool = False
    twin: TwinMemory = field(default_factory=TwinMemory)


def restore(
    folder: Path, boot_id: str, now_mono_ns: int, now_utc_ns: int, trust: ClockTrust
) -> Restored:
    """Never fails: a checkpoint that can not be used is said in `facts` and left on the disk.

    Waits a little while the keeper of the run before still writes its last words.
    """
    wait_released(folder, _LAST_WORDS_S_MAX)
    path = folder / CHECKPOINT_NAME
    try:
        payload = read_newest(path)
    except OSError as error:
        return _anew(f"not readable: {error}")
    if payload is None:
        return _anew("torn: neither slot is whole" if path.exists() else _NONE)
    try:
        checkpoint = msgspec.msgpack.decode(payload, type=Checkpoint)
        state = msgspec.msgpack.decode(checkpoint.state, type=ControllerState)
    except msgspec.MsgspecError as error:
        return _anew(f"of another version: {error}")
    delta_ns = rebase_delta_ns(checkpoint, boot_id, now_mono_ns, now_utc_ns, trust)
    state_mono_ns = checkpoint.mono_ns + delta_ns
    age_ns = now_mono_ns - state_mono_ns
    is_restart = checkpoint.boot_id == boot_id and 0 <= age_ns <= _RESTART_NS_MAX
    state = shift_instants(state, delta_ns)
    facts: dict[str, Fact] = {"checkpoint": "continued", "checkpoint_age_s": age_ns / NS_PER_S}
    twin = shift_instants(checkpoint.twin, delta_ns)
    is_same_boot = checkpoint.boot_id == boot_id
    return Restored(state, state_mono_ns, is_restart, facts, is_same_boot=is_same_boot, twin=twin)


def _anew(why: str) -> Restored:
    is_lost = why != _NONE
    return Restored(new_state(), None, False, {"checkpoint": why}, is_lost)
