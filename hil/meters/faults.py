"""What can go wrong with a meter's reply, by order: silence, lateness, lies and nonsense.

It changes replies between the server and the line; the server stays as its makers wrote it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec

from hil.meters.frames import Codec, Frame
from hil.meters.registers import Registers


class UnitFaults(msgspec.Struct):
    """The faults of one unit, all off at first; `exception_code` and `answers_as`: 0 is off."""

    silent: bool = False
    delay_ms: float = 0.0
    garbage: bool = False
    answers_as: int = 0
    wrong_count: bool = False
    exception_code: int = 0


class Faults:
    """Faults by unit id, with the verbs that set them."""

    def __init__(self, registers: Registers, seed: int = 1) -> None:
        self._registers = registers
        self._random = random.Random(seed)
        self._units = {unit_id: UnitFaults() for unit_id in registers.unit_ids}

    def delay_ns(self, unit_id: int) -> int:
        return round(self._units[unit_id].delay_ms * 1e6)

    def spoil(self, reply: Frame, codec: Codec) -> bytes:
        """The bytes that leave the meter instead of `reply`; empty for silence."""
        faults = self._units[reply.unit_id]
        if faults.silent:
            return b""
        pdu = reply.pdu
        if faults.exception_code:
            pdu = bytes([pdu[0] | 0x80, faults.exception_code])
        elif faults.wrong_count and pdu[0] in (3, 4):
            pdu = bytes([pdu[0], pdu[1] + 2]) + pdu[2:] + b"\0\0"
        sent = codec.join(Frame(faults.answers_as or reply.unit_id, pdu, reply.transaction))
        return self._random.randbytes(len(sent)) if faults.garbage else sent

    def verbs(self) -> dict[str, Callable[..., Any]]:
        """Orders of :mod:`hil.rpc`; all take `unit`."""
        return {
            "silence": lambda unit, on: self._set(unit, "silent", on),
            "delay": lambda unit, ms: self._set(unit, "delay_ms", ms),
            "garbage": lambda unit, on: self._set(unit, "garbage", on),
            "wrong_unit": lambda unit, other: self._set(unit, "answers_as", other),
            "wrong_count": lambda unit, on: self._set(unit, "wrong_count", on),
            "exception": lambda unit, code: self._set(unit, "exception_code", code),
            "nan": self._nan,
            "scale": self._scale,
        }

    def _set(self, unit_id: int, name: str, value: float) -> None:
        setattr(self._units[unit_id], name, value)

    def _nan(self, unit: int, on: bool) -> None:
        if on:
            self._registers.nan.add(unit)
        else:
            self._registers.nan.discard(unit)

    def _scale(self, unit: int, factor: float) -> None:
        self._registers.factor[unit] = factor
