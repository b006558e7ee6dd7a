"""A compiled site as bytes: for the keeper, and for a recording that must replay by itself."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from edge.config.io import IoPlan
from edge.model.problem import Problem
from edge.model.spec import ControlSpec


class CompiledSite(Struct, frozen=True):
    """All that the control process needs of a site file. `digest` as in LoadedSite."""

    spec: ControlSpec
    io: IoPlan
    digest: str
    warnings: tuple[Problem, ...]


def encode_site(site: CompiledSite) -> bytes:
    """msgpack; the time zone goes by its IANA name."""
    return msgspec.msgpack.encode(site, enc_hook=_name_of_zone)


def decode_site(data: bytes) -> CompiledSite:
    """Raises msgspec.MsgspecError for bytes of another version."""
    return msgspec.msgpack.decode(data, type=CompiledSite, dec_hook=_zone_of_name)


def encode_spec(spec: ControlSpec) -> bytes:
    """msgpack; the time zone goes by its IANA name."""
    return msgspec.msgpack.encode(spec, enc_hook=_name_of_zone)


def decode_spec(data: bytes) -> ControlSpec:
    """Raises msgspec.MsgspecError for bytes of another version, ZoneInfoNotFoundError for a zone
    that this machine does not know.
    """
    return msgspec.msgpack.decode(data, type=ControlSpec, dec_hook=_zone_of_name)


def _name_of_zone(value: Any) -> str:
    if isinstance(value, ZoneInfo) and value.key is not None:
        return value.key
    raise NotImplementedError(type(value))


def _zone_of_name(kind: type, name: Any) -> Any:
    if kind is tzinfo:
        return ZoneInfo(name)
    raise NotImplementedError(kind)
