"""One bench: line, meters, board and the real controller, started together and ended together.

It breaks things by order and tells what was seen, by the board, by the plant and at the
controller's own desk. It judges nothing: that is for tests and for the demo.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hil import timezone
from hil.controller import Controller
from hil.field import Field
from hil.gateway import Gateway
from hil.site import SitePaths, write_site
from hil.waiting import DEADLINE_S
from hil.works import UNIT, Works

_NODE = "gateway"


class Bench(Field):
    """The whole bench in a folder of its own, which goes with it.

    Enter it to have everything up but the controller; :meth:`start_controller` starts that. With a
    `plan_slot_s` in the works the plan folder is `plans`.
    """

    def __init__(self, works: Works | None = None, *, seed: int = 1) -> None:
        super().__init__(works, seed, {UNIT: _NODE})
        self.environment: dict[str, str] = {}
        self.plan_day = ""

    def home(self, unit: str) -> Path:  # noqa: ARG002 -- there is only one
        return self.folder

    def _begin(self) -> None:
        super()._begin()
        gateway = Gateway(
            UNIT, self.folder, self.board_socket(UNIT), self._connected_pids, self.faults
        )
        gateway.environment = self.environment
        self.gateway = gateway
        self.plans = gateway.plans
        self.store = gateway.store
        self.runtime = gateway.runtime
        self.port = gateway.port
        self.site = gateway.site
        self.log = gateway.log
        self.desk = gateway.desk
        self.events = gateway.events
        paths = SitePaths(self.port, self.runtime / "control", self.store, self.plans)
        write_site(self.site, self.works, paths)
        self._ends.callback(gateway.end)

    def _connected_pids(self) -> list[int]:
        pids: list[int] = self.board.order("snapshot")["units"][UNIT]["pids"]
        return pids

    # The controller.

    def start_controller(self, *, wait: bool = True) -> Controller:
        """Start it, after the end of the one before; with `wait` return after its first scan."""
        return self.gateway.start(wait=wait)

    @property
    def controller(self) -> Controller:
        """The one that was started last."""
        return self.gateway.controller

    @property
    def control_pid(self) -> int:
        return self.gateway.control_pid

    def unit_pids(self) -> list[int]:
        """Every living process that is connected to the board as the unit."""
        return self.gateway.pids()

    def wait_status(
        self, wanted: Callable[[dict[str, Any]], bool], within_s: float = DEADLINE_S
    ) -> dict[str, Any]:
        """The first status answer that is as `wanted`.

        Raises RuntimeError when the controller ended while it should live.
        """
        return self.gateway.wait_status(wanted, within_s)

    def log_text(self) -> str:
        """What the controller wrote to its standard error."""
        return self.gateway.log_text()

    def begin_day_at(self, midnight_utc_s: int) -> None:
        """Before the controller starts: its local day begins then, and `plan_day` is its date.

        The works must have the zone of hil.timezone.
        """
        assert self.works.timezone == timezone.NAME
        offset_s = timezone.offset_for_midnight_s(midnight_utc_s)
        self.environment |= timezone.write_timezone(self.folder / "zoneinfo", offset_s)
        self.plan_day = datetime.fromtimestamp(midnight_utc_s + offset_s, UTC).date().isoformat()

    def step_clock(self, difference_s: float) -> None:
        """Set the controller's wall clock apart from the machine's by so much; 0 sets it right."""
        self.gateway.step_clock(difference_s)

    def fill_disk(self, on: bool) -> None:
        """See :meth:`hil.gateway.Gateway.fill_disk`."""
        self.gateway.fill_disk(on)
