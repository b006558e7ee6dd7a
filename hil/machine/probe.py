"""What runs in a guest to try its end of a channel: the guest's part of the bench's self-test.

It is sent to the guest as it is and run by the product's interpreter; it says a JSON object.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import termios
import time
import tty
from datetime import timedelta
from pathlib import Path
from typing import Any

_CHIP = "/dev/gpiochip0"
_HOLD_S = 0.02
_READY = Path(os.environ.get("PROBE_READY", "/run/probe-ready"))


def drive(*pins: str) -> dict[str, Any]:
    """Each output up and down again, one after the other; then all are let go."""
    import gpiod
    from gpiod.line import Direction, Value

    settings = gpiod.LineSettings(direction=Direction.OUTPUT)
    driven = [int(pin) for pin in pins]
    with gpiod.request_lines(_CHIP, consumer="probe", config={tuple(driven): settings}) as request:
        for pin in driven:
            for value in (Value.ACTIVE, Value.INACTIVE):
                request.set_value(pin, value)
                time.sleep(_HOLD_S)
    return {"driven": driven}


def count(pin: str, edges: str, within_s: str, bias: str = "AS_IS") -> dict[str, Any]:
    """Falling edges at an input, by the kernel's own numbers; `ready` is said before the first."""
    import gpiod
    from gpiod.line import Bias, Direction, Edge

    settings = gpiod.LineSettings(
        direction=Direction.INPUT, edge_detection=Edge.FALLING, bias=Bias[bias]
    )
    deadline_s = time.monotonic() + float(within_s)
    seen = 0
    with gpiod.request_lines(_CHIP, consumer="probe", config={int(pin): settings}) as request:
        _READY.touch()
        while seen < int(edges) and (left_s := deadline_s - time.monotonic()) > 0:
            if request.wait_edge_events(timedelta(seconds=left_s)):
                seen = max(event.line_seqno for event in request.read_edge_events())
    return {"edges": seen}


def echo(port: str, bytes_count: str, within_s: str) -> dict[str, Any]:
    """So many bytes of the line, sent back as they came."""
    fd = os.open(port, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    attributes = termios.tcgetattr(fd)
    attributes[4] = attributes[5] = termios.B19200
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
    termios.tcflush(fd, termios.TCIFLUSH)
    _READY.touch()
    heard = b""
    deadline_s = time.monotonic() + float(within_s)
    while len(heard) < int(bytes_count) and (left_s := deadline_s - time.monotonic()) > 0:
        if select.select([fd], [], [], left_s)[0]:
            heard += os.read(fd, 256)
    os.write(fd, heard)
    termios.tcdrain(fd)
    os.close(fd)
    return {"heard": heard.hex()}


def answer(within_s: str, *addresses: str) -> dict[str, Any]:
    """Says on each own address what it hears there, once."""
    links = []
    for address in addresses:
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        link.bind((address, 4747))
        links.append(link)
    _READY.touch()
    left = list(links)
    deadline_s = time.monotonic() + float(within_s)
    while left and (left_s := deadline_s - time.monotonic()) > 0:
        for link in select.select(left, [], [], left_s)[0]:
            payload, sender = link.recvfrom(64)
            link.sendto(payload, sender)
            left.remove(link)
    return {"answered": len(links) - len(left)}


def call(within_s: str, *addresses: str) -> dict[str, Any]:
    """Milliseconds until each address has answered; None for one that has not."""
    found: dict[str, float | None] = {}
    for address in addresses:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.settimeout(float(within_s))
            begun_s = time.monotonic()
            link.sendto(b"probe", (address, 4747))
            try:
                link.recv(64)
                found[address] = round((time.monotonic() - begun_s) * 1e3, 1)
            except OSError:
                found[address] = None
    return found


def main() -> None:
    probes = {each.__name__: each for each in (drive, count, echo, answer, call)}
    print(json.dumps(probes[sys.argv[1]](*sys.argv[2:])))


if __name__ == "__main__":
    main()
