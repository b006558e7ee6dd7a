"""The bench of two gateways itself, with small programs in place of controllers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.gateway import Gateway
from hil.network.space import reason_to_skip
from hil.pair import Pair
from hil.shim.build import build
from hil.works import UNITS, Works

pytestmark = pytest.mark.xdist_group("bench")

_QUERY = "b'\\x01\\x03\\x00\\x00\\x00\\x02\\xc4\\x0b'"
# Writes a query to the meter line, once for each line of its input.
_POLLER = f"""
import os, sys
line = os.open("/mnt/ttyRS485", os.O_RDWR | os.O_NOCTTY)
print("up", flush=True)
for _ in sys.stdin:
    os.write(line, {_QUERY})
"""
# Lets its watchdog run out, with a child that the board knows nothing of.
_HANGER = """
import fcntl, os, struct, subprocess, time
env = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
subprocess.Popen(["setsid", "sleep", "1000"], env=env)
watchdog = os.open("/dev/watchdog", os.O_WRONLY)
fcntl.ioctl(watchdog, 0xC0045706, struct.pack("i", 1))
print("up", flush=True)
time.sleep(1000)
"""


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    if why := reason_to_skip():
        pytest.skip(why)
    with Pair(Works(enable_lines=False)) as pair:
        yield pair


def start(pair: Pair, gateway: Gateway, code: str) -> subprocess.Popen[bytes]:
    machine = gateway.machine
    assert machine is not None
    machine.boot()
    process = machine.popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={
            **os.environ,
            "LD_PRELOAD": str(build()),
            "DENBAN_BOARD_SOCKET": str(pair.board_socket(gateway.unit)),
        },
        bufsize=0,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


def close(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.wait(10)
    process.stdout.close()


def tell(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")


def test_pair_gives_both_units_the_same_site_file(pair: Pair) -> None:
    assert pair.kita.site.read_bytes() == pair.minami.site.read_bytes()
    keys = [gateway.folder / "twin.key" for gateway in pair.gateways.values()]
    assert keys[0].read_bytes() == keys[1].read_bytes()
    assert [key.stat().st_mode & 0o777 for key in keys] == [0o600, 0o600]


def test_pair_witness_tells_who_drove_the_line_and_when_both_did(pair: Pair) -> None:
    pollers = [start(pair, gateway, _POLLER) for gateway in pair.gateways.values()]
    for poller in pollers:
        count = len(pair.witness().queries)
        tell(poller)
        pair.wait("a query", lambda count=count: len(pair.witness().queries) > count)
    (takeover,) = pair.witness().takeovers()
    assert (takeover.old, takeover.new) == UNITS
    assert pair.witness().overlaps() == []
    for poller in pollers:
        tell(poller)
    pair.wait("two more", lambda: len(pair.witness().queries) == 4)
    ((first, second),) = pair.witness().overlaps()
    assert {first.node, second.node} == set(UNITS)
    assert first.collided
    for poller in pollers:
        close(poller)


def test_pair_keeps_its_logs_and_reads_no_terminal_for_it(pair: Pair, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    pair.keep(kept)
    assert (kept / "board.log").is_file()
    assert (kept / UNITS[0] / "site.toml").is_file()
    assert not (kept / "tty-incomer").exists()
    assert not (kept / "board.sock").exists()


def test_watchdog_reset_ends_the_whole_machine_and_no_other(pair: Pair) -> None:
    kita, minami = pair.kita.machine, pair.minami.machine
    assert kita is not None
    assert minami is not None
    minami.boot()
    began_s = time.monotonic()
    process = start(pair, pair.kita, _HANGER)
    assert len(kita.pids()) >= 2
    pair.wait("a reset", lambda: not kita.is_on)
    assert 0.9 < time.monotonic() - began_s < 5
    assert len(pair.witness().resets(pair.kita.unit)) == 1
    assert kita.pids() == []
    assert minami.is_on
    assert process.wait(10) == -9
    close(process)
