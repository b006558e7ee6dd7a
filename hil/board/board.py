"""The bench's board: units, wiring, plant, pulses and orders, and the loop that runs them.

One thread; everything happens in the order of its due time.
"""

from __future__ import annotations

import selectors
from typing import Any, Literal

from hil.board.chip import Chip
from hil.board.clock import NS_PER_S, Agenda, now_ns, utc_ns
from hil.board.config import BoardConfig
from hil.board.enable import make_one_shots
from hil.board.journal import Journal
from hil.board.pulses import PulseSource
from hil.board.unit import Unit
from hil.board.vhost_unit import VirtioUnit
from hil.board.wiring import Stuck, Switch, Wiring
from hil.plant import Plant, PlantState
from hil.rpc import Server
from hil.values import Values

_STEP_NS = 20_000_000  # finer than a gateway's 100 ms scan and than a pulse of 30 ms
_KWH_PER_UWH = 1e-9


class Board:
    """Everything of one bench's board. Call :meth:`run`; it returns after :meth:`stop`."""

    def __init__(self, config: BoardConfig) -> None:
        self._config = config
        self._selector = selectors.DefaultSelector()
        self._agenda = Agenda()
        self._journal = Journal(config.log)
        self._wiring = Wiring(config, self._journal, self._agenda)
        self._units = {name: self._make_unit(name) for name in config.units}
        self._enables = make_one_shots(config, self._wiring, self._journal, self._agenda)
        self._pulses = {
            name: PulseSource(
                pulse, [lines[pulse.pin] for lines in self._wiring.lines.values()], self._agenda
            )
            for name, pulse in config.pulses.items()
        }
        self._plant = Plant(config.plant, config.seed)
        self._state = self._plant.state()
        self._values = Values.create(config.values, list(_cells(self._state)))
        self._orders = Server(config.orders, self._verbs(), self._selector)
        self._running = True
        self._stepped_ns = now_ns()
        self._boundary_utc_ns = self._next_boundary_utc_ns()

    def _make_unit(self, name: str) -> Unit | VirtioUnit:
        config = self._config.units[name]
        is_virtio = config.kind == "virtio"
        keeps_outputs = config.dead_owner == "persist"
        lines = self._wiring.make_lines(name, config.lines, config.pulls, has_biases=not is_virtio)
        loop = (self._agenda, self._selector, self._journal.add)
        unit: Unit | VirtioUnit
        if is_virtio:
            unit = VirtioUnit(name, lines, *loop, keeps_outputs=keeps_outputs)
        else:
            unit = Unit(
                name,
                Chip(lines, self._agenda, keeps_outputs=keeps_outputs),
                *loop,
                nowayout=config.watchdog.nowayout,
                kills=config.watchdog.kill,
            )
        unit.listen(config.socket)
        return unit

    def watch(self, descriptor: int, action: Any) -> None:
        """Have the loop call `action()` when `descriptor` is readable."""
        self._selector.register(descriptor, selectors.EVENT_READ, action)

    def run(self) -> None:
        self._log_energy(self._stepped_ns, "start")
        self._publish(self._stepped_ns)
        self._agenda.at(self._stepped_ns + _STEP_NS, self._step)
        while self._running:
            for key, _ in self._selector.select(self._agenda.wait_s(now_ns())):
                key.data()
            self._agenda.run_due(now_ns())
        self._advance(now_ns())
        self._log_energy(self._stepped_ns, "stop")

    def stop(self) -> None:
        self._running = False

    def close(self) -> None:
        """Remove the sockets; the log and the values stay for whoever reads them."""
        for unit in self._units.values():
            unit.close()
        for path in [self._config.orders, *(unit.socket for unit in self._config.units.values())]:
            path.unlink(missing_ok=True)
        self._selector.close()
        self._journal.close()
        self._values.close()

    def _step(self, due_ns: int) -> None:
        t_ns, wall_ns = now_ns(), utc_ns()
        interval_ns = self._config.interval_s * NS_PER_S
        if wall_ns < self._boundary_utc_ns - interval_ns:  # the clock was set back
            self._boundary_utc_ns = self._next_boundary_utc_ns()
        elif wall_ns >= self._boundary_utc_ns:
            boundary_ns = t_ns - (wall_ns - self._boundary_utc_ns)
            self._advance(max(self._stepped_ns, boundary_ns))  # a clock set forward has no past
            self._log_energy(self._stepped_ns, "interval", boundary_utc_ns=self._boundary_utc_ns)
            self._boundary_utc_ns = self._next_boundary_utc_ns()
        self._advance(t_ns)
        self._publish(t_ns)
        self._agenda.at(max(due_ns, t_ns - _STEP_NS) + _STEP_NS, self._step)

    def _advance(self, to_ns: int) -> None:
        whole_us = (to_ns - self._stepped_ns) // 1000
        self._state = self._plant.step(whole_us / 1e6, self._wiring.shed_loads())
        self._stepped_ns += whole_us * 1000

    def _publish(self, t_ns: int) -> None:
        for cell, value in _cells(self._state).items():
            self._values[cell] = value
        for name, load in self._state.loads.items():
            self._wiring.show_load(name, t_ns, on=load.on)
        for name, pulse in self._config.pulses.items():
            if pulse.feeder is not None:
                self._pulses[name].follow(self._state.feeders[pulse.feeder].import_uwh, t_ns)

    def _next_boundary_utc_ns(self) -> int:
        interval_ns = self._config.interval_s * NS_PER_S
        alignment_ns = self._config.alignment_s * NS_PER_S
        return ((utc_ns() - alignment_ns) // interval_ns + 1) * interval_ns + alignment_ns

    def _log_energy(self, t_ns: int, event: str, **fields: Any) -> None:
        self._journal.add(t_ns, event, **fields, **self._energy())

    def _energy(self) -> dict[str, Any]:
        feeders = self._state.feeders.items()
        return {
            "import_uwh": {name: feeder.import_uwh for name, feeder in feeders},
            "export_uwh": {name: feeder.export_uwh for name, feeder in feeders},
        }

    # Orders, carried out between two steps; see hil/board/__init__.py for their list.

    def _verbs(self) -> dict[str, Any]:
        return {
            "pins": self._order_pins,
            "snapshot": self._order_snapshot,
            "pulses": self._order_pulses,
            "bounce": self._order_bounce,
            "break_pulse": self._order_break_pulse,
            "feedback_stick": self._order_feedback_stick,
            "manual": self._order_manual,
            "plant_set": self._order_plant_set,
            "load_trip": self._order_load_trip,
            "power_cut": self._order_power_cut,
            "moves": self._order_moves,
            "stop": self.stop,
        }

    def _order_pins(self) -> dict[str, list[dict[str, Any]]]:
        for unit in self._units.values():
            unit.reap()
        return {
            unit: [
                {"pin": line.offset, "direction": "out" if line.is_output else "in",
                 "level": line.level, "consumer": line.consumer, "line_seqno": line.line_seqno,
                 **self._units[unit].line_state(line)}
                for line in lines
                if line.in_use or line.is_output
            ]
            for unit, lines in self._wiring.lines.items()
        }  # fmt: skip

    def _order_snapshot(self) -> dict[str, Any]:
        t_ns = now_ns()
        for unit in self._units.values():
            unit.reap()
        feeders = self._state.feeders.items()
        units = {
            name: {
                **unit.state(t_ns),
                **({"enable": self._enables[name].is_up} if name in self._enables else {}),
            }
            for name, unit in self._units.items()
        }
        return {
            "t_ns": t_ns,
            "units": units,
            **self._wiring.state(),
            "pulses": {name: source.state() for name, source in self._pulses.items()},
            "power_w": {name: feeder.power_w for name, feeder in feeders},
            "load_power_w": {name: load.power_w for name, load in self._state.loads.items()},
            **self._energy(),
        }

    def _order_pulses(self, line: str, count: int, rate_hz: float) -> float:
        return self._pulses[line].order(count, rate_hz, now_ns())

    def _order_bounce(self, line: str, edges: int, within_ms: float) -> None:
        self._pulses[line].set_bounce(edges, within_ms / 1000)

    def _order_break_pulse(self, line: str, state: Literal["open", "closed"] | None) -> None:
        self._pulses[line].break_contact(state, now_ns())

    def _order_feedback_stick(self, load: str, state: Stuck | None) -> None:
        self._wiring.stick_feedback(load, state, now_ns())

    def _order_manual(self, load: str, position: Switch) -> None:
        self._wiring.switch(load, position, now_ns())

    def _order_plant_set(self, name: Literal["base_w", "solar_w"], value_w: float) -> None:
        self._plant.order(name, value_w)
        self._journal.add(now_ns(), "plant_order", name=name, value_w=value_w)

    def _order_load_trip(self, name: str, on: bool = True) -> None:
        self._plant.trip(name, on=on)
        self._journal.add(now_ns(), "load_trip", load=name, on=on)

    def _order_power_cut(self, unit: str) -> None:
        self._units[unit].cut_power(now_ns())

    def _order_moves(self, since_ns: int = 0) -> list[dict[str, Any]]:
        return self._journal.since(since_ns, "contact", "lamp", "line")


def _cells(state: PlantState) -> dict[str, float]:
    cells: dict[str, float] = {}
    for name, feeder in state.feeders.items():
        cells[f"{name}.power_w"] = feeder.power_w
        cells[f"{name}.import_kwh"] = feeder.import_uwh * _KWH_PER_UWH
        cells[f"{name}.export_kwh"] = feeder.export_uwh * _KWH_PER_UWH
    for name, load in state.loads.items():
        cells[f"load.{name}.power_w"] = load.power_w
        cells[f"load.{name}.on"] = float(load.on)
    return cells
