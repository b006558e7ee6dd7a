"""What an operator reads when a port cannot be opened: real ports where the machine has them."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import termios
from pathlib import Path

import pytest

from edge.bus.client import LineClient
from edge.bus.faults import lost_problem, opening_problem
from edge.bus.lease import BusPage
from edge.bus.port import open_port
from edge.model.bus import BusPlan, LineKind
from edge.model.problem import Problem
from tests.bus.line import FakeLine, at_once, plan_for

TRYING = "it is tried again until it works"


def opening(plan: BusPlan, page: BusPage) -> Problem | None:
    async def run() -> Problem | None:
        client = LineClient(plan, page)
        try:
            return await client.open()
        finally:
            client.close()

    return asyncio.run(run())


def said(what: str, got: str, next_step: str, place: object) -> Problem:
    where = f"bus.main {place}"
    return Problem(where, what, got, "", "no meter of this line is read", f"{next_step}; {TRYING}")


def test_open_of_a_missing_port_says_so(tmp_path: Path, page: BusPage) -> None:
    port = tmp_path / "none"
    problem = opening(plan_for(port), page)
    assert problem == said(
        "port is missing",
        "no such file or directory",
        "plug the adapter in or correct the port",
        port,
    )


def test_open_of_a_file_says_it_is_no_serial_port(tmp_path: Path, page: BusPage) -> None:
    port = tmp_path / "file"
    port.write_bytes(b"")
    problem = opening(plan_for(port), page)
    got = "inappropriate ioctl for device"
    assert problem == said("is not a serial port", got, "correct the port", port)


def test_open_of_a_port_that_another_worker_holds_says_it_is_busy(
    tmp_path: Path, page: BusPage
) -> None:
    link = tmp_path / "port"
    plan = plan_for(link)
    with FakeLine(link, at_once(b"")):
        port, warnings = open_port(plan)
        try:
            problem = opening(plan, page)
        finally:
            port.close()
    assert warnings == []
    assert problem is not None
    assert problem.what == "port is busy"
    assert problem.next_step == f"stop the program that holds it (fuser -v shows it); {TRYING}"


def test_open_port_is_exclusive_against_programs_without_locks(tmp_path: Path) -> None:
    with FakeLine(tmp_path / "port", at_once(b"")):
        port, _ = open_port(plan_for(tmp_path / "port"))
        try:
            exclusive = fcntl.ioctl(port.fileno(), 0x80045440, b"\0\0\0\0")  # TIOCGEXCL
        finally:
            port.close()
    assert int.from_bytes(exclusive, "little") == 1


def test_open_with_rts_switching_that_the_driver_lacks_warns_and_goes_on(tmp_path: Path) -> None:
    with FakeLine(tmp_path / "port", at_once(b"")):
        port, warnings = open_port(plan_for(tmp_path / "port", rs485_rts=True))
        port.close()
    assert [warning.what for warning in warnings] == [
        "the port's driver cannot switch an RS-485 transmitter by RTS"
    ]


def test_open_with_an_impossible_baud_rate_is_a_problem(tmp_path: Path, page: BusPage) -> None:
    with FakeLine(tmp_path / "port", at_once(b"")):
        problem = opening(plan_for(tmp_path / "port", baudrate=-5), page)
    assert problem is not None
    assert problem.what == "cannot be opened"


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (PermissionError(errno.EACCES, "denied"), "no permission to open the port"),
        (OSError(errno.EBUSY, "busy"), "port is busy"),
        (OSError(errno.ENXIO, "gone"), "port is missing"),
        (termios.error(errno.EIO, "i/o"), "adapter does not respond"),
        (OSError(errno.EHOSTUNREACH, "no route"), "host cannot be reached"),
        (TimeoutError(), "host cannot be reached"),
        (OSError(errno.ENOSPC, "full"), "cannot be opened"),
    ],
)
def test_opening_problem_names_the_cause(fault: Exception, what: str) -> None:
    assert opening_problem(plan_for("/dev/x"), fault).what == what


def test_opening_problem_looks_behind_an_exception_without_number() -> None:
    """pyserial raises SerialException("Could not configure port") from termios.error."""
    fault = OSError("Could not configure port")
    fault.__context__ = termios.error(errno.ENOTTY, "Inappropriate ioctl for device")
    assert opening_problem(plan_for("/dev/x"), fault).what == "is not a serial port"


def test_opening_problem_of_an_unknown_cause_keeps_its_words() -> None:
    problem = opening_problem(plan_for("/dev/x"), ValueError("what is this"))
    assert (problem.what, problem.got) == ("cannot be opened", "what is this")


def test_lost_problem_names_the_line() -> None:
    plan = plan_for("", kind=LineKind.TCP, host="10.0.0.5", tcp_port=502)
    assert str(lost_problem(plan, None)) == (
        "bus.main 10.0.0.5:502: port was lost: got closed by the other end; "
        "no meter of this line is read; it is opened again as soon as it is there"
    )
