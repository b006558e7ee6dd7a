"""What an operator orders passes the same interlock as what the controller decides."""

from __future__ import annotations

import pytest

from hil.observer import Move
from hil.suite.protocol import Gateway
from hil.suite.scene import Scene

# Runs, and is not one of the loads that are held.
_LOAD = "chiller-2"
_OVERRIDE_S = 600
# The contacts' own times may take so much off a least time.
_CONTACTS_S = 0.2


@pytest.mark.covers("ORDER", "RESTORE")
def test_load_shed_by_hand_and_wanted_back_at_once_keeps_its_least_time(scene: Scene) -> None:
    """A load is shed by hand, and ordered to run as soon as it is shed. Expected: it stays shed for
    its least time, and runs again then.
    """
    active, _ = scene.begin()
    _override(active, "shed")
    scene.wait(f"{_LOAD} shed", lambda: _moves(scene))
    _override(active, "run")
    shed, restored = scene.wait(
        f"{_LOAD} runs", lambda: moves if len(moves := _moves(scene)) == 2 else None
    )
    assert (shed.shed, restored.shed) == (True, False)
    scene.measure(
        "time of being shed",
        (restored.t_ns - shed.t_ns) / 1e9,
        "s",
        at_least=scene.works.min_shed_s - _CONTACTS_S,
    )
    _override(active, "auto")
    scene.assert_safe()


def _override(gateway: Gateway, mode: str) -> None:
    answer = gateway.order("override", load=_LOAD, mode=mode, duration_s=_OVERRIDE_S)
    assert answer["ok"], f"{gateway.unit}: override to {mode} refused: {answer}"


def _moves(scene: Scene) -> list[Move]:
    """What the load saw, both gateways' contacts together."""
    return [move for move in scene.witness.load_moves(scene.since_ns) if move.load == _LOAD]
