"""The numbers and layouts of Linux's GPIO v2 and watchdog interfaces, as the bench reads them.

Source: include/uapi/linux/gpio.h and include/uapi/linux/watchdog.h of Linux 6.1. It knows bytes
only.
"""

from __future__ import annotations

import enum
import struct
from typing import Any

import msgspec

LINES_COUNT_MAX = 64
EVENTS_COUNT_MAX = LINES_COUNT_MAX * 16

_WRITE, _READ = 1, 2


def _ioc(direction: int, kind: int, number: int, size: int) -> int:
    return direction << 30 | size << 16 | kind << 8 | number


class Flag(enum.IntFlag):
    """enum gpio_v2_line_flag."""

    USED = 1 << 0
    ACTIVE_LOW = 1 << 1
    INPUT = 1 << 2
    OUTPUT = 1 << 3
    EDGE_RISING = 1 << 4
    EDGE_FALLING = 1 << 5
    OPEN_DRAIN = 1 << 6
    OPEN_SOURCE = 1 << 7
    BIAS_PULL_UP = 1 << 8
    BIAS_PULL_DOWN = 1 << 9
    BIAS_DISABLED = 1 << 10
    EVENT_CLOCK_REALTIME = 1 << 11


# Plain integers: a pulse train tests them ten thousand times a second.
EDGES = int(Flag.EDGE_RISING | Flag.EDGE_FALLING)
DIRECTIONS = int(Flag.INPUT | Flag.OUTPUT)
DRIVES = int(Flag.OPEN_DRAIN | Flag.OPEN_SOURCE)
BIASES = int(Flag.BIAS_PULL_UP | Flag.BIAS_PULL_DOWN | Flag.BIAS_DISABLED)
VALID = int(sum(Flag) - Flag.USED)


class Attribute(enum.IntEnum):
    """enum gpio_v2_line_attr_id."""

    FLAGS = 1
    OUTPUT_VALUES = 2
    DEBOUNCE = 3


class Changed(enum.IntEnum):
    """enum gpio_v2_line_changed_type."""

    REQUESTED = 1
    RELEASED = 2
    CONFIG = 3


class EventId(enum.IntEnum):
    """enum gpio_v2_line_event_id."""

    RISING_EDGE = 1
    FALLING_EDGE = 2


_CHIP_INFO = struct.Struct("=32s32sI")
_LINE_INFO = struct.Struct("=32s32sIIQ160s16x")
_LINE_INFO_CHANGED = struct.Struct("=256sQI20x")
_CONFIG = struct.Struct("=QI20s240s")
_CONFIG_ATTRIBUTE = struct.Struct("=IIQQ")
_REQUEST = struct.Struct("=256s32s272sII20si")
_VALUES = struct.Struct("=QQ")
_EVENT = struct.Struct("=QIIII24x")
EVENT_BYTES = _EVENT.size
LINE_INFO_CHANGED_BYTES = _LINE_INFO_CHANGED.size

GET_CHIPINFO = _ioc(_READ, 0xB4, 0x01, _CHIP_INFO.size)
GET_LINEINFO = _ioc(_READ | _WRITE, 0xB4, 0x05, _LINE_INFO.size)
GET_LINEINFO_WATCH = _ioc(_READ | _WRITE, 0xB4, 0x06, _LINE_INFO.size)
GET_LINEINFO_UNWATCH = _ioc(_READ | _WRITE, 0xB4, 0x0C, 4)
GET_LINE = _ioc(_READ | _WRITE, 0xB4, 0x07, _REQUEST.size)
SET_CONFIG = _ioc(_READ | _WRITE, 0xB4, 0x0D, _CONFIG.size)
GET_VALUES = _ioc(_READ | _WRITE, 0xB4, 0x0E, _VALUES.size)
SET_VALUES = _ioc(_READ | _WRITE, 0xB4, 0x0F, _VALUES.size)

