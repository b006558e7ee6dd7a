"""Where energy comes from: meter lines, meters and their registers, pulse inputs, their order."""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from edge.config.io import Bias, Edge
from edge.config.sections.terms import Name, NonEmpty, Pin, Positive, Ratio, Section
from edge.model.bus import Parity
from edge.model.registers import ByteOrder, Quantity, Side, WordOrder, WordType
from edge.model.spec import Direction

Milliseconds = Annotated[int, Meta(ge=10, le=10000)]
PollPace = Annotated[
    Annotated[int, Meta(ge=0, le=60000)],
    Meta(description="A meter is polled again after so long at the soonest; 0: at once."),
]
TcpPort = Annotated[int, Meta(ge=1, le=65535)]


class RtuBus(Section, frozen=True, tag="rtu", tag_field="kind"):
    """[bus.NAME] with kind = "rtu": a serial port."""

    port: Annotated[
        NonEmpty,
        Meta(description="Device path that names the socket, e.g. /dev/serial/by-path/... ."),
    ]
    baudrate: Annotated[
        Annotated[int, Meta(ge=300, le=460800)], Meta(description="Bits per second.")
    ] = 19200
    parity: Annotated[
        Parity, Meta(description="Modbus RTU's default is E; with N use two stop bits.")
    ] = Parity.EVEN
    stopbits: Annotated[
        Annotated[int, Meta(ge=1, le=2)], Meta(description="Stop bits of a character.")
    ] = 1
    echo: Annotated[bool, Meta(description="The adapter hears what it sends itself.")] = False
    rs485_rts: Annotated[
        bool, Meta(description="The kernel's driver must switch the transmitter by RTS.")
    ] = False
    timeout_ms: Annotated[
        Milliseconds, Meta(description="Wait for an answer, beyond the time of the bits.")
    ] = 300
    poll_ms_min: PollPace = 50


class RtuOverTcpBus(Section, frozen=True, tag="rtu_over_tcp", tag_field="kind"):
    """[bus.NAME] with kind = "rtu_over_tcp": RTU frames through a transparent serial server."""

    host: Annotated[NonEmpty, Meta(description="Name or address of the serial server.")]
    tcp_port: Annotated[TcpPort, Meta(description="Its port for this line.")]
    timeout_ms: Annotated[Milliseconds, Meta(description="Wait for an answer.")] = 500
    poll_ms_min: PollPace = 50


class TcpBus(Section, frozen=True, tag="tcp", tag_field="kind"):
    """[bus.NAME] with kind = "tcp": Modbus TCP."""

    host: Annotated[NonEmpty, Meta(description="Name or address of the meter or gateway.")]
    tcp_port: Annotated[TcpPort, Meta(description="TCP port.")] = 502
    timeout_ms: Annotated[Milliseconds, Meta(description="Wait for an answer.")] = 500
    poll_ms_min: PollPace = 50


Bus = RtuBus | RtuOverTcpBus | TcpBus


class Unit(enum.StrEnum):
    """Units in which meters give power and energy."""

    W = "W"
    KW = "kW"
    MW = "MW"
    WH = "Wh"
    KWH = "kWh"
    MWH = "MWh"


class RegisterSection(Section, frozen=True):
    """[[register]] of a profile, or [[meter.NAME.register]]: one quantity of a meter."""

    quantity: Annotated[
        Quantity, Meta(description="What it holds; import is energy taken from the network.")
    ]
    function_code: Annotated[
        Annotated[int, Meta(ge=3, le=4)],
        Meta(description="3 reads holding registers, 4 input registers."),
    ]
    address: Annotated[
        Annotated[int, Meta(ge=0, le=65535)],
        Meta(description="0-based, as on the wire (manuals often print one more, or 30001 more)."),
    ]
    type: Annotated[WordType, Meta(description="Number format.")]
    word_order: Annotated[
        WordOrder,
        Meta(description="`big`: the first register is the most significant. Never guessed."),
    ]
    unit: Annotated[Unit, Meta(description="Unit of the value.")]
    raw_per_unit: Annotated[
        Positive, Meta(description="The register counts so many to one unit: 10 for tenths.")
    ] = 1.0
    byte_order: Annotated[
        ByteOrder, Meta(description="Order of the two bytes in a register; the standard's is big.")
    ] = ByteOrder.BIG
    not_available: Annotated[
        tuple[int, ...],
        Meta(description="Raw integers by which the meter says that it has no value."),
    ] = ()
    rollover_raw: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Raw count at which it starts again from zero, if before its width."),
    ] = None


