"""A party on the line: its port, its receiver, its cable, and what it hears of a character.

It decides only for itself; the order of characters and their damage come from the wire.
"""

from __future__ import annotations

import msgspec

from hil.line.port import Port
from hil.line.receivers import Receiver
from hil.line.socket_port import SocketPort
from hil.line.wire import Char

_BAUDRATE_TOLERANCE_RATIO = 0.03  # half a bit at the stop bit of an 8E1 character is about 4.5 %


class NodeCounts(msgspec.Struct):
    """Bytes since the start. `overflow`: the port was not read; `mismatched`: at another rate;
    `blocked`: the transmitter was not enabled, or the adapter dead.
    """

    sent_bytes: int = 0
    blocked_bytes: int = 0
    heard_bytes: int = 0
    mismatched_bytes: int = 0
    overflow_bytes: int = 0


class Node:
    """`plugged`: its cable reaches the line. `deaf`: no receiver. `echo`: it hears itself.

    `enabled`: its transmitter may drive. `dead`: its adapter carries nothing either way.
    """

    def __init__(
        self, name: str, port: Port | SocketPort, receiver: Receiver, *, echo: bool
    ) -> None:
        self.name = name
        self.port = port
        self.receiver = receiver
        self.echo = echo
        self.plugged = True
        self.deaf = False
        self.enabled = True
        self.dead = False
        self.baudrate = port.default_baudrate
        self.counts = NodeCounts()

    def hears(self, char: Char) -> bool:
        """A half-duplex adapter without echo has its receiver off while it drives.

        On a stub that is cut off only its own echo is left.
        """
        if self.deaf or self.dead:
            return False
        if self.name in char.drivers:
            return self.echo
        return self.plugged and not char.isolated

    def mismatches(self, char: Char) -> bool:
        return abs(char.baudrate - self.baudrate) > _BAUDRATE_TOLERANCE_RATIO * self.baudrate

    def hear(self, byte: int, end_ns: int) -> None:
        self.counts.heard_bytes += 1
        self.receiver.hear(byte, end_ns)

    def hand_over(self) -> None:
        """Give what was heard to the port's user."""
        heard = self.receiver.take()
        self.counts.overflow_bytes += len(heard) - self.port.write(heard)
