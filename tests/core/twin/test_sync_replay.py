"""A run in which states were taken over is decided again, bit for bit, from what was recorded."""

from __future__ import annotations

import msgspec

from edge.core.replay import Replay, encode, outputs_crc
from edge.model.checkpoint import Checkpoint
from edge.model.scan import ClockTrust, PulseSample, ScanInputs
from tests.core.twin.sync_plant import MS, UTC_NS, Gateway, S, pulses_only

_BOOT_NS = 500 * S
_EDGES = [at * 130 * MS for at in range(1, 4000)]
_SPEC = pulses_only()


class _Recorded(Gateway):
    """A gateway that keeps what a recorder would: states, and scans with the sum of what came."""

    def __init__(self) -> None:
        super().__init__(_SPEC, _EDGES, _BOOT_NS, 0)
        self.frames: list[Checkpoint | tuple[bytes, int]] = []
        self.number = 0
        self.keep(0, adopted=False)

    def keep(self, at_ns: int, *, adopted: bool) -> None:
        state = msgspec.Raw(encode(self.controller.state))
        trust, number = ClockTrust.NTP, self.number
        self.frames.append(
            Checkpoint("boot", at_ns + _BOOT_NS, UTC_NS, trust, "", number, state, adopted)
        )

    def record(self, at_ns: int) -> None:
        seen = sum(edge <= at_ns for edge in _EDGES)
        last_ns = _EDGES[seen - 1] + _BOOT_NS if seen else 0
        sample = PulseSample("incomer", 1, seen, last_ns)
        inputs = ScanInputs(at_ns + _BOOT_NS, UTC_NS + at_ns, ClockTrust.NTP, (sample,))
        outputs = self.controller.step(inputs)
        self.sync.note(self.controller)
        self.number += 1
        self.frames.append((encode(inputs), outputs_crc(outputs)))


def test_replay_of_a_standby_is_the_same_across_states_that_it_took_over() -> None:
    duty, standby = Gateway(_SPEC, _EDGES, 0, 0), _Recorded()
    told: bytes | None = None
    for second in range(1, 200):
        duty.scan(second * S - 400 * MS)
        if second > 50:
            told = duty.tell() if second % 3 == 0 else None
            if standby.adopt(told, _BOOT_NS, second * S - 50 * MS, whole=second % 9 == 0):
                standby.keep(second * S, adopted=True)
        standby.record(second * S)
        if second % 7 == 0:
            standby.keep(second * S, adopted=False)
    replay = Replay(_SPEC)
    assert replay.status() is None
    number = adopted_count = compared_count = 0
    for frame in standby.frames:
        if isinstance(frame, tuple):
            number += 1
            assert replay.follows(number)
            assert replay.step(*frame).same
        elif frame.adopted or not replay.meets(frame):
            replay.begin(frame)
            adopted_count += frame.adopted
        else:
            assert replay.state_is(frame)
            compared_count += 1
    assert replay.status() == standby.controller.status()
    assert (adopted_count, compared_count) == (50, 28)
