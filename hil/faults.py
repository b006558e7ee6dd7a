"""What can be broken on a bench by order: the line, the meters, the contacts. All can be mended.

It only gives the orders; what becomes of it is for the controller to say and for others to judge.
"""

from __future__ import annotations

from collections.abc import Mapping

from hil.launch import BenchProcess
from hil.works import CHILLERS_METER, FEEDER, INCOMER_METER

_NOISE_SEED = 1
_UNIT_IDS = {"incomer": INCOMER_METER["unit_id"], "chillers": CHILLERS_METER["unit_id"]}


class Faults:
    """`meters` by name, each a process of its own. `node`: the gateway whose end of the line is
    broken where only one end is.
    """

    def __init__(
        self,
        board: BenchProcess,
        hub: BenchProcess,
        meters: Mapping[str, BenchProcess],
        node: str = "gateway",
    ) -> None:
        self._board = board
        self._hub = hub
        self._meters = meters
        self._node = node

    def short_bus(self, on: bool) -> None:
        self._hub.order("short", on=on)

    def cut_bus(self, on: bool) -> None:
        """Take the gateway's cable off the line, which lives on."""
        self._hub.order("plug", node=self._node, on=not on)

    def pull_adapter(self, on: bool) -> None:
        """Pull the serial adapter itself: its port goes away."""
        self._hub.order("usb", node=self._node, on=not on)

    def deafen(self, on: bool) -> None:
        """The gateway's receiver hears nothing; it can still drive."""
        self._hub.order("deaf", node=self._node, on=on)

    def echo(self, on: bool) -> None:
        """The gateway's adapter hears what it sends."""
        self._hub.order("echo", node=self._node, on=on)

    def drive_line(self, sent: bytes) -> None:
        """Somebody else on the line: another master's query, or rubbish."""
        self._hub.order("inject", sent=sent.hex())

    def make_noise(self, probability: float) -> None:
        """The chance of each bit on the line to flip; 0 ends it."""
        self._hub.order("noise", probability=probability, seed=_NOISE_SEED)

    def silence_meter(self, name: str, on: bool) -> None:
        """`incomer` or `chillers` gives no answer any more."""
        self._meters[name].order("silence", unit=_UNIT_IDS[name], on=on)

    def cut_power(self) -> None:
        """The gateway's outputs and its watchdog lose their power with it."""
        self._board.order("power_cut", unit=self._node)

    def break_pulse(self, on: bool) -> None:
        """Cut the pulse wire; the meter pulses on unheard."""
        self._board.order("break_pulse", line=FEEDER, state="open" if on else None)

    def stick_feedback(self, load: str, state: str | None) -> None:
        """Hold an auxiliary contact `open` or `closed`; None mends it."""
        self._board.order("feedback_stick", load=load, state=state)
