"""Pulses sent by the board against pulses that the controller has made energy of."""

from __future__ import annotations

import time

from hil.figures.figure import Figure, Row, Run, verdict
from hil.figures.plant import FEEDER, PlantSize
from hil.figures.rig import GatewayRig

_NAME = "pulses"
_RATE_HZ = 1000
_BURST_COUNT = 5000
_KWH_PER_PULSE = 1e-4
_COUNTED_S_MAX = 10.0
_BEGIN_S_MAX = 30.0


class _Counter:
    """The controller's count, from the energy of the interval in its status."""

    def __init__(self, rig: GatewayRig) -> None:
        self._rig = rig

    def count(self) -> int:
        limits = self._rig.status()["status"]["limits"]
        return round(limits[0]["energy_kwh"] / _KWH_PER_PULSE) if limits else 0

    def settled(self, wanted: int) -> int:
        """The count once it has reached `wanted`, or what it is after some seconds."""
        deadline_s = time.monotonic() + _COUNTED_S_MAX
        while (count := self.count()) < wanted and time.monotonic() < deadline_s:
            time.sleep(0.2)
        return count

    def wait_begun(self) -> None:
        """Until the controller has a pulse source to count by."""
        deadline_s = time.monotonic() + _BEGIN_S_MAX
        while not self._rig.status()["status"]["limits"]:
            if time.monotonic() > deadline_s:
                raise RuntimeError("controller: no limit is held; not measured")
            time.sleep(0.1)


def _measure(run: Run) -> list[Row]:
    # The interval began within the last minute, so that none ends while pulses are counted.
    began_s = int(time.time()) % 3600 // 60 * 60
    size = PlantSize(
        meters=0,
        loads=1,
        pulses=1,
        wh_per_pulse=_KWH_PER_PULSE * 1000,
        pulse_follows=False,
        interval_s=3600,
        alignment_s=began_s,
    )
    with GatewayRig(run.folder, size) as rig:
        rig.start()
        counter = _Counter(rig)
        counter.wait_begun()
        duration_s = run.pick(60, 5)
        run.step(f"{_RATE_HZ} pulses a second for {duration_s} s")
        paced = _row(rig, counter, _RATE_HZ * duration_s, _RATE_HZ)
        run.step("a burst")
        burst = _row(rig, counter, _BURST_COUNT, 0)
    return [paced, burst]


def _row(rig: GatewayRig, counter: _Counter, count: int, rate_hz: int) -> Row:
    before, sent_before = counter.count(), _sent(rig)
    duration_s = rig.board.order("pulses", line=FEEDER, count=count, rate_hz=rate_hz)
    time.sleep(duration_s)
    while not rig.board.order("snapshot")["pulses"][FEEDER]["idle"]:
        time.sleep(0.1)
    sent = _sent(rig) - sent_before
    counted = counter.settled(before + sent) - before
    how = f"at {rate_hz} Hz for {duration_s:.0f} s" if rate_hz else "in one burst"
    return Row(
        figure=_NAME,
        what=f"pulses lost of {sent} {how}",
        measured=f"{sent - counted}",
        target="0",
        verdict=verdict(counted == sent == count),
        numbers={"sent_count": sent, "counted_count": counted},
    )


def _sent(rig: GatewayRig) -> int:
    return int(rig.board.order("snapshot")["pulses"][FEEDER]["pulses_count"])


FIGURE = Figure(_NAME, "pulses at 1 kHz and in a burst", lambda run: run.pick(72, 16), _measure)
