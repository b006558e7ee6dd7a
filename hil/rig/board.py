"""The rig's board: `python -m hil.rig.board --config board.json`.

It runs the plant, makes its pulses and contacts at the stimulating Pico, and writes what the
observing Pico and the listening adapter see as the process bench's board and hub would. Nothing
of the gateways' own account comes in here.
"""

from __future__ import annotations

import argparse
import json
import selectors
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from hil import works as wiring
from hil.board.clock import NS_PER_S, Agenda, now_ns, utc_ns
from hil.board.journal import Journal
from hil.lifetime import Lifetime
from hil.plant import Plant, PlantSpec, PlantState
from hil.rig.bursts import Bursts
from hil.rig.config import RigConfig
from hil.rig.contacts import Contacts
from hil.rig.pico import Edge, Pico
from hil.rig.tap import Tap
from hil.rpc import Server
from hil.values import Values
from hil.works import FEEDER, Works

_STEP_NS = 20_000_000
_PING_NS = NS_PER_S
_KWH_PER_UWH = 1e-9
_RATE_HZ_MAX = 1000.0
_BITS_PER_CHAR = 11


class BoardConfig(msgspec.Struct, forbid_unknown_fields=True):
    """`log` and `bus_log`: JSON lines. `orders`: the Unix socket of :mod:`hil.rpc`."""

    rig: RigConfig
    works: Works
    log: str
    bus_log: str
    values: str
    orders: str
    seed: int = 1


