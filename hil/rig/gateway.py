"""A real gateway on the table: its power by a relay, its machine and software through ssh.

It carries out what :class:`hil.suite.protocol.Gateway` says; nothing is judged here.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hil.boottime import boottime_ns
from hil.rig.config import GatewayConfig, Installed
from hil.rig.power import Relays
from hil.rig.ssh import Remote
from hil.rig.usb import RigUsb
from hil.suite.protocol import OwnEvent, Said, Status, Unable
from hil.suite.services import stop_command

_COMMAND_S_MAX = 60.0
_LOG_LINES_MAX = 5000
_ON_GATEWAY = Path(__file__).with_name("on_gateway.py")
_CRASH = "sync; echo 1 > /proc/sys/kernel/sysrq; (sleep 0.3; echo c > /proc/sysrq-trigger)"
_TIME_SERVICES = "systemd-timesyncd chrony"
Order = Callable[..., Any]


class RigBusEnd:
    """Its cable goes through a relay; the board must know, since its driver may still be on."""

    def __init__(self, unit: str, relay: int | None, relays: Relays | None, order: Order) -> None:
        self._unit = unit
        self._relay = relay
        self._relays = relays
        self._order = order

    def cut(self, *, on: bool) -> None:
        if self._relays is None or self._relay is None:
            raise Unable(f"rig: {self._unit} has no bus_relay in the rig file")
        self._order("isolated", unit=self._unit, on=on)
        self._relays.energise(self._relay, on=on)

    def deafen(self, *, on: bool) -> None:  # noqa: ARG002
        raise Unable("rig: an adapter cannot be made deaf that still drives")


class RigGateway:
    """`order` speaks to the rig's board."""

    def __init__(
        self,
        unit: str,
        config: GatewayConfig,
        installed: Installed,
        relays: Relays | None,
        remote: Remote,
        order: Order,
    ) -> None:
        self.unit = unit
        self.remote = remote
        self.bus = RigBusEnd(unit, config.bus_relay, relays, order)
        self.usb = RigUsb(unit, config.usb, remote, self.bus)
        self._config = config
        self._installed = installed
        self._relays = relays
        self._order = order
        self._is_cut = False
        self._last_event = 0

    # Power and machine.

    def power_off(self) -> None:
        if self._relays is None or self._config.power_relay is None:
            raise Unable(f"rig: {self.unit} has no power_relay in the rig file")
        self._order("powered", unit=self.unit, on=False)
        self._relays.energise(self._config.power_relay, on=True)
        self._is_cut = True
        self.remote.close()

    def power_on(self) -> None:
        if not self._is_cut:
            self.start_service()
            return
        assert self._relays is not None
        assert self._config.power_relay is not None
        self._relays.energise(self._config.power_relay, on=False)
        self._order("powered", unit=self.unit, on=True)
        self._is_cut = False

    def press_power_key(self) -> None:
        raise Unable("rig: no gateway has a power key in the rig file")

    def hang(self) -> None:
        self._signal("STOP")

    def wake(self) -> None:
        try:
            self._signal("CONT")
        except (ConnectionError, TimeoutError, RuntimeError):
            return  # it was reset meanwhile

    def _signal(self, name: str) -> None:
        self._must(f"systemctl kill --signal={name} {shlex.quote(self._installed.units)}")

    def crash_kernel(self) -> None:
        self._must(f"nohup sh -c {shlex.quote(_CRASH)} >/dev/null 2>&1 &")

    # Software.

    def kill_control(self) -> None:
        status = self.status()
        if status is None:
            raise RuntimeError(f"{self.unit}: no control process to kill: its desk is silent")
        self._must(f"kill -9 {int(status.answer['identity']['pid'])}")

    def stop_service(self) -> None:
        self._must(stop_command(self._installed.service))

    def start_service(self) -> None:
        self._must(f"systemctl start --no-block {self._installed.service}")

    def shell(self, command: str, within_s: float = _COMMAND_S_MAX) -> Said:
        return self.remote.run(command, within_s)

    def denban(self, *arguments: str) -> Said:
        return self.shell(f"NO_COLOR=1 denban {shlex.join(arguments)}")

    def _must(self, command: str) -> str:
        said = self.shell(command)
        if said.code:
            raise RuntimeError(f"{self.unit}: {command}: ended with {said.code}\n{said.text}")
        return said.text

    def fill_disk(self, *, on: bool) -> None:
        filler = shlex.quote(f"{self._installed.store}/bench-filler")
        if on:
            self._must(f"dd if=/dev/zero of={filler} bs=64k 2>/dev/null; test -s {filler}")
        else:
            self._must(f"rm -f {filler}")

    def step_clock(self, difference_s: float) -> None:
        """The true time is the bench's own."""
        verb = "stop" if difference_s else "start"
        self._must(f"date -u -s @{time.time() + difference_s:.3f}")
        self.shell(f"for each in {_TIME_SERVICES}; do systemctl {verb} $each; done 2>/dev/null")

    # Its own account.

    def _ask_gateway(self, *words: str) -> Any:
        """Raises OSError when it does not answer."""
        said = self.remote.run(f"python3 - {shlex.join(words)}", 10.0, _ON_GATEWAY.read_text())
        if said.code:
            raise ConnectionRefusedError(f"{self.unit}: {' '.join(words)}: {said.text.strip()}")
        return json.loads(said.text)

    def _ask(self, kind: str, **fields: Any) -> tuple[int, dict[str, Any]]:
        """When it was asked, less its own clock then; and the answer."""
        asked_ns = boottime_ns()
        request = json.dumps({"type": kind, **fields})
        said = self._ask_gateway("ask", self._installed.socket, request)
        return asked_ns - said["boottime_ns"], said["answer"]

    def status(self) -> Status | None:
        """`scanned_ns` is early by what ssh takes, never late: it is that new at least."""
        try:
            ahead_ns, answer = self._ask("status")
        except OSError:
            return None
        if not answer["ok"]:
            return None
        return Status(answer["status"]["mono_ns"] + ahead_ns, answer)

    def order(self, kind: str, **fields: Any) -> dict[str, Any]:
        return self._ask(kind, **fields)[1]

    def fresh_events(self) -> list[OwnEvent]:
        path = f"{self._installed.store}/journal.db"
        try:
            rows = self._ask_gateway("events", path, str(self._last_event))
        except OSError:
            return []
        if rows:
            self._last_event = rows[-1][0]
        return [OwnEvent(*row[1:]) for row in rows]

    def log_text(self) -> str:
        units = shlex.quote(self._installed.units)
        try:
            return self.shell(f"journalctl --no-pager -n {_LOG_LINES_MAX} -u {units}").text
        except (ConnectionError, TimeoutError) as error:
            return f"no log: {error}\n"

    # Before a run.

    def prepare(self, site: str, key: str) -> None:
        """Stop it, and give it its site file and key; what earlier runs left is removed."""
        where = self._installed
        self._must(f"systemctl stop {shlex.quote(where.units)}")
        store, plans = shlex.quote(where.store), shlex.quote(where.plans)
        self._must(f"rm -rf {store}/* && mkdir -p {store} {plans}")
        for path, text in ((where.site, site), (where.key_file, key)):
            command = f"umask 077; cat > {shlex.quote(path)}"
            said = self.remote.run(command, _COMMAND_S_MAX, text)
            if said.code:
                raise RuntimeError(f"{self.unit}: {command}: {said.text}")
