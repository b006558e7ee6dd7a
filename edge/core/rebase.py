"""Moves a state from one boot's clock to another's.

CLOCK_BOOTTIME starts at zero with each boot, so every instant kept in a state is shifted by one
amount. Instants are known by their names: a field whose name ends in `_mono_ns`.
"""

from __future__ import annotations

import functools
from typing import Any, TypeVar

from msgspec import Struct

from edge.model.checkpoint import Checkpoint
from edge.model.scan import ClockTrust

_T = TypeVar("_T")
_SUFFIX = "_mono_ns"


def rebase_delta_ns(
    checkpoint: Checkpoint, boot_id: str, now_mono_ns: int, now_utc_ns: int, trust: ClockTrust
) -> int:
    """What to add to the checkpoint's instants so that they are on the present boot's clock.

    Within one boot nothing. After a reboot the time off is taken from the wall clock where both
    ends of it can be believed and it is not negative; else as none, so that no waiting time (a
    minimum off-time, say) is cut short by time that nobody saw.
    """
    if checkpoint.boot_id == boot_id:
        return 0
    believed = ClockTrust.UNTRUSTED not in (checkpoint.clock_trust, trust)
    off_ns = max(0, now_utc_ns - checkpoint.utc_ns) if believed else 0
    return now_mono_ns - checkpoint.mono_ns - off_ns


def shift_instants(value: _T, delta_ns: int) -> _T:
    """A copy of `value` (a Struct, or containers of them) with every `_mono_ns` field shifted."""
    if delta_ns == 0:
        return value
    shifted: _T = _copy(value, delta_ns, is_instant=False)
    return shifted


def _copy(value: Any, delta_ns: int, *, is_instant: bool) -> Any:
    if isinstance(value, int):
        return value + delta_ns if is_instant and not isinstance(value, bool) else value
    if isinstance(value, Struct):
        kind = type(value)
        return kind(
            *(
                _copy(getattr(value, name), delta_ns, is_instant=named)
                for name, named in _fields(kind)
            )
        )
    if isinstance(value, dict):
        return {key: _copy(item, delta_ns, is_instant=is_instant) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_copy(item, delta_ns, is_instant=is_instant) for item in value)
    return value


@functools.cache
def _fields(kind: type[Struct]) -> tuple[tuple[str, bool], ...]:
    """Names of the fields in their order, and whether each is an instant."""
    return tuple((name, name.endswith(_SUFFIX)) for name in kind.__struct_fields__)
