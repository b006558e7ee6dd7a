"""The ways on which datagrams go between the gateways: UDP here, and what all ways have in common.

Never waits and never raises for a fault of the network: a path that is down only says so, and comes
back by itself. Takes what anybody sends; whose it is, the keyed hash says.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
import time
from typing import Final, NamedTuple, Protocol

from edge.adapters.reasons import reason
from edge.config.io import PathPlan
from edge.model.units import NS_PER_S
from edge.peer.frame import DATAGRAM_BYTES_MAX

# What one scan takes from one path; the peer sends one datagram in that time, so more is a flood.
ARRIVALS_MAX: Final = 32
# The kernel holds no more of a flood than about a scan takes away (the value is doubled there).
_RECEIVE_BYTES: Final = 32 * 1024
_DSCP_CS6: Final = 48 << 2
_RETRY_NS: Final = NS_PER_S
# Not in the socket module (Linux: asm-generic/socket.h, linux/in.h, linux/in6.h).
_SO_TIMESTAMPNS: Final = 35
_IP_FREEBIND: Final = 15
_IPV6_FREEBIND: Final = 78
_TIMESPEC: Final = struct.Struct("@ll")
_STAMP_BYTES: Final = socket.CMSG_SPACE(_TIMESPEC.size)
# The peer is down, or its port is closed: nothing that a new socket would change.
_OF_THE_NETWORK: Final = frozenset(
    {
        errno.EAGAIN,
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.EHOSTDOWN,
        errno.ECONNREFUSED,
        errno.EADDRNOTAVAIL,
        errno.EINVAL,
        errno.ENOBUFS,
        errno.EPERM,
        errno.EACCES,
        errno.EMSGSIZE,
    }
)


class Arrival(NamedTuple):
    """A datagram and when it came in (CLOCK_BOOTTIME)."""

    datagram: bytes
    mono_ns: int


class MonoClock(Protocol):
    """CLOCK_BOOTTIME."""

    def mono_ns(self) -> int: ...


class Path(Protocol):
    """`problem`: why the path can not be used at all, empty if it can. `is_flooded`: more came in
    than one scan takes. `is_slow`: bulk goes on it only where there is no other.
    """

    name: str
    problem: str
    is_flooded: bool
    can_send: bool
    is_slow: bool

    def receive(self, now_mono_ns: int) -> list[Arrival]: ...

    def send(self, datagram: bytes) -> None: ...

    def close(self) -> None: ...


class UdpPath:
    """One network. The socket is bound to the own address also while that is not there."""

    is_slow = False

    def __init__(self, plan: PathPlan, clock: MonoClock) -> None:
        self.name = plan.name
        self.problem = ""
        self.is_flooded = False
        self._clock = clock
        self._read_mono_ns = clock.mono_ns()
        self.can_send = True
        self._plan = plan
        self._peer = (plan.peer_host, plan.port)
        self._socket: socket.socket | None = None
        self._retry_mono_ns = 0
        self._open()

    def receive(self, now_mono_ns: int) -> list[Arrival]:
        arrivals: list[Arrival] = []
        open_socket = self._keep_open(now_mono_ns)
        self.is_flooded = False
        if open_socket is None:
            return arrivals
        wall_ahead_ns = time.time_ns() - self._clock.mono_ns()
        # Whatever came before the last reading was read then.
        before_mono_ns, self._read_mono_ns = self._read_mono_ns, now_mono_ns
        for _ in range(ARRIVALS_MAX):
            try:
                datagram, control, _flags, _source = open_socket.recvmsg(
                    DATAGRAM_BYTES_MAX + 1, _STAMP_BYTES
                )
            except OSError as error:
                self._note(error)
                return arrivals
            stamp_ns = _stamp_ns(control)
            mono_ns = now_mono_ns if stamp_ns is None else stamp_ns - wall_ahead_ns
            # The wall clock may have stepped between the arrival and now.
            mono_ns = min(max(mono_ns, before_mono_ns), now_mono_ns)
            arrivals.append(Arrival(datagram, mono_ns))
        self.is_flooded = True
        return arrivals

    def send(self, datagram: bytes) -> None:
        if self._socket is None:
            self.can_send = False
            return
        try:
            self._socket.sendto(datagram, self._peer)
        except OSError as error:
            self.can_send = False
            self._note(error)
        else:
            self.can_send = True

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _keep_open(self, now_mono_ns: int) -> socket.socket | None:
        if self._socket is None and now_mono_ns >= self._retry_mono_ns:
            self._retry_mono_ns = now_mono_ns + _RETRY_NS
            self._open()
        return self._socket

    def _open(self) -> None:
        plan = self._plan
        try:
            self._socket = open_udp(plan.own_host, plan.port)
            self.problem = ""
        except OSError as error:
            self.problem = f"{plan.own_host} port {plan.port}: {reason(error)}"

    def _note(self, error: OSError) -> None:
        """A socket that is broken in itself is made anew."""
        if error.errno not in _OF_THE_NETWORK:
            self.close()
            self.problem = f"{self._plan.own_host} port {self._plan.port}: {reason(error)}"


def open_udp(own_host: str, port: int) -> socket.socket:
    """Non-blocking, bound to an address that need not be there yet. Raises OSError, ValueError."""
    is_v6 = ipaddress.ip_address(own_host).version == 6
    opened = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        if is_v6:
            opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_FREEBIND, 1)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, _DSCP_CS6)
        else:
            opened.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _DSCP_CS6)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        opened.bind((own_host, port))
    except OSError:
        opened.close()
        raise
    return opened


def _stamp_ns(control: list[tuple[int, int, bytes]]) -> int | None:
    """The kernel's stamp of the arrival, on the wall clock."""
    for level, kind, stamp in control:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(stamp) >= _TIMESPEC.size:
            seconds, ns = _TIMESPEC.unpack_from(stamp)
            return int(seconds * NS_PER_S + ns)
    return None