class Board:
    """Call :meth:`run`, then :meth:`close`."""

    def __init__(self, config: BoardConfig) -> None:
        self._config = config
        self._selector = selectors.SelectSelector()
        self._lifetime = Lifetime(self._selector)
        self._agenda = Agenda()
        self._journal = Journal(Path(config.log))
        self._bus_log = Path(config.bus_log).open("w", buffering=1)  # noqa: SIM115 -- close() ends it
        self._contacts = Contacts(self._journal)
        self._bursts = Bursts(wiring.BUS_BAUDRATE, _BITS_PER_CHAR)
        self._powered = dict.fromkeys(config.rig.gateway, True)
        self._channels = {
            pin: action
            for unit in config.rig.gateway
            for pin, action in self._channels_of(unit).items()
        }
        self._stimulus = Pico(config.rig.stimulus.port, "stimulus")
        self._observer = Pico(config.rig.observer.port, "observer")
        self._tap = Tap(config.rig.line.tap, wiring.BUS_BAUDRATE)
        self._plant = Plant(msgspec.convert(wiring.plant(config.works), PlantSpec), config.seed)
        self._state = self._plant.state()
        self._values = Values.create(Path(config.values), list(_cells(self._state)))
        self._orders = Server(Path(config.orders), self._verbs(), self._selector)
        self._fed_back: dict[str, bool] = {}
        self._energy_pulses = 0
        self._stepped_ns = now_ns()
        self._boundary_utc_ns = self._next_boundary_utc_ns()

    def _channels_of(self, unit: str) -> dict[int, Callable[[Edge], None]]:
        observed = self._config.rig.gateway[unit].observed
        found: dict[int, Callable[[Edge], None]] = {
            observed.driver_enable: lambda edge: self._bursts.edge(unit, edge.t_ns, on=edge.on),
            observed.alive: lambda edge: self._see_alive(unit, edge),
        }
        for load, pin in observed.relays.items():
            found[pin] = lambda edge, load=load: self._contacts.move(  # type: ignore[misc]
                unit, load, edge.t_ns, energised=edge.on
            )
        if observed.enable is not None:
            found[observed.enable] = lambda edge: self._journal.add(
                edge.t_ns, "enable", unit=unit, up=edge.on
            )
        return found

    def _see_alive(self, unit: str, edge: Edge) -> None:
        """A kernel drives its alive line from early on, and only a reset or a power cut ends it."""
        self._journal.add(edge.t_ns, "alive", unit=unit, up=edge.on)
        if not edge.on and self._powered[unit]:
            self._journal.add(edge.t_ns, "watchdog_reset", unit=unit)

    # The loop.

    def run(self) -> None:
        self._begin()
        while not self._lifetime.over:
            for key, _ in self._selector.select(self._agenda.wait_s(now_ns())):
                key.data()
            self._agenda.run_due(now_ns())
        self._advance(now_ns())
        self._log_energy("stop")

    def _begin(self) -> None:
        self._stimulus.ask("rest")
        self._made_before = int(self._made())
        states = self._observer.ask("watch", pins=sorted(self._channels))
        t_ns = now_ns()
        for pin, on in states.items():
            if on:
                self._channels[int(pin)](Edge(0, t_ns, int(pin), on=True))
        self._log_energy("start")
        self._publish()
        self._selector.register(self._observer, selectors.EVENT_READ, self._look)
        self._selector.register(self._tap, selectors.EVENT_READ, self._listen)
        self._agenda.at(self._stepped_ns + _STEP_NS, self._step)
        self._agenda.at(self._stepped_ns + _PING_NS, self._ping)
        print(json.dumps({"ready": [self._stimulus.hello, self._observer.hello]}), flush=True)

    def _look(self) -> None:
        for edge in self._observer.take_edges():
            self._channels[edge.pin](edge)

    def _listen(self) -> None:
        self._bursts.hear(self._tap.read(), now_ns())

    def _ping(self, due_ns: int) -> None:
        for pico in (self._stimulus, self._observer):
            pico.ping()
        self._agenda.at(max(due_ns, now_ns() - _PING_NS) + _PING_NS, self._ping)

    def _step(self, due_ns: int) -> None:
        t_ns, wall_ns = now_ns(), utc_ns()
        interval_ns = self._config.works.interval_s * NS_PER_S
        if wall_ns < self._boundary_utc_ns - interval_ns:  # the clock was set back
            self._boundary_utc_ns = self._next_boundary_utc_ns()
        elif wall_ns >= self._boundary_utc_ns:
            self._advance(max(self._stepped_ns, t_ns - (wall_ns - self._boundary_utc_ns)))
            self._log_energy("interval", boundary_utc_ns=self._boundary_utc_ns)
            self._boundary_utc_ns = self._next_boundary_utc_ns()
        self._advance(t_ns)
        self._publish()
        self._look()  # what came with an answer wakes no selector
        self._listen()
        for row in self._bursts.take(t_ns):
            self._bus_log.write(json.dumps(row, separators=(",", ":")) + "\n")
        self._agenda.at(max(due_ns, t_ns - _STEP_NS) + _STEP_NS, self._step)

    def _next_boundary_utc_ns(self) -> int:
        interval_ns = self._config.works.interval_s * NS_PER_S
        alignment_ns = self._config.works.alignment_s * NS_PER_S
        return ((utc_ns() - alignment_ns) // interval_ns + 1) * interval_ns + alignment_ns

    def _advance(self, to_ns: int) -> None:
        whole_us = (to_ns - self._stepped_ns) // 1000
        self._state = self._plant.step(whole_us / 1e6, self._contacts.shed_loads())
        self._stepped_ns += whole_us * 1000

    def _publish(self) -> None:
        for cell, value in _cells(self._state).items():
            self._values[cell] = value
        stimulus = self._config.rig.stimulus
        for load, pin in stimulus.feedbacks.items():
            runs = self._state.loads[load].on
            if self._fed_back.get(load) != runs:
                self._fed_back[load] = runs
                self._stimulus.ask("set", pin=pin, on=runs)
        due_count = self._state.feeders[FEEDER].import_uwh // wiring.PULSE_UWH
        if due_count > self._energy_pulses:
            width_us = round(stimulus.pulse_width_ms * 1000)
            self._send(due_count - self._energy_pulses, width_us, 2 * width_us)
            self._energy_pulses = due_count

    def _send(self, count: int, width_us: int, period_us: int) -> None:
        self._stimulus.ask(
            "pulses", pin=self._config.rig.stimulus.pulse, count=count,
            width_us=width_us, period_us=period_us,
        )  # fmt: skip

    def _made(self) -> int:
        return int(self._stimulus.ask("made", pin=self._config.rig.stimulus.pulse))

    def _log_energy(self, event: str, **fields: Any) -> None:
        self._journal.add(self._stepped_ns, event, **fields, **self._energy())

    def _energy(self) -> dict[str, Any]:
        feeders = self._state.feeders.items()
        return {
            "import_uwh": {name: feeder.import_uwh for name, feeder in feeders},
            "export_uwh": {name: feeder.export_uwh for name, feeder in feeders},
        }

    # Orders.

    def _verbs(self) -> dict[str, Callable[..., Any]]:
        return {
            "snapshot": self._order_snapshot,
            "pulses": self._order_pulses,
            "contact": self._order_contact,
            "break_pulse": self._order_break_pulse,
            "plant_set": self._plant.order,
            "load_trip": lambda name, on: self._plant.trip(name, on=on),
            "speak": lambda sent: self._tap.write(bytes.fromhex(sent)),
            "powered": self._order_powered,
            "isolated": self._order_isolated,
            "shorted": self._order_shorted,
            "clocks": self._order_clocks,
            "states": lambda: self._observer.ask("states"),
        }

    def _order_snapshot(self) -> dict[str, Any]:
        made = self._made() - self._made_before
        return {
            "t_ns": now_ns(),
            "pulses": {FEEDER: {"pulses_count": made}},
            "energised": self._contacts.energised(),
            "powered": dict(self._powered),
            **self._energy(),
        }

    def _order_pulses(self, count: int, rate_hz: float) -> None:
        if not 0 <= rate_hz <= _RATE_HZ_MAX:
            raise ValueError(f"pulses: got {rate_hz} Hz, need 0 to {_RATE_HZ_MAX:g}")
        stimulus = self._config.rig.stimulus
        period_us = round(1e6 / (rate_hz or stimulus.burst_hz))
        width_us = min(round(stimulus.pulse_width_ms * 1000), period_us // 2)
        self._send(count, width_us, period_us)

    def _order_break_pulse(self, on: bool) -> None:
        self._stimulus.ask("break", pin=self._config.rig.stimulus.pulse, on=on)

    def _order_contact(self, on: bool) -> None:
        """The pulse contact held closed: for a self-test."""
        self._stimulus.ask("set", pin=self._config.rig.stimulus.pulse, on=on)

    def _order_powered(self, unit: str, on: bool) -> None:
        self._powered[unit] = on
        self._journal.add(now_ns(), "power", unit=unit, on=on)

    def _order_isolated(self, unit: str, on: bool) -> None:
        (self._bursts.isolated.add if on else self._bursts.isolated.discard)(unit)

    def _order_shorted(self, on: bool) -> None:
        self._bursts.shorted = on

    def _order_clocks(self) -> dict[str, dict[str, float]]:
        return {
            name: {**pico.ask("stats"), "drift_ppm": pico.clock.drift_ppm,
                   "error_ns": pico.clock.error_ns(pico.ask("ping"))}
            for name, pico in (("stimulus", self._stimulus), ("observer", self._observer))
        }  # fmt: skip

    def close(self) -> None:
        self._stimulus.ask("rest")
        for each in (self._stimulus, self._observer, self._tap, self._journal, self._values):
            each.close()
        self._bus_log.close()
        Path(self._config.orders).unlink(missing_ok=True)


def _cells(state: PlantState) -> dict[str, float]:
    cells: dict[str, float] = {}
    for name, feeder in state.feeders.items():
        cells[f"{name}.power_w"] = feeder.power_w
        cells[f"{name}.import_kwh"] = feeder.import_uwh * _KWH_PER_UWH
        cells[f"{name}.export_kwh"] = feeder.export_uwh * _KWH_PER_UWH
    return cells


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hil.rig.board", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    config = msgspec.json.decode(parser.parse_args().config.read_bytes(), type=BoardConfig)
    board = Board(config)
    try:
        board.run()
    finally:
        board.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
