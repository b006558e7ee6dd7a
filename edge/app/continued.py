"""What a run has from the one before it."""

from __future__ import annotations

from msgspec import Struct, field

from edge.adapters.inherited import Inherited
from edge.core.controller import Controller
from edge.model.scan import RelayCommand
from edge.model.twin import TwinMemory


class Continued(Struct, frozen=True):
    """`controller` goes on from the state of the run before. `relays`: commands that were in force
    a moment ago, none after a longer pause. `kept`: descriptors that the service manager has kept.
    `state_mono_ns`: until when the state knows what came in, None where there is no state.
    """

    controller: Controller
    relays: tuple[RelayCommand, ...] = ()
    kept: tuple[Inherited, ...] = ()
    state_mono_ns: int | None = None
    twin: TwinMemory = field(default_factory=TwinMemory)
