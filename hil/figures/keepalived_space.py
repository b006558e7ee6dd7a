"""A machine for a peer's daemon: a network and a process namespace, and what is told of its
addresses. It ends with the bench, however that ends, and takes all that runs within with it.
"""

from __future__ import annotations

import socket
import struct
import subprocess
from pathlib import Path

from hil.network.space import NEWNET, Holder, enter, first_child, run_in

_RTMGRP_IPV4_IFADDR = 0x10
_RTM_NEWADDR = 20
_NETLINK_HEADER = struct.Struct("=IHHII")


def tells_address(datagram: bytes, address: bytes) -> bool:
    """Whether a netlink datagram says that an interface has got the IPv4 address."""
    offset = 0
    while offset + _NETLINK_HEADER.size <= len(datagram):
        length, kind, *_ = _NETLINK_HEADER.unpack_from(datagram, offset)
        if length < _NETLINK_HEADER.size:
            return False
        if kind == _RTM_NEWADDR and address in datagram[offset : offset + length]:
            return True
        offset += (length + 3) & ~3
    return False


def descendants(pid: int) -> list[int]:
    """Pids of all descendants, the youngest first."""
    try:
        own = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has ended
        return []
    return [each for child in own for each in (*descendants(int(child)), int(child))]


class Namespace:
    """Both namespaces, for as long as their first process lives; the loopback is up."""

    def __init__(self) -> None:
        words = ["unshare", "--net", "--pid", "--fork", "sh", "-c", "echo ready; exec cat"]
        self._holder = Holder(words)
        self.pid = first_child(self._holder.process.pid)
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *command: str) -> str:
        """Output of a command in the network namespace. Raises CalledProcessError."""
        return run_in(self.pid, *command)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["nsenter", f"--target={self.pid}", "--net", "--pid", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )

    def address_socket(self) -> socket.socket:
        """Tells of every address that an interface in here gets or loses, from now on."""
        there = Path(f"/proc/{self.pid}/ns/net")
        with Path("/proc/thread-self/ns/net").open() as own, there.open() as inside:
            enter(inside.fileno(), NEWNET)
            try:
                told = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
                told.bind((0, _RTMGRP_IPV4_IFADDR))
            finally:
                enter(own.fileno(), NEWNET)
        told.setblocking(False)
        return told

    def close(self) -> None:
        self._holder.close()
