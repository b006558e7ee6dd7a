"""Ethernet frames with UDP over IPv4, taken apart and made, as far as the switch needs it.

Pure. It knows nothing of what the datagrams say.
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

_ETHERNET = struct.Struct("!6s6sH")
_IPV4 = struct.Struct("!BBHHHBBH4s4s")  # RFC 791, without options
_UDP = struct.Struct("!HHHH")
_TYPE_IPV4 = 0x0800
_TTL = 64
_UDP_CHECKSUM_OFFSET = 6


class Address(NamedTuple):
    """One end of a path. `mac` is six bytes, `host` a dotted IPv4 address."""

    mac: bytes
    host: str


class Datagram(NamedTuple):
    """Where the UDP part of a frame lies."""

    udp_offset: int
    payload: bytes


def find_datagram(frame: bytes) -> Datagram | None:
    """The UDP datagram in a frame; None for ARP, ICMP, fragments and all the rest."""
    if len(frame) < _ETHERNET.size + _IPV4.size:
        return None
    if _ETHERNET.unpack_from(frame)[2] != _TYPE_IPV4:
        return None
    version_length, _, _, _, fragment, _, protocol, *_ = _IPV4.unpack_from(frame, _ETHERNET.size)
    if protocol != socket.IPPROTO_UDP or fragment & 0x3FFF:
        return None
    offset = _ETHERNET.size + 4 * (version_length & 0x0F)
    if len(frame) < offset + _UDP.size:
        return None
    length = _UDP.unpack_from(frame, offset)[2]
    return Datagram(offset, frame[offset + _UDP.size : offset + length])


def without_checksum(frame: bytes) -> bytes:
    """The frame with the UDP checksum left out, which RFC 768 allows.

    A virtual interface leaves the sum to hardware that is not there; what takes the frame off the
    wire and puts it on again would hand on a wrong one.
    """
    datagram = find_datagram(frame)
    if datagram is None:
        return frame
    at = datagram.udp_offset + _UDP_CHECKSUM_OFFSET
    return frame[:at] + bytes(2) + frame[at + 2 :]


def make_frame(source: Address, target: Address, port: int, payload: bytes) -> bytes:
    """A UDP datagram from `port` to the same `port`."""
    udp = _UDP.pack(port, port, _UDP.size + len(payload), 0) + payload
    hosts = socket.inet_aton(source.host), socket.inet_aton(target.host)
    size = _IPV4.size + len(udp)
    header = _IPV4.pack(0x45, 0, size, 0, 0x4000, _TTL, socket.IPPROTO_UDP, 0, *hosts)
    checksum = struct.pack("!H", _internet_checksum(header))
    header = header[:10] + checksum + header[12:]
    return _ETHERNET.pack(target.mac, source.mac, _TYPE_IPV4) + header + udp


def _internet_checksum(header: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
