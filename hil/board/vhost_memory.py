"""A guest's memory as the board sees it: regions shared by the emulator, and bytes within them.

Every address comes from a guest or an emulator and is checked before a byte is touched; what does
not lie whole within one region is refused with VhostError.
"""

from __future__ import annotations

import mmap
import os
import struct
from typing import NamedTuple, Self

REGIONS_COUNT_MAX = 8  # VHOST_MEMORY_BASELINE_NREGIONS
_REGION = struct.Struct("<QQQQ")  # guest address, size, emulator's address, offset in the file
_TABLE = struct.Struct("<I4x")
_FILE_BYTES_MAX = 1 << 40  # no machine of a bench has more


class VhostError(Exception):
    """A guest or its emulator has broken the rules; the text says what, got and needed."""


class Span(NamedTuple):
    """Some bytes of the guest's memory, known to be there."""

    memory: mmap.mmap
    offset: int
    size: int

    def read(self) -> bytes:
        return self.memory[self.offset : self.offset + self.size]

    def write(self, written: bytes) -> None:
        assert len(written) <= self.size
        self.memory[self.offset : self.offset + len(written)] = written

    def unpack(self, layout: struct.Struct, at: int) -> tuple[int, ...]:
        assert at + layout.size <= self.size
        return layout.unpack_from(self.memory, self.offset + at)

    def pack(self, layout: struct.Struct, at: int, *values: int) -> None:
        assert at + layout.size <= self.size
        layout.pack_into(self.memory, self.offset + at, *values)


class _Region(NamedTuple):
    guest_address: int
    user_address: int
    size: int
    memory: mmap.mmap
    offset: int


class GuestMemory:
    """The regions that the emulator has shared; none until it has."""

    def __init__(self, regions: list[_Region] | None = None) -> None:
        self._regions = regions or []

    @classmethod
    def of(cls, table: bytes, descriptors: list[int]) -> Self:
        """From the payload of SET_MEM_TABLE. Raises VhostError; closes no descriptor."""
        if len(table) < _TABLE.size:
            raise VhostError(f"memory table: got {len(table)} bytes, need >= {_TABLE.size}")
        (count,) = _TABLE.unpack_from(table)
        if count > REGIONS_COUNT_MAX or len(descriptors) != count:
            raise VhostError(
                f"memory table: got {count} regions and {len(descriptors)} files,"
                f" need <= {REGIONS_COUNT_MAX}, one file each"
            )
        if len(table) < _TABLE.size + count * _REGION.size:
            raise VhostError(f"memory table: got {len(table)} bytes for {count} regions")
        regions: list[_Region] = []
        for k, descriptor in enumerate(descriptors):
            told = _REGION.unpack_from(table, _TABLE.size + k * _REGION.size)
            regions.append(_map_region(told, descriptor))
        return cls(regions)

    def at_guest(self, address: int, size: int) -> Span:
        """Bytes by the guest's own address, as descriptors name them."""
        for region in self._regions:
            within = address - region.guest_address
            if within >= 0 and within + size <= region.size:
                return Span(region.memory, region.offset + within, size)
        raise VhostError(f"guest address {address:#x}: got no region that holds {size} bytes there")

    def at_user(self, address: int, size: int) -> Span:
        """Bytes by the emulator's address, as it names the parts of a ring."""
        for region in self._regions:
            within = address - region.user_address
            if within >= 0 and within + size <= region.size:
                return Span(region.memory, region.offset + within, size)
        raise VhostError(f"ring address {address:#x}: got no region that holds {size} bytes there")

    def close(self) -> None:
        for region in self._regions:
            region.memory.close()
        self._regions = []


def _map_region(told: tuple[int, int, int, int], descriptor: int) -> _Region:
    guest, size, user, offset = told
    file_bytes = os.fstat(descriptor).st_size
    if not size or not offset + size <= min(file_bytes, _FILE_BYTES_MAX):
        raise VhostError(
            f"memory region {guest:#x}: got {size} bytes from {offset}, need some within the"
            f" file's {file_bytes}"
        )
    return _Region(guest, user, size, mmap.mmap(descriptor, offset + size), offset)