WATCHDOG_INFO = struct.Struct("=II32s")
WDIOC_GETSUPPORT = _ioc(_READ, ord("W"), 0, WATCHDOG_INFO.size)
WDIOC_GETSTATUS = _ioc(_READ, ord("W"), 1, 4)
WDIOC_GETBOOTSTATUS = _ioc(_READ, ord("W"), 2, 4)
WDIOC_SETOPTIONS = _ioc(_READ, ord("W"), 4, 4)
WDIOC_KEEPALIVE = _ioc(_READ, ord("W"), 5, 4)
WDIOC_SETTIMEOUT = _ioc(_READ | _WRITE, ord("W"), 6, 4)
WDIOC_GETTIMEOUT = _ioc(_READ, ord("W"), 7, 4)
WDIOC_GETTIMELEFT = _ioc(_READ, ord("W"), 10, 4)
WDIOF_CARDRESET, WDIOF_SETTIMEOUT = 0x0020, 0x0080
WDIOF_MAGICCLOSE, WDIOF_KEEPALIVEPING = 0x0100, 0x8000
WDIOS_DISABLECARD, WDIOS_ENABLECARD = 1, 2


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode(errors="replace")


class LineSetting(msgspec.Struct, frozen=True):
    """What a line configuration says of one line; `output` is the logical value."""

    flags: int
    output: int
    debounce_us: int


class LineRequest(msgspec.Struct, frozen=True):
    """struct gpio_v2_line_request, resolved to one setting for each line."""

    offsets: list[int]
    consumer: str
    settings: list[LineSetting]
    event_buffer_count: int


def decode_config(raw: bytes, lines_count: int) -> list[LineSetting]:
    """Settings of the lines by index; the first attribute that names a line wins, as in Linux.

    Raises ValueError where Linux answers EINVAL for the layout.
    """
    flags, attributes_count, padding, attributes = _CONFIG.unpack(raw)
    if attributes_count > 10 or any(padding):
        raise ValueError("line config")
    found: dict[tuple[int, int], int] = {}
    for k in range(attributes_count):
        kind, _, value, mask = _CONFIG_ATTRIBUTE.unpack_from(attributes, k * 24)
        for i in range(lines_count):
            if mask >> i & 1:
                found.setdefault((kind, i), value)
    return [
        LineSetting(
            flags=found.get((Attribute.FLAGS, i), flags),
            output=found.get((Attribute.OUTPUT_VALUES, i), 0) >> i & 1,
            debounce_us=found.get((Attribute.DEBOUNCE, i), 0) & 0xFFFFFFFF,
        )
        for i in range(lines_count)
    ]


def decode_request(raw: bytes) -> LineRequest:
    """Raises ValueError where Linux answers EINVAL for the layout."""
    offsets, consumer, config, count, buffer_count, padding, _ = _REQUEST.unpack(raw)
    if not 0 < count <= LINES_COUNT_MAX or any(padding):
        raise ValueError("line request")
    return LineRequest(
        offsets=list(struct.unpack_from(f"={count}I", offsets)),
        consumer=_text(consumer),
        settings=decode_config(config, count),
        event_buffer_count=min(buffer_count or count * 16, EVENTS_COUNT_MAX),
    )


def decode_values(raw: bytes) -> tuple[int, int]:
    """`(bits, mask)` by line index in the request."""
    bits, mask = _VALUES.unpack(raw)
    return bits, mask


def decode_line_info_offset(raw: bytes) -> int:
    return int(_LINE_INFO.unpack(raw)[2])


def encode_values(bits: int, mask: int) -> bytes:
    return _VALUES.pack(bits, mask)


def encode_chip_info(name: str, label: str, lines_count: int) -> bytes:
    return _CHIP_INFO.pack(name.encode(), label.encode(), lines_count)


def encode_line_info(offset: int, name: str, consumer: str, flags: int, debounce_us: int) -> bytes:
    attributes = struct.pack("=IIQ", Attribute.DEBOUNCE, 0, debounce_us) if debounce_us else b""
    count = 1 if debounce_us else 0
    return _LINE_INFO.pack(name.encode(), consumer.encode(), offset, count, flags, attributes)


def encode_line_info_changed(info: bytes, timestamp_ns: int, kind: Changed) -> bytes:
    return _LINE_INFO_CHANGED.pack(info, timestamp_ns, kind)


def encode_event(
    timestamp_ns: int, kind: EventId, offset: int, seqno: int, line_seqno: int
) -> bytes:
    return _EVENT.pack(timestamp_ns, kind, offset, seqno & 0xFFFFFFFF, line_seqno & 0xFFFFFFFF)


def encode_int(value: int) -> bytes:
    return struct.pack("=i", value)


def decode_int(raw: bytes) -> int:
    value: Any = struct.unpack("=i", raw)[0]
    return int(value)
