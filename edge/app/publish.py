"""Gives each finished scan to the keeper, the state once a second, the picture twice a second.

The state goes at each move of a relay too: a restart a moment later must not take the move back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from edge.app.duty import Duty
from edge.core.replay import encode, outputs_crc
from edge.keeper.handle import KeeperHandle
from edge.keeper.link import ScanHealth
from edge.model.checkpoint import Checkpoint
from edge.model.event import Event, EventKind
from edge.model.healing import LineFacts
from edge.model.scan import ScanInputs, ScanOutputs
from edge.model.units import NS_PER_S

_STATE_NS: Final = NS_PER_S
_STATUS_NS: Final = NS_PER_S // 2


class Publisher:
    """Called at the end of each scan; never waits."""

    def __init__(self, duty: Duty, keeper: KeeperHandle, boot_id: str, site_digest: str) -> None:
        self._duty = duty
        self._keeper = keeper
        self._boot_id = boot_id
        self._site_digest = site_digest
        self._health: Callable[[], ScanHealth] | None = None
        self._lines: Callable[[int], tuple[LineFacts, ...]] = lambda _now_mono_ns: ()
        self._on_first: Callable[[], None] | None = None
        self._number = 0
        self._state_due_mono_ns = 0
        self._status_due_mono_ns = 0

    def watch(
        self,
        health: Callable[[], ScanHealth],
        lines: Callable[[int], tuple[LineFacts, ...]],
        on_first: Callable[[], None],
    ) -> None:
        """Where the scan's health and the lines' facts come from, and what to do once after the
        first whole scan.
        """
        self._health = health
        self._lines = lines
        self._on_first = on_first

    def begin(self, inputs: ScanInputs, event: Event) -> None:
        """The state that the first scan starts from, and the event that says so."""
        self._post_state(inputs, encode(self._duty.controller.state))
        self._state_due_mono_ns = inputs.now_mono_ns  # the first scan knows what the lines count
        self._keeper.post_events((event,))

    def __call__(self, inputs: ScanInputs, outputs: ScanOutputs) -> None:
        now_mono_ns = inputs.now_mono_ns
        self._duty.finish(now_mono_ns)
        decided = self._duty.decided
        assert decided is not None
        if self._duty.adopted is not None:
            # What this scan was decided from is not what the last one left.
            self._post_state(inputs, self._duty.adopted, adopted=True)
        self._number += 1
        self._keeper.post_scan(self._number, encode(inputs), outputs_crc(decided))
        self._keeper.post_events(outputs.events)
        if self._number == 1 and self._on_first is not None:
            self._on_first()
        moved = any(event.kind is EventKind.RELAY for event in outputs.events)
        if moved or now_mono_ns >= self._state_due_mono_ns:
            self._post_state(inputs, encode(self._duty.controller.state))
        elif now_mono_ns >= self._status_due_mono_ns:
            self._status_due_mono_ns = now_mono_ns + _STATUS_NS
            self._post_status(now_mono_ns)

    def _post_state(self, inputs: ScanInputs, state: bytes, *, adopted: bool = False) -> None:
        self._state_due_mono_ns = inputs.now_mono_ns + _STATE_NS
        self._keeper.keep_alive(inputs.now_mono_ns)
        self._keeper.post_state(
            Checkpoint(
                self._boot_id,
                inputs.now_mono_ns,
                inputs.now_utc_ns,
                inputs.clock_trust,
                self._site_digest,
                self._number,
                msgspec.Raw(state),
                adopted,
                self._duty.memory,
            )
        )

    def _post_status(self, now_mono_ns: int) -> None:
        status = self._duty.controller.status()
        if status is not None and self._health is not None:
            lines = self._lines(now_mono_ns)
            self._keeper.post_status(status, self._health(), self._duty.status(), lines)
