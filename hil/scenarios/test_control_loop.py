"""The control loop alone stands still: everything else of its process and its unit goes on."""

from __future__ import annotations

import shlex

import pytest

from hil.suite.protocol import Gateway
from hil.suite.scene import Scene

# Traces the main thread of a process and stops it, for a minute at most; it goes on when the tracer
# ends. Returns as soon as it stands. PTRACE_SEIZE and PTRACE_INTERRUPT of linux/ptrace.h.
_STOP_MAIN_THREAD = """
import ctypes, os, sys, time
told, tell = os.pipe()
if os.fork():
    os.close(tell)
    sys.exit(os.read(told, 1) != b"1")
os.setsid()
for fd in (0, 1, 2):
    os.dup2(os.open(os.devnull, os.O_RDWR), fd)
trace = ctypes.CDLL(None).ptrace
trace.argtypes = [ctypes.c_long] * 4
pid = int(sys.argv[1])
if trace(0x4206, pid, 0, 0) == 0 and trace(0x4207, pid, 0, 0) == 0:
    os.write(tell, b"1")
    os.close(tell)
    time.sleep(60)
"""


@pytest.mark.covers("S02")
def test_control_loop_that_hangs_is_reset_and_taken_over_in_time(scene: Scene) -> None:
    """The control loop on duty stands still; other threads of its process, the bus worker and the
    keeper go on. Expected: its watchdog resets the gateway, once, since only a complete scan feeds
    it; the other gateway has the duty in time; no load with parallel contacts moves.
    """
    old, new = scene.begin()
    _stop_control_loop(old)
    scene.mark("control loop stands still", old.unit)
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.silent_s)
    resets = len(scene.witness.resets(old.unit, scene.since_ns))
    scene.measure("resets by the watchdog", resets, at_least=1, at_most=1)
    assert scene.settled() == (new, old)
    scene.assert_safe()


def _stop_control_loop(gateway: Gateway) -> None:
    status = gateway.status()
    assert status is not None, f"{gateway.unit}: no answer"
    pid = status.answer["identity"]["pid"]
    said = gateway.shell(f"python3 -c {shlex.quote(_STOP_MAIN_THREAD)} {pid}")
    assert said.code == 0, f"{gateway.unit}: control loop not stopped: {said.text}"
