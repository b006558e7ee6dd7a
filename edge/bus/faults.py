"""Texts for a port, a line or a meter that fails: where, what, what it means, what to do.

Formats only; it opens nothing and decides nothing.
"""

from __future__ import annotations

import errno
import os
from typing import Final

from edge.core.line_timing import BABBLE_NS_MAX, silence_ns
from edge.model.bus import BusPlan, LineKind, PolledMeter
from edge.model.problem import Problem
from edge.model.units import NS_PER_MS

_TRYING: Final = "it is tried again until it works"
_MISSING: Final = ("port is missing", f"plug the adapter in or correct the port; {_TRYING}")
_BUSY: Final = ("port is busy", f"stop the program that holds it (fuser -v shows it); {_TRYING}")
_NO_PERMISSION: Final = (
    "no permission to open the port",
    f"add the service's user to the group of the device; {_TRYING}",
)
_NOT_SERIAL: Final = ("is not a serial port", f"correct the port; {_TRYING}")
_SILENT_ADAPTER: Final = ("adapter does not respond", f"unplug it and plug it in; {_TRYING}")
_REFUSED: Final = ("nobody listens there", f"check host and tcp_port; {_TRYING}")
_UNREACHABLE: Final = ("host cannot be reached", f"check cable and address; {_TRYING}")

_BY_ERRNO: Final = {
    errno.ENOENT: _MISSING,
    errno.ENODEV: _MISSING,
    errno.ENXIO: _MISSING,
    errno.EBUSY: _BUSY,
    errno.EAGAIN: _BUSY,
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.ENOTTY: _NOT_SERIAL,
    errno.EINVAL: _NOT_SERIAL,
    errno.EISDIR: _NOT_SERIAL,
    errno.EIO: _SILENT_ADAPTER,
    errno.EPROTO: _SILENT_ADAPTER,
    errno.ECONNREFUSED: _REFUSED,
    errno.EHOSTUNREACH: _UNREACHABLE,
    errno.ENETUNREACH: _UNREACHABLE,
    errno.ETIMEDOUT: _UNREACHABLE,
}


def line_name(plan: BusPlan) -> str:
    """The line as an operator knows it: its name in the site file and where it is."""
    place = plan.port if plan.kind is LineKind.RTU else f"{plan.host}:{plan.tcp_port}"
    return f"bus.{plan.name} {place}"


def _number(fault: BaseException | None) -> int | None:
    """The errno of `fault` or of what it was raised from; pyserial hides termios.error so."""
    while fault is not None:
        number = fault.args[0] if fault.args else None
        if isinstance(number, int):
            return number
        if isinstance(fault, TimeoutError):
            return errno.ETIMEDOUT
        fault = fault.__cause__ or fault.__context__
    return None


def opening_problem(plan: BusPlan, fault: Exception) -> Problem:
    """Why the port could not be opened."""
    number = _number(fault)
    what, next_step = _BY_ERRNO.get(number or 0, ("cannot be opened", _TRYING))
    return Problem(
        where=line_name(plan),
        what=what,
        got=os.strerror(number).lower() if number else str(fault),
        effect="no meter of this line is read",
        next_step=next_step,
    )


def lost_problem(plan: BusPlan, fault: Exception | None) -> Problem:
    """Why an open port is no more."""
    number = _number(fault)
    got = os.strerror(number).lower() if number else str(fault or "closed by the other end")
    return Problem(
        where=line_name(plan),
        what="port was lost",
        got=got,
        effect="no meter of this line is read",
        next_step="it is opened again as soon as it is there",
    )


def meter_problem(
    plan: BusPlan, meter: PolledMeter, *, what: str, got: str, next_step: str
) -> Problem:
    """Why a meter's poll gave nothing."""
    return Problem(
        where=f"{line_name(plan)} meter.{meter.name} unit {meter.unit_id}",
        what=what,
        got=got,
        effect="this reading is missing",
        next_step=next_step,
    )


def jammed_problem(plan: BusPlan) -> Problem:
    """The line was never silent for long enough to begin a frame."""
    return Problem(
        where=line_name(plan),
        what="line is never silent",
        got=f"bytes for more than {BABBLE_NS_MAX // NS_PER_MS} ms",
        need=f"{silence_ns(plan) // 1000} µs of silence",
        effect="nothing is sent",
        next_step="look for a second master, a stuck transmitter or missing bias resistors",
    )
