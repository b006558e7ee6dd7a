"""The link to the other gateway, as the scan uses it: one beat out and the peer's beats in.

Never waits. Carries the state and operators' orders along with the beats. Decides nothing about
roles: what was heard and when, it says; what follows from it is edge.core.twin's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from edge.adapters.boottime import SystemClock
from edge.config.io import PathPlan
from edge.model.scan import HealthSample
from edge.model.twin import Beat, PathSample, PeerBeat
from edge.model.units import NS_PER_S
from edge.peer.body import Extras, decode_body, encode_beat, encode_bulk, encode_extras
from edge.peer.fragments import (
    OrderReceiver,
    OrderSender,
    ReceivedState,
    StateReceiver,
    StateSender,
)
from edge.peer.frame import ANY_PATH, Refusal, Seal, Sealed
from edge.peer.offset import ClockOffset
from edge.peer.paths import Arrival, MonoClock, Path, UdpPath
from edge.peer.plan import LinkPlan
from edge.peer.session import Session, Verdict
from edge.peer.sightings import Sightings

# Where a fast path brought a beat in this time, bulk is not put on a slow one.
_FAST_NS: Final = NS_PER_S
# A peer that was not heard for so long may have come back with other keys.
_FORGET_KEYS_NS: Final = 3 * NS_PER_S


class LastWords(Protocol):
    """See edge.peer.herald.Herald."""

    @property
    def is_alive(self) -> bool: ...

    def leave(self, farewell: bytes, worker_pids: Sequence[int]) -> None: ...

    def close(self, *, farewell: bool) -> None: ...


class PeerLink:
    """`keys` by id, the newest first. `boot_nonce` is 8 random bytes, drawn once a process.

    The key that is sent with is the newest one that the peer accepts too, so keys are changed on
    one unit after the other without a beat lost.
    """

    def __init__(
        self,
        plan: LinkPlan,
        keys: Mapping[int, bytes],
        boot_nonce: bytes,
        herald: LastWords | None = None,
        clock: MonoClock | None = None,
    ) -> None:
        self._seal = Seal(plan.site_id, keys)
        self._key_ids = tuple(keys)
        self._peer_key_ids: tuple[int, ...] = ()
        self._herald = herald
        self._clock = clock or SystemClock()
        self._paths = tuple(_open_path(path, self._clock) for path in plan.paths)
        self._heard: list[int | None] = [None] * len(self._paths)
        self._session = Session(plan.own_index, plan.peer_index, boot_nonce)
        self._sessions = 0
        self._offset = ClockOffset()
        self._beat_mono_ns: int | None = None
        self._state_out, self._state_in = StateSender(), StateReceiver()
        self._orders_out, self._orders_in = OrderSender(), OrderReceiver()
        self._sightings = Sightings()
        self._now_mono_ns = 0
        self._sent = self._received = 0
        self._order_turn = False
        self.identify_s = 0
        self._identify_until_mono_ns = 0

    def receive(self, now_mono_ns: int) -> tuple[PeerBeat, ...]:
        """New beats of the peer in the order of arrival; at most a few datagrams a path."""
        self._now_mono_ns = now_mono_ns
        beats = []
        for index, path in enumerate(self._paths):
            for arrival in path.receive(now_mono_ns):
                beat = self._take(arrival, index)
                if beat is not None:
                    beats.append(beat)
            if path.is_flooded:
                self._sightings.flooded(now_mono_ns)
        return tuple(beats)

    def paths(self, now_mono_ns: int) -> tuple[PathSample, ...]:  # noqa: ARG002 -- one moment's
        """As of the last `receive` and `send`."""
        return tuple(
            PathSample(path.name, heard_mono_ns, path.can_send)
            for path, heard_mono_ns in zip(self._paths, self._heard, strict=True)
        )

    def send(self, beat: Beat, now_mono_ns: int, worker_pids: Sequence[int] = ()) -> None:
        """Say `beat` on every path. The bus workers, if this process dies now, die before its
        farewell is said.
        """
        sequence = self._session.next_sequence()
        key_id = self._key_to_send_with(sequence, now_mono_ns)
        extras = self._extras(beat)
        own, bulk = encode_beat(beat), encode_bulk(extras)
        plain = own + encode_extras(extras)
        # First, so that it is newer than whatever this process said last.
        self._leave_farewell(beat, plain, sequence + 1, key_id, worker_pids)
        is_fast_alive = any(
            heard_mono_ns is not None and now_mono_ns - heard_mono_ns <= _FAST_NS
            for path, heard_mono_ns in zip(self._paths, self._heard, strict=True)
            if not path.is_slow
        )
        for index, path in enumerate(self._paths):
            body = plain if path.is_slow and is_fast_alive else plain + bulk
            envelope = self._session.envelope(index, sequence)
            path.send(self._seal.close(beat, envelope, body, key_id))
        self._sent += 1

    def post_state(self, data: bytes, mono_ns: int) -> bool:
        """The state as of `mono_ns` is to reach the peer; a newer one replaces it. False: empty, or
        larger than 64 KiB.
        """
        return self._state_out.post(data, mono_ns)

    def take_state(self) -> ReceivedState | None:
        """The peer's newest state, each once; its `mono_ns` is on this unit's clock."""
        state = self._state_in.take()
        if state is None:
            return None
        return ReceivedState(state.data, state.mono_ns + self._offset.offset_ns)

    def post_order(self, data: bytes) -> bool:
        """Carry an order to the peer: once and in order while its process lives; again if it ended
        before it acknowledged. False: not taken (16 wait already, or it is too large).
        """
        return self._orders_out.post(data)

    def withdraw_orders(self) -> list[bytes]:
        """What the peer has not acknowledged, to be carried out here instead. It may yet have got
        the first of them.
        """
        return self._orders_out.withdraw()

    def take_orders(self) -> list[bytes]:
        """The peer's orders that have arrived since, oldest first."""
        return self._orders_in.take()

    def refuse_orders(self) -> None:
        """In place of `take_orders`, in the same scan: the peer keeps them and says them again."""
        self._orders_in.refuse()

    def ask_identify(self, duration_ns: int) -> None:
        """Ask the peer, with every beat from now on, to blink its LED."""
        self._identify_until_mono_ns = self._now_mono_ns + duration_ns

    def health(self) -> tuple[HealthSample, ...]:
        """Conditions that stand, and with an empty text those that do not."""
        herald = self._herald
        lost = herald is not None and not herald.is_alive
        text = "twin: the herald has ended: a death of this process is not told; restart it"
        closed = "; ".join(f"{path.name}: {path.problem}" for path in self._paths if path.problem)
        return (
            *self._sightings.health(self._now_mono_ns),
            HealthSample("twin herald", severe=False, text=text if lost else ""),
            HealthSample("twin port", severe=False, text=f"twin: {closed}" if closed else ""),
        )

    @property
    def hears_own_unit(self) -> bool:
        """Another machine, with this site's key, says lately that it is this unit."""
        return self._sightings.stands(Refusal.OWN_UNIT, self._now_mono_ns)

    def counts(self) -> dict[str, int]:
        """Since the start: beats sent and believed, peer processes, refusals by kind."""
        told = {"sent": self._sent, "received": self._received, "sessions": self._session.count}
        return {**told, **self._sightings.counts}

    def close(self, *, farewell: bool = False) -> None:
        """`farewell`: this process crashes, and the herald says so; else it ends silently."""
        if self._herald is not None:
            self._herald.close(farewell=farewell)
        for path in self._paths:
            path.close()

    def _take(self, arrival: Arrival, index: int) -> PeerBeat | None:
        sealed = self._seal.open(arrival.datagram)
        if isinstance(sealed, Refusal):
            self._sightings.refused(sealed, self._now_mono_ns)
            return None
        verdict = self._session.judge(sealed.envelope, index, self._now_mono_ns)
        if isinstance(verdict, Refusal):
            self._sightings.refused(verdict, self._now_mono_ns)
            return None
        if self._session.count != self._sessions:
            self._meet()
        heard_mono_ns = self._offset.credible_mono_ns(sealed.beat.mono_ns, arrival.mono_ns)
        self._heard[index] = max(heard_mono_ns, self._heard[index] or heard_mono_ns)
        if sealed.envelope.path not in {index, ANY_PATH}:
            self._sightings.crossed(self._now_mono_ns)
        if verdict is Verdict.ALIVE:
            return None
        return self._believe(sealed, arrival.mono_ns, heard_mono_ns)

    def _believe(self, sealed: Sealed, arrived_mono_ns: int, heard_mono_ns: int) -> PeerBeat | None:
        opened = decode_body(sealed)
        if opened is None:
            self._sightings.refused(Refusal.MALFORMED, self._now_mono_ns)
            return None
        self._received += 1
        self._beat_mono_ns = heard_mono_ns
        beat, extras = opened.beat, opened.extras
        self.identify_s = extras.identify_s
        if sealed.is_compatible:
            self._peer_key_ids = extras.key_ids
            self._carry(extras)
        offset_ns = self._offset.note(beat.mono_ns + extras.sent_after_ns, arrived_mono_ns)
        return PeerBeat(beat, heard_mono_ns, offset_ns, sealed.is_compatible)

    def _meet(self) -> None:
        """Another process of the peer: its clock, its numbers and its keys are new."""
        self._sessions = self._session.count
        self._offset = ClockOffset()
        self._peer_key_ids = ()
        for bulk in (self._state_out, self._state_in, self._orders_out, self._orders_in):
            bulk.restart()

    def _carry(self, extras: Extras) -> None:
        self._orders_out.acknowledge(extras.order_ack)
        if extras.state is not None:
            self._state_in.offer(extras.state)
        if extras.order is not None:
            self._orders_in.offer(extras.order)

    def _extras(self, beat: Beat) -> Extras:
        """Bulk goes to a proven process only, since its numbers are those of the session."""
        state = order = None
        if self._session.peer_nonce is not None:
            self._order_turn = not self._order_turn
            order = self._orders_out.piece() if self._order_turn else None
            state = self._state_out.piece() if order is None else None
        sent_after_ns = self._clock.mono_ns() - beat.mono_ns
        acknowledged = self._orders_in.acknowledged
        left_ns = max(0, self._identify_until_mono_ns - self._now_mono_ns)
        identify_s = -(-left_ns // NS_PER_S)
        return Extras(sent_after_ns, self._key_ids, acknowledged, identify_s, state, order)

    def _leave_farewell(
        self, beat: Beat, plain: bytes, sequence: int, key_id: int, worker_pids: Sequence[int]
    ) -> None:
        if self._herald is None:
            return
        last = replace(beat, farewell=True, on_duty=False, holds_bus=False, let_go=True)
        envelope = self._session.envelope(ANY_PATH, sequence)
        self._herald.leave(self._seal.close(last, envelope, plain, key_id), worker_pids)

    def _key_to_send_with(self, sequence: int, now_mono_ns: int) -> int:
        """The newest that both have; each in turn while it is not known what the peer has."""
        heard_mono_ns = self._beat_mono_ns
        if heard_mono_ns is not None and now_mono_ns - heard_mono_ns <= _FORGET_KEYS_NS:
            for key_id in self._key_ids:
                if key_id in self._peer_key_ids:
                    return key_id
        return self._key_ids[sequence // 2 % len(self._key_ids)]


def _open_path(plan: PathPlan, clock: MonoClock) -> Path:
    if not plan.device:
        return UdpPath(plan, clock)
    # Few sites have one, and pyserial takes memory.
    from edge.peer.serial_path import SerialPath  # noqa: PLC0415

    return SerialPath(plan)
