"""The state of the decisions in a pair: handed on while on duty, taken over while not.

Replaces the controller by one that goes on from the peer's state. When to do so is the twin's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from edge.core.controller import Controller, ControllerState
from edge.core.replay import encode
from edge.core.twin.shadow import Divergence, shadow_events, shadow_lamps
from edge.core.twin.sync import StateSync
from edge.core.twin.sync_relays import account, plan_digest
from edge.core.twin.sync_snapshot import snapshot
from edge.model.scan import HealthSample, ScanOutputs
from edge.model.spec import ControlSpec
from edge.model.twin import Beat, PeerBeat
from edge.model.units import NS_PER_S
from edge.peer.link import PeerLink

_SEND_NS: Final = NS_PER_S
_WHY_CHARS_MAX: Final = 120


class Following:
    """`controller` is another one after each state that was taken over."""

    def __init__(self, spec: ControlSpec, controller: Controller) -> None:
        self.controller = controller
        self._spec = spec
        self._sync = StateSync()
        self._divergence = Divergence(spec.demand.contract_w)
        self._has_joined = False
        self._send_due_mono_ns = 0
        self._sync.part(controller.state)

    @property
    def conditions(self) -> Sequence[HealthSample]:
        """Standing ones, and with an empty text those that do not stand."""
        text, trouble = self._divergence.text, self._sync.trouble
        return (
            HealthSample("twin divergence", severe=False, text=f"twin: {text}" if text else ""),
            HealthSample("twin state", severe=False, text=f"twin: {trouble}" if trouble else ""),
        )

    @property
    def divergence(self) -> str:
        return self._divergence.text

    def plan_digest(self) -> bytes:
        return plan_digest(self.controller.state)

    def adopt(self, told: bytes | None, peer: PeerBeat | None, now_mono_ns: int) -> bytes | None:
        """The peer's state, if there is one to take; encoded as this unit goes on from it."""
        whole = not self._has_joined or self._divergence.energy_differs
        offset_ns = peer.offset_ns if peer is not None else 0
        state = self._sync.adopt(self.controller.state, told, offset_ns, now_mono_ns, whole=whole)
        if state is None:
            return None
        self._has_joined = True
        return self._go_on_from(state)

    def promote(
        self, leader: PeerBeat | None, told: bytes | None, now_mono_ns: int
    ) -> bytes | None:
        """Go on duty with the commands that `leader` had in force, if there was one, and with its
        last state, which may have come together with its last word. Else with those that this unit
        found in force at its start, or left there at the end of its own duty.
        """
        self._divergence.forget()
        if leader is None:
            state = self._sync.resume(self.controller.state)
            return None if state is None else self._go_on_from(state)
        self.adopt(told, leader, now_mono_ns)
        said_mono_ns = leader.beat.mono_ns + leader.offset_ns
        return self._go_on_from(
            self._sync.take_over(
                self.controller.state, leader.beat.relays, self._spec.shedding, said_mono_ns
            )
        )

    def part(self) -> None:
        """Off duty: whoever has it next is joined anew, whatever was known of it before."""
        self._has_joined = False
        self._sync.part(self.controller.state)

    def release(self) -> None:
        """The relays were let go: a duty that begins now begins with what it decides itself."""
        self._sync.release()

    def shadow(self, decided: ScanOutputs, followed: PeerBeat | None) -> ScanOutputs:
        """What of a decision is shown that nobody carries out. `followed`: to compare it with."""
        if followed is None:
            self._divergence.forget()
        else:
            self._divergence.compare(self.controller, decided.relays, followed.beat)
        lamps = shadow_lamps(self.controller.state.alarms)
        return replace(decided, alarms=lamps, events=shadow_events(decided.events))

    def note(self) -> None:
        """After each decision."""
        self._sync.note(self.controller)

    def hurry(self) -> None:
        """What an operator has just ordered must not be lost with this unit."""
        self._send_due_mono_ns = 0

    def send(self, link: PeerLink, now_mono_ns: int) -> None:
        """The state to the peer, once a second."""
        if now_mono_ns >= self._send_due_mono_ns:
            self._send_due_mono_ns = now_mono_ns + _SEND_NS
            link.post_state(snapshot(self.controller.state), now_mono_ns)

    def fill(self, beat: Beat, now_mono_ns: int) -> Beat:
        """The beat of a unit on duty, with what this scan has decided."""
        controller = self.controller
        stage, _ = controller.verdict
        return replace(
            beat,
            stage=int(stage),
            why=controller.reason()[:_WHY_CHARS_MAX],
            account=account(controller.state),
            relays=controller.relay_states(now_mono_ns),
        )

    def _go_on_from(self, state: ControllerState) -> bytes:
        self.controller = self.controller.continued(state)
        return encode(state)
