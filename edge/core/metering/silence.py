"""Tells a source that has stopped from one that has nothing to count.

A counter may stand still for hours when nothing flows. It is silent in error only if another source
has seen so much energy that it must have moved, and if it has been still for longer than usual.
"""

from __future__ import annotations

from typing import Final

from edge.core.metering.source import Source
from edge.model.spec import Direction
from edge.model.units import NS_PER_S, energy_uwh

# One step may be due at any moment and a meter may be wrong by some percent; four cannot be missed.
SILENT_GRAINS: Final = 4
SILENT_NS_MIN: Final = 2 * NS_PER_S
SILENT_SPACINGS: Final = 3
# After a night without flow the usual spacing says nothing about the morning.
SPACING_NS_MAX: Final = 20 * NS_PER_S


def pending_uwh(witness: Source, direction: Direction) -> int:
    """Energy of one flow that the witness has counted since the ledger was last settled."""
    track = witness.track
    return track.import_uwh if direction is Direction.IMPORT else track.export_uwh


def is_overdue(source: Source, witness_uwh: int, witness_step_uwh: int) -> bool:
    """Whether a step of the source is late by half a step by what a witness has seen since its last
    one, so that it is too early to say that nothing flowed.
    """
    sure_uwh = witness_uwh - witness_step_uwh
    return 2 * sure_uwh > 3 * source.grain_uwh() and _is_flow(source, witness_uwh)


def is_silent(source: Source, witness_uwh: int, witness_step_uwh: int) -> bool:
    """Whether the source, still answering, must have moved by what a witness has seen since."""
    if witness_uwh - witness_step_uwh < SILENT_GRAINS * source.grain_uwh():
        return False
    usual_ns = SILENT_SPACINGS * min(source.track.spacing_ns, SPACING_NS_MAX)
    return _still_ns(source) >= max(SILENT_NS_MIN, usual_ns) and _is_flow(source, witness_uwh)


def _still_ns(source: Source) -> int:
    heard_mono_ns = source.track.heard_mono_ns
    return 0 if heard_mono_ns is None else max(0, heard_mono_ns - source.track.at_mono_ns)


def _is_flow(source: Source, witness_uwh: int) -> bool:
    return witness_uwh > energy_uwh(source.noise_w, _still_ns(source))
