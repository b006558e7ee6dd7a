"""Promise: a gateway without a battery clock and a network controls from its first scan, and puts
its labels right when a time service comes. No energy is made or lost on the way.

Trust is what the real watch makes of a machine's files; the decisions are fed scan by scan.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.adapters import boottime
from edge.adapters.boottime import ClockWatch, KernelTime
from edge.core.controller import Controller, new_state
from edge.model.event import Event, EventKind
from edge.model.scan import ClockTrust, PulseSample, ScanInputs
from edge.model.units import NS_PER_MIN, NS_PER_S, UWH_PER_KWH
from tests.specs import control_spec

_BEGIN_MONO_NS = 20 * NS_PER_S  # a machine that has just started
_TRUE_UTC_NS = 1_790_001_000 * NS_PER_S  # 2026-09-21T13:50:00Z
_PULSE_UWH = 24_000_000
_SYNC_S = 70 * 60
_LASTS_S = 3 * 3600
_UNSET = KernelTime(synchronised=False, error_us_max=16_000_000)
_KEPT = KernelTime(synchronised=True, error_us_max=200_000)


class Gateway:
    """A machine whose clock begins at `wrong_utc_ns`; the network comes after 70 minutes."""

    def __init__(self, folder: Path, wrong_utc_ns: int, monkeypatch: pytest.MonkeyPatch) -> None:
        spec = control_spec()
        metering = msgspec.structs.replace(
            spec.metering, sources=spec.metering.sources[:1], meters=()
        )
        plain = msgspec.structs.replace(spec, plan=None, metering=metering)
        self.controller = Controller(plain, new_state(), _BEGIN_MONO_NS)
        self.events: list[Event] = []
        self.trusts: list[ClockTrust] = []
        self._wrong_utc_ns = wrong_utc_ns
        # Neither file is there: no rtc0, and timesyncd has never been synchronised.
        self._watch = ClockWatch(folder / "timesync/synchronized", folder / "class/rtc")
        self._kernel = _UNSET
        monkeypatch.setattr(boottime, "read_kernel_time", lambda: self._kernel)

    def run(self, begin_s: int, end_s: int) -> None:
        """A scan each two seconds at 432 kW."""
        for second in range(begin_s, end_s, 2):
            now_ns = _BEGIN_MONO_NS + second * NS_PER_S
            synchronised = second >= _SYNC_S
            self._kernel = _KEPT if synchronised else _UNSET
            begin_utc_ns = _TRUE_UTC_NS if synchronised else self._wrong_utc_ns
            trust = self._watch.trust(now_ns)
            self.trusts.append(trust)
            pulses = (PulseSample("incomer", 1, 5 * second, now_ns),)
            inputs = ScanInputs(now_ns, begin_utc_ns + second * NS_PER_S, trust, pulses)
            self.events += self.controller.step(inputs).events

    def reasons(self) -> list[object]:
        return [one.facts["reason"] for one in self.events if one.kind is EventKind.CLOCK]


# The epoch, where a Pi begins without anything; and some day of the past, as fake-hwclock or
# systemd's own build date have it.
_WRONG_UTC_NS = [0, _TRUE_UTC_NS - 400 * 86_400 * NS_PER_S - 11 * NS_PER_MIN]


@pytest.mark.parametrize("wrong_utc_ns", _WRONG_UTC_NS)
def test_gateway_without_clock_and_network_controls_at_once_and_marks_its_labels(
    tmp_path: Path, wrong_utc_ns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Gateway(tmp_path, wrong_utc_ns, monkeypatch)
    gateway.run(0, 2)
    assert gateway.trusts == [ClockTrust.UNTRUSTED]
    assert gateway.reasons() == ["label_untrusted"]
    gateway.run(2, _SYNC_S)
    assert set(gateway.trusts) == {ClockTrust.UNTRUSTED}
    closed = [one.facts for one in gateway.events if one.kind is EventKind.INTERVAL_CLOSED]
    assert {facts["length_s"] for facts in closed if not facts["partial"]} == {1800.0}
    assert not any(facts["label_trusted"] for facts in closed)
    status = gateway.controller.status()
    assert status is not None
    (limit,) = [one for one in status.limits if one.name == "demand"]
    assert limit.energy_kwh > 0


@pytest.mark.parametrize("wrong_utc_ns", _WRONG_UTC_NS)
def test_gateway_that_hears_the_time_late_relabels_once_and_keeps_its_energy(
    tmp_path: Path, wrong_utc_ns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Gateway(tmp_path, wrong_utc_ns, monkeypatch)
    gateway.run(0, _LASTS_S)
    assert gateway.trusts[-1] is ClockTrust.NTP
    assert gateway.reasons().count("relabelled") == 1
    closed = [one.facts for one in gateway.events if one.kind is EventKind.INTERVAL_CLOSED]
    last = closed[-1]
    assert last["label_trusted"]
    assert last["start_utc_ns"] % (30 * NS_PER_MIN) == 0
    assert _TRUE_UTC_NS < last["start_utc_ns"] < _TRUE_UTC_NS + _LASTS_S * NS_PER_S
    assert {facts["length_s"] for facts in closed if not facts["partial"]} == {1800.0}
    status = gateway.controller.status()
    assert status is not None
    (limit,) = [one for one in status.limits if one.name == "demand"]
    booked_kwh = sum(facts["energy_kwh"] for facts in closed) + limit.energy_kwh
    pulses_kwh = (_LASTS_S - 2) * 5 * _PULSE_UWH / UWH_PER_KWH
    assert booked_kwh == pytest.approx(pulses_kwh, abs=2 * _PULSE_UWH / UWH_PER_KWH)
