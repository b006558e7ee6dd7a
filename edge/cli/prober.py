"""Asks unit ids on a line whether a meter answers, and which register map makes sense of it.

A value proves no profile: what several maps make sense of is shown with each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct

from edge.bus.reply import Reply
from edge.core.metering.registers import Decoded, Request, decode, plan_requests
from edge.model.bus import PolledMeter
from edge.model.registers import RegisterMap
from edge.model.scan import MeterFault
from edge.model.units import UWH_PER_KWH

# No plant's incomer passes these; a wrong word order or type usually does, by far.
_POWER_W_MAX: Final = 1e9
_ENERGY_UWH_MAX: Final = 10**11 * UWH_PER_KWH
# A float that is not zero but smaller is an integer read as a float.
_POWER_W_MIN: Final = 1e-6

Told = Callable[[int, int, bool], None]


class Reader(Protocol):
    """Reads registers of a meter: edge.bus.client.LineClient."""

    async def read(self, meter: PolledMeter, request: Request) -> Reply: ...


class Reading(Struct, frozen=True):
    """What a profile makes of a meter; values as the meter shows them, no ratio applied."""

    profile: str
    power_w: float | None
    import_uwh: int | None
    export_uwh: int | None


class Answering(Struct, frozen=True):
    """A unit id that answers. `remark` is how it answered where no profile fits."""

    unit_id: int
    readings: tuple[Reading, ...]
    remark: str


class Prober:
    """Knocks with one read a function code (`thorough`: with every profile's first read)."""

    def __init__(self, maps: Mapping[str, RegisterMap], *, thorough: bool) -> None:
        self._maps = maps
        firsts = [plan_requests(one)[0] for one in maps.values()]
        if thorough:
            self._knocks = tuple(dict.fromkeys(firsts))
        else:
            self._knocks = tuple({first.function_code: first for first in firsts}.values())

    async def probe(self, reader: Reader, ids: Iterable[int], told: Told) -> list[Answering]:
        """Every id in turn. Raises what the reader raises when the line is lost."""
        found: list[Answering] = []
        for unit_id in ids:
            answer = await self._knock(reader, unit_id)
            if answer is not None:
                readings = [await self._read(reader, unit_id, name) for name in self._maps]
                fitting = tuple(reading for reading in readings if reading is not None)
                found.append(Answering(unit_id, fitting, answer))
            told(unit_id, len(found), answer is not None)
        return found

    async def _knock(self, reader: Reader, unit_id: int) -> str | None:
        """How the unit answers, None for silence. A refusal is an answer, and so is a garbled one:
        two meters with the same id.
        """
        for knock in self._knocks:
            reply = await reader.read(_meter(unit_id, _ANY), knock)
            if reply.fault is None:
                return "answers"
            if reply.fault is not MeterFault.NO_REPLY:
                return reply.fault.value.replace("_", " ")
        return None

    async def _read(self, reader: Reader, unit_id: int, name: str) -> Reading | None:
        """The values by one profile; None where the meter refuses or they make no sense."""
        register_map = self._maps[name]
        meter = _meter(unit_id, register_map)
        replies: dict[Request, Sequence[int]] = {}
        for request in plan_requests(register_map):
            reply = await reader.read(meter, request)
            if reply.fault is not None:
                return None
            replies[request] = reply.words
        decoded = decode(register_map, replies)
        if not is_plausible(decoded):
            return None
        return Reading(name, decoded.power_w, decoded.import_uwh, decoded.export_uwh)


def is_plausible(decoded: Decoded) -> bool:
    """Whether a meter may show these values: numbers, within what any plant can have."""
    if decoded.fault is not None:
        return False
    power_w = abs(decoded.power_w or 0.0)
    if power_w > _POWER_W_MAX or 0.0 < power_w < _POWER_W_MIN:
        return False
    energies = [e for e in (decoded.import_uwh, decoded.export_uwh) if e is not None]
    return all(0 <= energy <= _ENERGY_UWH_MAX for energy in energies)


_ANY: Final = RegisterMap("probe", (), "")


def _meter(unit_id: int, register_map: RegisterMap) -> PolledMeter:
    return PolledMeter(f"unit {unit_id}", unit_id, register_map)
