"""The rings of a vhost-user device: their bells on the board's loop, and whose turn it is.

A guest that breaks a ring has that ring stand still until its next reset, and everything else goes
on.
"""

from __future__ import annotations

import os
import selectors
from collections.abc import Callable
from functools import partial
from typing import Protocol

from hil.board.clock import Agenda, now_ns
from hil.board.vhost_memory import GuestMemory, VhostError
from hil.board.vhost_ring import Chain, Ring


class Backend(Protocol):
    """The device behind the queues. `features`: its own feature bits."""

    features: int
    queues_count: int

    def config(self) -> bytes:
        """The device's configuration space, read only."""
        ...

    def receive(self, queue: int, chain: Chain, t_ns: int) -> None:
        """A request; it is given back through :meth:`Rings.give_back`, now or later."""
        ...

    def started(self, t_ns: int) -> None:
        """A guest's driver has set the queues going."""
        ...

    def stopped(self, t_ns: int, why: str) -> None:
        """Reset, or the machine has gone: chains that are held must be forgotten."""
        ...


class Rings:
    """All of one device's. `log(t_ns, event, **fields)` is told of what a guest does wrong."""

    def __init__(
        self,
        backend: Backend,
        agenda: Agenda,
        selector: selectors.BaseSelector,
        log: Callable[..., None],
    ) -> None:
        self._backend = backend
        self._agenda = agenda
        self._selector = selector
        self._log = log
        self._rings = [Ring() for _ in range(backend.queues_count)]
        self._memory = GuestMemory()
        self._has_started = False

    @property
    def has_started(self) -> bool:
        """Whether a guest's driver has the device in hand."""
        return self._has_started

    def __len__(self) -> int:
        return len(self._rings)

    def __getitem__(self, number: int) -> Ring:
        if number >= len(self._rings):
            raise VhostError(f"ring: got number {number}, need < {len(self._rings)}")
        return self._rings[number]

    def set_memory(self, memory: GuestMemory) -> None:
        """It may come again while they run."""
        before, self._memory = self._memory, memory
        for ring in self._rings:
            ring.place(memory)
        before.close()

    def set_addresses(self, number: int, addresses: tuple[int, int, int]) -> None:
        self[number].addresses = addresses
        self[number].place(self._memory)

    def enable(self, number: int, *, on: bool) -> None:
        self[number].enabled = on
        self._run(number, self[number])  # what was offered before

    def set_kick(self, number: int, bell: int | None) -> None:
        ring = self[number]
        self._quiet(ring)
        ring.kick = bell
        if bell is not None:
            self._selector.register(bell, selectors.EVENT_READ, partial(self._kicked, number, ring))
        self._run(number, ring)

    def set_call(self, number: int, bell: int | None) -> None:
        ring = self[number]
        if ring.call is not None:
            os.close(ring.call)
        ring.call = bell
        ring.ring_bell()  # what was used under another bell must not wait

    def take_back(self, number: int) -> int:
        """The emulator wants the ring; a guest's driver or its machine has been reset.

        Returns how far it got.
        """
        ring = self[number]
        self._quiet(ring)
        ring.close()
        for other in self._rings:  # their turn comes, and a late kick must start nothing
            other.enabled = False
        self._stop("reset")
        return ring.next_offered

    def drop(self, why: str) -> None:
        """The emulator has gone, with its memory and its bells."""
        self._stop(why)
        for ring in self._rings:
            self._quiet(ring)
            ring.close()
        self._rings = [Ring() for _ in self._rings]
        self._memory.close()
        self._memory = GuestMemory()

    def _stop(self, why: str) -> None:
        if self._has_started:
            self._has_started = False
            self._backend.stopped(now_ns(), why)

    def _quiet(self, ring: Ring) -> None:
        """The loop no longer listens for its kicks."""
        if ring.kick is not None:
            self._selector.unregister(ring.kick)
            os.close(ring.kick)
            ring.kick = None

    def _kicked(self, number: int, ring: Ring) -> None:
        ring.hear_bell()
        self._run(number, ring)

    def _run(self, number: int, ring: Ring, _: int = 0) -> None:
        if not ring.runs:
            return
        if not self._has_started:
            self._has_started = True
            self._backend.started(now_ns())
        try:
            for _turn in range(ring.size):
                chain = ring.take()
                if chain is None:
                    return
                self._backend.receive(number, chain, now_ns())
        except VhostError as error:
            self._break_ring(number, ring, error)
            return
        self._agenda.at(now_ns(), partial(self._run, number, ring))  # others have their turn first

    def give_back(self, number: int, chain: Chain, answer: bytes) -> None:
        """Answer a chain; a guest that has made that impossible loses the ring, not the board."""
        ring = self._rings[number]
        try:
            ring.give_back(chain, answer)
        except VhostError as error:
            self._break_ring(number, ring, error)

    def _break_ring(self, number: int, ring: Ring, error: VhostError) -> None:
        self._log(now_ns(), "vhost_error", ring=number, what=str(error))
        ring.enabled = False
