"""The suite's words for plant, pulses and meter line, said to the bench's own board and hub.

For every bench whose plant, line and meters are those of :mod:`hil.field`.
"""

from __future__ import annotations

from hil.field import Field
from hil.works import FEEDER


class FieldPlant:
    def __init__(self, field: Field) -> None:
        self._field = field

    def stop(self) -> None:
        self._field.plant_stop()

    def run(self, base_kw: float) -> None:
        self._field.plant_run(base_kw)

    def set_base_kw(self, base_kw: float) -> None:
        self._field.set_base_kw(base_kw)

    def import_uwh(self) -> int:
        return int(self._field.snapshot()["import_uwh"][FEEDER])


class FieldPulses:
    def __init__(self, field: Field) -> None:
        self._field = field

    def send(self, count: int, rate_hz: float) -> None:
        self._field.board.order("pulses", line=FEEDER, count=count, rate_hz=rate_hz)

    def made_count(self) -> int:
        return int(self._field.snapshot()["pulses"][FEEDER]["pulses_count"])

    def break_wire(self, *, on: bool) -> None:
        self._field.faults.break_pulse(on)


class FieldLine:
    def __init__(self, field: Field) -> None:
        self._field = field

    def short(self, *, on: bool) -> None:
        self._field.faults.short_bus(on)

    def noise(self, probability: float) -> None:
        self._field.faults.make_noise(probability)

    def silence_meter(self, name: str, *, on: bool) -> None:
        self._field.faults.silence_meter(name, on)

    def speak(self, sent: bytes) -> None:
        self._field.faults.drive_line(sent)
