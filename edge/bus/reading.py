"""One poll of one meter, own or overheard, as the sample that control gets. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge.core.metering.registers import Request, decode
from edge.model.bus import PolledMeter
from edge.model.scan import MeterSample


def sample_of(
    meter: PolledMeter, replies: Mapping[Request, Sequence[int]], end_mono_ns: int
) -> MeterSample:
    """What the words say that answered all requests of the meter, the last at `end_mono_ns`."""
    decoded = decode(meter.map, replies, meter.ratio_numerator, meter.ratio_denominator)
    return MeterSample(
        meter.name,
        end_mono_ns,
        decoded.power_w,
        decoded.import_uwh,
        decoded.export_uwh,
        decoded.step_uwh,
        decoded.fault,
    )
