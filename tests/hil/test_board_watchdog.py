"""The board's watchdog: by ioctl from a process under the preload library, and in single steps."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from hil.board import uapi
from hil.board.clock import NS_PER_S, Agenda
from hil.board.watchdog import Watchdog
from tests.hil.board_rig import DEADLINE_S, Child, Rig

# include/uapi/linux/watchdog.h, worked out by hand: _IOC(dir << 30 | 4 << 16 | 'W' << 8 | nr)
_SETTIMEOUT, _GETTIMEOUT, _GETTIMELEFT = 0xC0045706, 0x80045707, 0x8004570A
_KEEPALIVE, _GETSUPPORT, _GETBOOTSTATUS = 0x80045705, 0x80285700, 0x80045702


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as board:
        yield board


def open_watchdog(child: Child) -> None:
    child.run("w = os.open('/dev/watchdog', os.O_WRONLY)")


def number(child: Child, request: int, value: int = 0) -> Any:
    call = f"fcntl.ioctl(w, {request}, struct.pack('i', {value}))"
    return child.ask(f"struct.unpack('i', {call})[0]")


def test_watchdog_identity_and_timeouts_are_the_raspberry_pis(rig: Rig) -> None:
    child = rig.child()
    open_watchdog(child)
    support = f"fcntl.ioctl(w, {_GETSUPPORT}, bytes(40))"
    assert child.ask(support + "[8:].rstrip(b'\\0').decode()") == "Broadcom BCM2835 Watchdog timer"
    assert child.ask(f"struct.unpack_from('I', {support})[0]") == 0x8180
    assert number(child, _GETTIMEOUT) == 15
    assert number(child, _SETTIMEOUT, 4) == 4
    assert number(child, _GETTIMEOUT) == 4
    assert number(child, _GETTIMELEFT) == 3  # whole seconds left of just under four
    assert number(child, _GETBOOTSTATUS) == 0


@pytest.mark.parametrize("timeout_s", [0, 16])
def test_watchdog_timeout_beyond_the_register_is_refused(rig: Rig, timeout_s: int) -> None:
    child = rig.child()
    open_watchdog(child)
    with pytest.raises(OSError, match="ioctl") as caught:
        number(child, _SETTIMEOUT, timeout_s)
    assert caught.value.errno == errno.EINVAL
    assert number(child, _GETTIMEOUT) == 15


def test_watchdog_second_open_is_busy_until_the_first_is_closed(rig: Rig) -> None:
    child, other = rig.child(), rig.child()
    open_watchdog(child)
    with pytest.raises(OSError, match="open") as caught:
        open_watchdog(other)
    assert caught.value.errno == errno.EBUSY
    open_watchdog(rig.child("b"))  # another machine's is another one
    child.run("os.write(w, b'V'); os.close(w)")
    open_watchdog(other)


def test_watchdog_magic_close_disarms_and_a_plain_close_does_not(rig: Rig) -> None:
    child = rig.child()
    open_watchdog(child)
    child.run("os.write(w, b'V'); os.close(w)")
    assert rig.order("snapshot")["units"]["a"]["watchdog"]["running"] is False
    open_watchdog(child)
    child.run("os.write(w, b'V'); os.write(w, b'.'); os.close(w)")  # the last write counts
    state = rig.order("snapshot")["units"]["a"]["watchdog"]
    assert (state["running"], state["open"]) == (True, False)


def test_watchdog_nowayout_ignores_the_magic_close() -> None:
    with Rig(unit_changes={"a": {"watchdog": {"nowayout": True}}}) as rig:
        child = rig.child()
        open_watchdog(child)
        child.run("os.write(w, b'V'); os.close(w)")
        assert rig.order("snapshot")["units"]["a"]["watchdog"]["running"] is True


@pytest.mark.parametrize("feed", ["os.write(w, b'.')", f"fcntl.ioctl(w, {_KEEPALIVE}, 0)"])
def test_watchdog_is_fed_by_write_and_by_keepalive(rig: Rig, feed: str) -> None:
    child = rig.child()
    open_watchdog(child)
    before = rig.order("snapshot")["units"]["a"]["watchdog"]["feeds_count"]
    child.ask(feed)
    assert rig.order("snapshot")["units"]["a"]["watchdog"]["feeds_count"] == before + 1


def test_watchdog_expiry_kills_the_units_processes_and_resets_its_outputs(rig: Rig) -> None:
    child, bystander = rig.child("a"), rig.child("b")
    child.run(
        "r = gpiod.request_lines('/dev/gpiochip0', {5: gpiod.LineSettings("
        "direction=Direction.OUTPUT, output_value=Value.ACTIVE)})"
    )
    open_watchdog(child)
    number(child, _SETTIMEOUT, 1)
    os.kill(child.process.pid, signal.SIGSTOP)  # a hang: nobody feeds it
    assert child.process.wait(DEADLINE_S) == -signal.SIGKILL
    assert [unit for _, unit in rig.log().watchdog_resets()] == ["a"]
    set_ns = next(e["t_ns"] for e in rig.log().events if e["event"] == "watchdog_timeout")
    reset_ns = rig.log().watchdog_resets()[0][0]
    assert reset_ns - set_ns == NS_PER_S
    assert rig.levels("a", 5) == [("out", 1), ("in", 0)]
    assert bystander.ask("1 + 1") == 2
    after = rig.child("a")
    open_watchdog(after)
    assert number(after, _GETBOOTSTATUS) == 0x0020  # WDIOF_CARDRESET


class Bench:
    """A watchdog with its agenda and the events it has told."""

    def __init__(self, *, nowayout: bool = False) -> None:
        self.agenda = Agenda()
        self.events: list[tuple[int, str]] = []
        self.resets_ns: list[int] = []
        self.watchdog = Watchdog(self.agenda, self._log, self.resets_ns.append, nowayout=nowayout)
        self.device = self.watchdog.open(0)

    def _log(self, t_ns: int, event: str, **_: Any) -> None:
        self.events.append((t_ns, event))

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.device.pipe.hand_over()
        self.device.pipe.close()


def test_watchdog_timer_fed_in_time_never_expires_and_then_does_once() -> None:
    with Bench() as bench:
        bench.watchdog.set_timeout(2, 0)
        for t_s in range(1, 10):
            bench.watchdog.feed(t_s * NS_PER_S)
            bench.agenda.run_due(t_s * NS_PER_S)
        assert bench.resets_ns == []
        bench.agenda.run_due(100 * NS_PER_S)
        assert bench.resets_ns == [11 * NS_PER_S]
        assert bench.events[-1] == (11 * NS_PER_S, "watchdog_reset")


def test_watchdog_timer_counts_a_write_that_waits_in_the_pipe() -> None:
    with Bench() as bench:
        os.write(bench.device.pipe.theirs, b".")
        bench.agenda.run_due(15 * NS_PER_S)  # the board was late: the byte came before the deadline
        assert bench.resets_ns == []
        bench.agenda.run_due(30 * NS_PER_S)
        assert bench.resets_ns == [30 * NS_PER_S]


def test_watchdog_options_stop_and_start_the_timer_unless_nowayout() -> None:
    with Bench() as bench:
        bench.watchdog.set_options(uapi.WDIOS_DISABLECARD, 0)
        bench.agenda.run_due(100 * NS_PER_S)
        bench.watchdog.set_options(uapi.WDIOS_ENABLECARD, 100 * NS_PER_S)
        bench.agenda.run_due(200 * NS_PER_S)
        assert bench.resets_ns == [115 * NS_PER_S]
    with Bench(nowayout=True) as bench, pytest.raises(OSError, match="busy"):
        bench.watchdog.set_options(uapi.WDIOS_DISABLECARD, 0)
