"""minimalmodbus, over pyserial."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from hil.figures.clients import loop


def main() -> None:
    job = loop.read_job()
    library = import_module("minimalmodbus")  # not on every machine, and untyped
    instruments = {}
    for unit_id in job.power_w:
        instrument = instruments[unit_id] = library.Instrument(job.port, unit_id)
        instrument.serial.baudrate = job.baudrate
        instrument.serial.stopbits = 2
        instrument.serial.timeout = loop.TIMEOUT_S

    def read(unit_id: int) -> Sequence[int] | None:
        try:
            words: Sequence[int] = instruments[unit_id].read_registers(
                loop.ADDRESS, loop.COUNT, functioncode=4
            )
        except OSError:  # its errors are all of this kind
            return None
        return words

    loop.run(job, read)


if __name__ == "__main__":
    main()
