"""What all sources of energy have in common, so that the ledger can treat them alike."""

from __future__ import annotations

from typing import Final

from edge.core.metering.track import TrackState
from edge.model.spec import Direction, SourceKind, SourceSpec

# Near its starting current one meter may count while the other does not.
NOISE_RATIO: Final = 0.001
_LABELS: Final = {
    SourceKind.PULSE: "pulse.{}",
    SourceKind.ENERGY: "meter.{}.energy",
    SourceKind.POWER: "meter.{}.power",
}


def label(spec: SourceSpec) -> str:
    """The source's name as the site file writes it, such as ``meter.incomer.energy``."""
    return _LABELS[spec.kind].format(spec.name)


class Source:
    """A source with its track. `keeps_total`: it counts on by itself while nobody listens, so that
    an outage loses no energy. `direction` is the flow that it is sure to measure. Below `noise_w`
    two honest meters may disagree whether anything flows.
    """

    def __init__(
        self, spec: SourceSpec, track: TrackState, stale_ns: int, power_w_max: float
    ) -> None:
        self.label = label(spec)
        self.kind = spec.kind
        self.track = track
        self.stale_ns = stale_ns
        self.direction = Direction.IMPORT
        self.keeps_total = spec.kind is SourceKind.ENERGY
        self.noise_w = power_w_max * NOISE_RATIO

    @property
    def fault(self) -> str | None:
        """Why the source is not to be believed, apart from its age and its silence."""
        return None

    def grain_uwh(self) -> int:
        """Energy within which the source may stay unchanged for an honest reason."""
        return self.track.step_uwh
