"""How often the roles may change for health's sake alone."""

from __future__ import annotations

from edge.model.twin import TwinMemory, TwinSpec


def may_swap(memory: TwinMemory, now_mono_ns: int) -> bool:
    return memory.swap_mono_ns is None or now_mono_ns - memory.swap_mono_ns >= memory.swap_wait_ns


def note_swap(spec: TwinSpec, memory: TwinMemory, now_mono_ns: int) -> None:
    """The next one has to wait: twice as long as this one had, unless that was long ago."""
    is_new = memory.swap_mono_ns is None or now_mono_ns - memory.swap_mono_ns >= spec.swap_ns_max
    wait_ns = spec.swap_ns_min if is_new else 2 * memory.swap_wait_ns
    memory.swap_wait_ns = min(max(wait_ns, spec.swap_ns_min), spec.swap_ns_max)
    memory.swap_mono_ns = now_mono_ns
