"""What hangs on the lines: load contacts, hand switches, lamps, auxiliary contacts.

It turns the levels of all units' lines into "this load is shed" and writes every change to the
journal. It knows nothing of energy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

from hil.board.clock import NS_PER_S, Agenda
from hil.board.config import BoardConfig, LoadConfig
from hil.board.journal import Journal
from hil.board.line import Line

Switch = Literal["auto", "on", "off"]
Stuck = Literal["open", "closed"]


class _Load:
    def __init__(self, config: LoadConfig) -> None:
        self.config = config
        self.contact_sheds = config.contact == "de_energise_to_shed"  # coils at rest
        self.switch: Switch = "auto"
        self.on: bool | None = None  # as the plant last said
        self.feedback_closed = False
        self.feedback_stuck: Stuck | None = None

    @property
    def shed(self) -> bool:
        return self.switch == "off" or (self.switch == "auto" and self.contact_sheds)


class Wiring:
    """Every line of every unit, and what is wired to it."""

    def __init__(self, config: BoardConfig, journal: Journal, agenda: Agenda) -> None:
        self._journal = journal
        self._agenda = agenda
        self._loads = {name: _Load(load) for name, load in config.loads.items()}
        self._lamps = dict.fromkeys(config.lamps, False)
        self._lamp_configs = config.lamps
        self._contact_levels = {pulse.pin: pulse.closed_level for pulse in config.pulses.values()}
        feedbacks = [feedback for load in config.loads.values() if (feedback := load.feedback)]
        self._contact_levels |= {feedback.pin: feedback.closed_level for feedback in feedbacks}
        self.lines: dict[str, list[Line]] = {}
        self._hearers: dict[tuple[str, int], Callable[[Line, int], None]] = {}
        self._undriven: set[str] = set()

    def make_lines(
        self, unit: str, lines_count: int, pulls: Mapping[int, str], *, has_biases: bool = True
    ) -> list[Line]:
        """Lines of one unit; a relay's input has a resistor that keeps its coil at rest.

        On a chip without biases the contacts to be read have resistors too.
        """
        contacts = {} if has_biases else self._contact_levels
        levels = {pin: 1 - closed_level for pin, closed_level in contacts.items()}
        levels |= {
            load.config.pin: 1 - load.config.energised_level for load in self._loads.values()
        }
        levels |= {lamp.pin: 1 - lamp.lit_level for lamp in self._lamp_configs.values()}
        levels |= {pin: int(pull == "up") for pin, pull in pulls.items()}
        self.lines[unit] = [
            Line(offset, levels.get(offset), partial(self._on_output, unit))
            for offset in range(lines_count)
        ]
        return self.lines[unit]

    def hear(self, unit: str, pin: int, action: Callable[[Line, int], None]) -> None:
        """`action(line, t_ns)` is told of an output's changes, and the journal is not."""
        self._hearers[unit, pin] = action

    def gate_relays(self, unit: str, t_ns: int, *, driven: bool) -> None:
        """The supply of a unit's relay drivers; without it their coils are at rest."""
        (self._undriven.discard if driven else self._undriven.add)(unit)
        for name, load in self._loads.items():
            self._settle_contact(name, load, t_ns)

    def _on_output(self, unit: str, line: Line, t_ns: int) -> None:
        hearer = self._hearers.get((unit, line.offset))
        if hearer is not None:
            hearer(line, t_ns)
            return
        direction = "out" if line.is_output else "in"
        self._journal.add(
            t_ns, "line", unit=unit, pin=line.offset, direction=direction, level=line.level
        )
        for name, load in self._loads.items():
            if load.config.pin == line.offset:
                self._settle_contact(name, load, t_ns)
        for name, lamp in self._lamp_configs.items():
            if lamp.pin == line.offset:
                self._settle_lamp(name, lamp.pin, lamp.lit_level, t_ns)

    def _levels(self, pin: int) -> dict[str, int]:
        return {unit: lines[pin].level for unit, lines in self.lines.items()}

    def _settle_contact(self, name: str, load: _Load, t_ns: int) -> None:
        energised_sheds = load.config.contact == "energise_to_shed"
        energised_level = load.config.energised_level
        sheds_at = energised_level if energised_sheds else 1 - energised_level
        levels = self._levels(load.config.pin)
        levels |= dict.fromkeys(self._undriven, 1 - energised_level)
        units = [unit for unit, level in levels.items() if level == sheds_at]
        if bool(units) != load.contact_sheds:
            load.contact_sheds = bool(units)
            self._journal.add(t_ns, "contact", load=name, shed=load.contact_sheds, units=units)

    def _settle_lamp(self, name: str, pin: int, lit_level: int, t_ns: int) -> None:
        lit = lit_level in self._levels(pin).values()
        if lit != self._lamps[name]:
            self._lamps[name] = lit
            self._journal.add(t_ns, "lamp", lamp=name, lit=lit)

    def shed_loads(self) -> set[str]:
        """Loads that may not run: by a unit's contact, or by their hand switch."""
        return {name for name, load in self._loads.items() if load.shed}

    def show_load(self, name: str, t_ns: int, *, on: bool) -> None:
        """The plant says whether the load runs; its auxiliary contact follows with its delay."""
        load = self._loads[name]
        if on == load.on:
            return
        load.on = on
        self._journal.add(t_ns, "load", load=name, on=on, shed=load.shed, switch=load.switch)
        feedback = load.config.feedback
        if feedback is not None:
            due_ns = t_ns + round(feedback.delay_s * NS_PER_S)
            self._agenda.at(due_ns, lambda at_ns: self._move_feedback(load, at_ns, closed=on))

    def _move_feedback(self, load: _Load, t_ns: int, *, closed: bool) -> None:
        load.feedback_closed = closed
        feedback = load.config.feedback
        assert feedback is not None
        shown = closed if load.feedback_stuck is None else load.feedback_stuck == "closed"
        for lines in self.lines.values():
            lines[feedback.pin].set_contact(feedback.closed_level if shown else None, t_ns)

    def stick_feedback(self, name: str, stuck: Stuck | None, t_ns: int) -> None:
        """Hold the auxiliary contact, None mends it. Raises ValueError for a load without one."""
        load = self._loads[name]
        if load.config.feedback is None or stuck not in {"open", "closed", None}:
            raise ValueError(
                f"feedback of {name}: got {stuck!r}, need a feedback pin, open|closed|null"
            )
        load.feedback_stuck = stuck
        self._move_feedback(load, t_ns, closed=load.feedback_closed)

    def switch(self, name: str, position: Switch, t_ns: int) -> None:
        """The load's own hand switch: `on` bridges the contacts, `off` keeps the load off."""
        if position not in {"auto", "on", "off"}:
            raise ValueError(f"hand switch of {name}: got {position!r}, need auto|on|off")
        self._loads[name].switch = position
        self._journal.add(t_ns, "switch", load=name, position=position)

    def state(self) -> dict[str, Any]:
        loads = {
            name: {"contact_sheds": load.contact_sheds, "shed": load.shed, "switch": load.switch,
                   "on": load.on, "feedback_closed": load.feedback_closed,
                   "feedback_stuck": load.feedback_stuck}
            for name, load in self._loads.items()
        }  # fmt: skip
        return {"loads": loads, "lamps": dict(self._lamps)}
