"""Every pin has one use, is there on the board, and is none that a serial port of a bus needs."""

from __future__ import annotations

from collections.abc import Iterator

from edge.config.findings import Findings, dotted
from edge.config.locate import Path
from edge.config.sections.metering import RtuBus
from edge.config.sections.plant import BoardModel
from edge.config.site import Site

# GPIO 2 to 27 of the 40-pin header; 0 and 1 belong to the EEPROM of an expansion board.
_HEADER_PINS = range(2, 28)
# The names under which the UART at GPIO 14 and 15 appears, and its RTS at GPIO 17.
_HEADER_UARTS = frozenset({"/dev/serial0", "/dev/ttyAMA0", "/dev/ttyS0"})
_UART_PINS = (14, 15)
_UART_RTS_PIN = 17
_MODEL: Path = ("board", "model")


def check_pins(site: Site, findings: Findings) -> None:
    """Refuse pins used twice and pins that are not free on this board."""
    if site.board.model is BoardModel.GENERIC and site.board.gpio_chip is None:
        findings.refuse(
            ("board", "gpio_chip"),
            "missing key",
            got="none",
            need="the chip of a generic board",
            rests_on=[_MODEL],
        )
    taken: dict[int, str] = dict(_serial_pins(site))
    for path, pin in _uses(site):
        if findings.doubtful(path):
            continue
        if site.board.model is not BoardModel.GENERIC and pin not in _HEADER_PINS:
            findings.refuse(
                path,
                f"not a pin of the {site.board.model}",
                got=f"GPIO {pin}",
                need=f"GPIO {_HEADER_PINS[0]} to {_HEADER_PINS[-1]}",
                rests_on=[_MODEL],
            )
        if pin in taken:
            findings.refuse(
                path, "pin is used twice", got=f"GPIO {pin}", need=f"not that of {taken[pin]}"
            )
        taken.setdefault(pin, dotted(path))


def _serial_pins(site: Site) -> Iterator[tuple[int, str]]:
    for name, bus in site.bus.items():
        if isinstance(bus, RtuBus) and bus.port in _HEADER_UARTS:
            for pin in (*_UART_PINS, *((_UART_RTS_PIN,) if bus.rs485_rts else ())):
                yield pin, f"the serial port of bus.{name}"
    if site.twin.serial in _HEADER_UARTS:
        for pin in _UART_PINS:
            yield pin, "twin.serial"


def _uses(site: Site) -> Iterator[tuple[Path, int]]:
    optional: list[tuple[Path, int | None]] = [(("demand", "eoi_pin"), site.demand.eoi_pin)]
    for name, pulse in site.pulse.items():
        optional.append((("pulse", name, "pin"), pulse.pin))
    for name, load in site.load.items():
        optional.append((("load", name, "pin"), load.pin))
        optional.append((("load", name, "feedback_pin"), load.feedback_pin))
    alarm = site.alarm
    optional += [
        (("alarm", "caution_pin"), alarm.caution_pin),
        (("alarm", "shed_pin"), alarm.shed_pin),
        (("alarm", "fault_pin"), alarm.fault_pin),
        (("alarm", "buzzer_pin"), alarm.buzzer_pin),
        (("alarm", "acknowledge_pin"), alarm.acknowledge_pin),
    ]
    optional += [
        (("twin", "enable_pin"), site.twin.enable_pin),
        (("twin", "peer_enable_pin"), site.twin.peer_enable_pin),
    ]
    for path, pin in optional:
        if pin is not None:
            yield path, pin
