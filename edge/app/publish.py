"""Gives each finished scan to the keeper, the state once a second, the picture twice a second.

The state goes at each move of a relay too: a restart a moment later must not take the move back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from edge.core.controller import Controller
from edge.core.replay import encode, outputs_crc
from edge.keeper.handle import KeeperHandle
from edge.keeper.link import ScanHealth
from edge.model.checkpoint import Checkpoint
from edge.model.event import Event, EventKind
from edge.model.scan import ScanInputs, ScanOutputs
from edge.model.units import NS_PER_S

_STATE_NS: Final = NS_PER_S
_STATUS_NS: Final = NS_PER_S // 2


class Publisher:
    """Called at the end of each scan; never waits."""

    def __init__(
        self, controller: Controller, keeper: KeeperHandle, boot_id: str, site_digest: str
    ) -> None:
        self._controller = controller
        self._keeper = keeper
        self._boot_id = boot_id
        self._site_digest = site_digest
        self._health: Callable[[], ScanHealth] | None = None
        self._on_first: Callable[[], None] | None = None
        self._number = 0
        self._state_due_mono_ns = 0
        self._status_due_mono_ns = 0

    def watch(self, health: Callable[[], ScanHealth], on_first: Callable[[], None]) -> None:
        """Where the scan's health comes from, and what to do once after the first whole scan."""
        self._health = health
        self._on_first = on_first

    def begin(self, inputs: ScanInputs, event: Event) -> None:
        """The state that the first scan starts from, and the event that says so."""
        self._post_state(inputs)
        self._keeper.post_events((event,))

    def __call__(self, inputs: ScanInputs, outputs: ScanOutputs) -> None:
        now_mono_ns = inputs.now_mono_ns
        self._number += 1
        self._keeper.post_scan(self._number, encode(inputs), outputs_crc(outputs))
        self._keeper.post_events(outputs.events)
        if self._number == 1 and self._on_first is not None:
            self._on_first()
        moved = any(event.kind is EventKind.RELAY for event in outputs.events)
        if moved or now_mono_ns >= self._state_due_mono_ns:
            self._state_due_mono_ns = now_mono_ns + _STATE_NS
            self._post_state(inputs)
            self._keeper.keep_alive(now_mono_ns)
        elif now_mono_ns >= self._status_due_mono_ns:
            self._status_due_mono_ns = now_mono_ns + _STATUS_NS
            self._post_status()

    def _post_state(self, inputs: ScanInputs) -> None:
        state = msgspec.Raw(encode(self._controller.state))
        self._keeper.post_state(
            Checkpoint(
                self._boot_id,
                inputs.now_mono_ns,
                inputs.now_utc_ns,
                inputs.clock_trust,
                self._site_digest,
                self._number,
                state,
            )
        )

    def _post_status(self) -> None:
        status = self._controller.status()
        if status is not None and self._health is not None:
            self._keeper.post_status(status, self._health())
