"""What moves should do to site power: how long to wait for it, how much is still unseen, what it
taught.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from edge.core.shedding.learning import Finding, judge, learn, note_response
from edge.core.shedding.loads import Load
from edge.core.shedding.scene import Scene, Wish
from edge.core.shedding.state import Probe, SheddingState
from edge.model.outlook import PowerEstimate
from edge.model.units import NS_PER_S

# By then a meter has measured, averaged and been polled after the power itself has changed.
RESPONSE_NS: Final = 5 * NS_PER_S


class Response:
    """Owns the settle times, the unseen power and the probe of `state`."""

    def __init__(self, settle_ns: int, loads: Mapping[str, Load], state: SheddingState) -> None:
        self._settle_ns = settle_ns
        self._loads = loads
        self._state = state

    def expect(self, scene: Scene, moves: Sequence[Wish], powers_w: Sequence[float]) -> None:
        """Take note of moves about to be made, with the W that each surely takes or brings."""
        state = self._state
        now_mono_ns = scene.now_mono_ns
        clean = state.settle_until_mono_ns is None or now_mono_ns >= state.settle_until_mono_ns
        if clean:
            state.unseen_w = 0.0
            state.settle_until_mono_ns = state.response_until_mono_ns = now_mono_ns
        assert state.settle_until_mono_ns is not None
        assert state.response_until_mono_ns is not None
        lead_ns = max(move.load.spec.lead_ns for move in moves)
        state.unseen_w += sum(
            -power_w if move.on else power_w for move, power_w in zip(moves, powers_w, strict=True)
        )
        state.settle_until_mono_ns = max(
            state.settle_until_mono_ns, now_mono_ns + lead_ns + self._settle_ns
        )
        state.response_until_mono_ns = max(
            state.response_until_mono_ns, now_mono_ns + lead_ns + RESPONSE_NS
        )
        # A move into the response of another blurs both: neither is learnt from.
        alike = all(move.on is moves[0].on for move in moves)
        state.probe = None
        if clean and alike and scene.power is not None:
            state.probe = Probe(
                tuple(move.load.name for move in moves),
                moves[0].on,
                scene.power.power_w,
                _noise_w(scene.power),
                sum(_expected_w(move, scene) for move in moves),
                max(state.settle_until_mono_ns, state.response_until_mono_ns),
            )

    def close_probe(self, scene: Scene) -> None:
        """Once the response must have come, learn from it; without known power, drop it."""
        probe = self._state.probe
        if probe is None or scene.now_mono_ns < probe.due_mono_ns:
            return
        self._state.probe = None
        if scene.power is None:
            return
        finding, step_w = judge(probe, scene.power.power_w, _noise_w(scene.power))
        loads = [self._loads[name] for name in probe.loads if name in self._loads]
        if finding is Finding.MOVED and len(probe.loads) > 1:
            # Some of them moved, and nobody knows which.
            return
        for load in loads:
            note_response(load, finding, scene.now_mono_ns)
            if finding is Finding.MOVED:
                learn(load, step_w)


def _expected_w(move: Wish, scene: Scene) -> float:
    return move.load.state.learned_w if move.on else move.load.expected_w(scene.power_w_max)


def _noise_w(power: PowerEstimate) -> float:
    return (power.high_w - power.low_w) / 2.0