class ProfileFile(Section, frozen=True):
    """A profile: the registers of a meter type, shipped or in `profiles/` beside the site file."""

    name: Annotated[Name, Meta(description="Name by which meters refer to it; the file's name.")]
    model: Annotated[NonEmpty, Meta(description="Maker and model.")]
    source: Annotated[NonEmpty, Meta(description="Where the addresses come from.")]
    side: Annotated[
        Side,
        Meta(description="`primary`: the meter multiplies by its own CT and VT ratios already."),
    ]
    register: Annotated[tuple[RegisterSection, ...], Meta(description="What is read.")]
    registers_per_request_max: Annotated[
        Annotated[int, Meta(ge=4, le=125)],
        Meta(description="How many registers the meter gives in one answer."),
    ] = 125
    gaps_readable: Annotated[bool, Meta(description="The registers between ours answer too.")] = (
        False
    )
    response_ms_max: Annotated[
        Milliseconds,
        Meta(description="Longest time from the end of a request until the meter answers."),
    ] = 500


class MeterRole(enum.StrEnum):
    """SITE: measures the whole site. INFO: is read and shown, decides nothing."""

    SITE = "site"
    INFO = "info"


class MeterSection(Section, frozen=True):
    """[meter.NAME]: a Modbus meter."""

    bus: Annotated[Name, Meta(description="The [bus.NAME] that it is on.")]
    unit_id: Annotated[Annotated[int, Meta(ge=1, le=247)], Meta(description="Its Modbus address.")]
    profile: Annotated[
        Name | None, Meta(description="Its register map by name; or give [[meter.NAME.register]].")
    ] = None
    register: Annotated[
        tuple[RegisterSection, ...], Meta(description="Its registers, instead of a profile.")
    ] = ()
    side: Annotated[
        Side | None,
        Meta(description="Overrides the profile's: `secondary` if the ratios are not set in it."),
    ] = None
    role: Annotated[
        MeterRole, Meta(description="`site` measures the whole site; `info` is only shown.")
    ] = MeterRole.INFO
    ct_ratio: Annotated[
        Positive | None,
        Meta(description="Current transformer, e.g. 20 for 100/5 A; secondary only."),
    ] = None
    vt_ratio: Annotated[
        Positive | None,
        Meta(description="Voltage transformer, e.g. 60 for 6600/110 V; secondary only."),
    ] = None
    stale_s: Annotated[
        Annotated[float, Meta(gt=0, le=3600)],
        Meta(description="A reading that is older is no longer believed."),
    ] = 10.0
    response_ms_max: Annotated[
        Milliseconds | None, Meta(description="Overrides the profile's.")
    ] = None


class PulseSection(Section, frozen=True):
    """[pulse.NAME]: a pulse input. Exactly one of the two weights is given."""

    pin: Annotated[Pin, Meta(description="GPIO number of the input (BCM).")]
    pulse_constant_per_kwh: Annotated[
        Positive | None, Meta(description="Pulses to a kWh, before CT and VT.")
    ] = None
    wh_per_pulse: Annotated[
        Positive | None, Meta(description="Wh of one pulse, before CT and VT.")
    ] = None
    ct_ratio: Annotated[
        Positive, Meta(description="Current transformer; 1 if the constant includes it.")
    ] = 1.0
    vt_ratio: Annotated[
        Positive, Meta(description="Voltage transformer; 1 if the constant includes it.")
    ] = 1.0
    direction: Annotated[
        Direction, Meta(description="`import` is energy taken from the network.")
    ] = Direction.IMPORT
    debounce_ms: Annotated[
        float, Meta(ge=0, le=1000, description="A level must last so long to count.")
    ] = 1.0
    edge: Annotated[Edge, Meta(description="The edge that counts.")] = Edge.FALLING
    bias: Annotated[Bias, Meta(description="Resistor of the input.")] = Bias.PULL_UP


class MeteringSection(Section, frozen=True):
    """[metering]: which source of the site's energy is believed first."""

    sources: Annotated[
        tuple[NonEmpty, ...],
        Meta(
            description="Best first: `pulse.NAME`, `meter.NAME.energy`, `meter.NAME.power`. None "
            "given: the import pulse, then the energy, then the power of the site's meter."
        ),
    ] = ()
    power_kw_max: Annotated[
        Positive | None,
        Meta(
            description="What the connection can carry at most; more is a fault, not energy. "
            "None given: three times the contract."
        ),
    ] = None
    stale_s: Annotated[
        Annotated[float, Meta(gt=0, le=3600)],
        Meta(description="How long a silent source is believed before the next takes over."),
    ] = 10.0
    steady_s: Annotated[
        Annotated[float, Meta(ge=0, le=3600)],
        Meta(description="A better source that is back takes over again after so long."),
    ] = 60.0
    cross_check_ratio: Annotated[
        Ratio, Meta(description="Alarm when two sources differ by more than this.")
    ] = 0.02
    cross_check_s: Annotated[
        Annotated[float, Meta(ge=60, le=86400)],
        Meta(description="Time over which they are compared."),
    ] = 1800.0
