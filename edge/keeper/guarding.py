"""Tells the guard, a program of root's, whether this machine may be stopped by its own ways.

One small file in the runtime folder, replaced whole at each change. What it says is judged in
edge.keeper.stopping; what is done about it is in edge.root.guard.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from edge.keeper.stopping import Steadiness, StopState
from edge.keeper.wording import plain
from edge.model.twin_status import TwinStatus
from edge.model.units import NS_PER_S

GUARD_NAME: Final = "guard.json"
# systemd forgets a change of the file that comes while the program which it starts for it still
# runs. By then that has ended, on a slow card too.
AGAIN_NS: Final = 20 * NS_PER_S


class _Told(Struct, frozen=True):
    may_stop: bool
    reason: str
    unit: str
    peer: str
    mono_ns: int


class Guarding:
    """Takes every picture, writes at a change, and once more some time after it; a disk that does
    not take it is tried again.
    """

    def __init__(self, folder: Path, unit: str) -> None:
        self._path = folder / GUARD_NAME
        self._unit = unit
        self._steadiness = Steadiness()
        self._written: bool | None = None
        self._again_mono_ns: int | None = None

    def take(self, twin: TwinStatus | None, now_mono_ns: int) -> None:
        """The newest picture; None on a site with one unit."""
        state = self._steadiness.take(twin, now_mono_ns)
        if state is None:
            return
        # Seconds in the reason are no change: each writing starts a program of root's.
        is_change = state.may_stop is not self._written
        is_due = self._again_mono_ns is not None and now_mono_ns >= self._again_mono_ns
        if not is_change and not is_due:
            return
        peer = twin.peer.unit if twin is not None else ""
        if self._write(state, peer, now_mono_ns):
            self._written = state.may_stop
            self._again_mono_ns = now_mono_ns + AGAIN_NS if is_change else None

    def steady_s(self, now_mono_ns: int) -> float:
        return self._steadiness.steady_s(now_mono_ns)

    def _write(self, state: StopState, peer: str, now_mono_ns: int) -> bool:
        told = _Told(state.may_stop, plain(state.reason), self._unit, peer, now_mono_ns)
        draft = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(msgspec.json.encode(told) + b"\n")
            draft.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            return False
        return True
