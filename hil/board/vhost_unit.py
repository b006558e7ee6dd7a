"""An emulated machine as the board sees it: the lines of its virtio-gpio device, and no more.

Its power and its watchdog are the emulator's; the board learns of both by the reset of the device.
"""

from __future__ import annotations

import selectors
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hil.board.clock import Agenda
from hil.board.line import Line
from hil.board.vhost_gpio import VirtioGpio
from hil.board.vhost_ring import Chain
from hil.board.vhost_user import VhostUser


class VirtioUnit:
    """A machine of the bench; `log(t_ns, event, unit=name, **fields)` records its events.

    Whoever stops the emulated machine (QMP `stop`) resets the device, as QEMU then takes its rings
    back; a machine that is to stand still with its outputs as they are is frozen from outside.
    """

    def __init__(
        self,
        name: str,
        lines: list[Line],
        agenda: Agenda,
        selector: selectors.BaseSelector,
        log: Callable[..., None],
        *,
        keeps_outputs: bool,
    ) -> None:
        self.name = name
        self._lines = lines
        self._log = log
        for line in lines:
            line.is_live = True
        self._gpio = VirtioGpio(lines, self._give_back, self._note, keeps_outputs=keeps_outputs)
        self._device = VhostUser(self._gpio, agenda, selector, self._record)

    def _record(self, t_ns: int, event: str, **fields: Any) -> None:
        self._log(t_ns, event, unit=self.name, **fields)

    def _note(self, t_ns: int, why: str | None) -> None:
        if why is None:
            self._record(t_ns, "unit_up")
        else:
            self._record(t_ns, "unit_down", why=why)

    def _give_back(self, queue: int, chain: Chain, answer: bytes) -> None:
        self._device.rings.give_back(queue, chain, answer)

    def listen(self, path: Path) -> None:
        self._device.listen(path)

    def reap(self) -> None:
        """Nothing is late here: the guest's kernel tells of each line at once."""

    def state(self, t_ns: int) -> dict[str, Any]:  # noqa: ARG002 - as the other kind's
        return {
            "kind": "virtio",
            "connected": self._device.is_connected,
            "running": self._device.rings.has_started,
            "pids": [],
            "watchdog": None,
            "lost_edges": sum(self._gpio.lost_count(line) for line in self._lines),
        }

    def line_state(self, line: Line) -> dict[str, Any]:
        return {"lost_edges": self._gpio.lost_count(line)}

    def cut_power(self, t_ns: int) -> None:  # noqa: ARG002 - as the other kind's
        """Raises ValueError: there is no such power here."""
        raise ValueError(
            f"power of {self.name}: got an order to the board, need one to the emulator that"
            " runs this machine; nothing was cut"
        )

    def close(self) -> None:
        self._device.close()
