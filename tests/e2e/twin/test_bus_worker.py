"""The bus worker of the gateway on duty hangs: a process that only this bench can reach alone."""

from __future__ import annotations

import contextlib
import os
import signal

from hil.pair import Pair
from hil.suite.scene import Scene


def test_bus_worker_that_hangs_and_wakes_puts_nothing_on_the_line(scene: Scene, pair: Pair) -> None:
    """S05. Thawed before it is ended, it may still hand over a reply that proves the line: then the
    unit has the line again, in order. Else the twin swaps for health.
    """
    old, new = scene.begin()
    worker = pair.gateways[old.unit].controller.send_child("edge.bus", signal.SIGSTOP)

    def is_given_up() -> bool:
        return not scene.twin(old).get("holds_bus", True)

    scene.wait("the bus given up", is_given_up)
    last = scene.witness.last_of(old.unit)
    assert last is not None
    given_up_s = (last.end_ns - scene.since_ns) / 1e9
    scene.measure("bus given up", given_up_s, "s", at_most=scene.allowed.given_up_s)
    with contextlib.suppress(ProcessLookupError):  # killed meanwhile
        os.kill(worker, signal.SIGCONT)
    after_ns = last.end_ns
    scene.wait("the line driven again", lambda: scene.witness.of(since_ns=after_ns))
    if scene.witness.of(since_ns=after_ns)[0].node == new.unit:
        assert scene.takeover(old, new).last_ns == after_ns
        assert scene.settled() == (new, old)
    else:
        assert scene.settled() == (old, new)
        assert scene.witness.takeovers(scene.since_ns) == []
    scene.assert_safe()
    assert scene.witness.resets(old.unit, scene.since_ns) == []
