"""The loads' relays. Every command is a lease: one that is not renewed goes to its declared safe
value.

Decides nothing but that. The contact's sense, faults and the end of the program are handled here:

- an orderly stop and an uncaught exception apply the declared `at_stop` and `at_crash` (`rest`);
- a killed process writes nothing, nor does one that ends to be started anew. The service manager
  holds the lines (kept_relays.py); without one, the kernel keeps them driven (Raspberry Pi kernels)
  or turns them into inputs, where the board's resistor decides (mainline kernels,
  ``dtparam=strict_gpiod``);
- the next start takes held lines over as they are. Without such it continues what was commanded a
  moment ago, else it begins with the safe value, except where a policy says hold and the line is
  driven.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence

from edge.adapters.output_pin import OpenOutput, OutputPin
from edge.config.io import OutputPolicy, RelayPlan
from edge.model.problem import Problem
from edge.model.scan import RelayCommand


class Ending(enum.Enum):
    """How the program ends. STOP: it was told to. CRASH: an exception that nobody expected.
    RESTART: it was told to, the next run takes the lines over, and until then they are held.
    """

    STOP = "stop"
    CRASH = "crash"
    RESTART = "restart"


class Relays:
    """All relays, in the order of the plans. `mono_ns()` is CLOCK_BOOTTIME.

    A command that is older than `lease_ns` (> 0) is no longer followed. `shed_before` are commands
    that were in force a moment ago: a restart continues them instead of beginning safe.
    """

    def __init__(
        self,
        plans: Sequence[RelayPlan],
        open_output: OpenOutput,
        mono_ns: Callable[[], int],
        lease_ns: int,
        shed_before: Mapping[str, bool],
    ) -> None:
        self._relays = tuple(
            _Relay(plan, open_output, begin_shed=shed_before.get(plan.load)) for plan in plans
        )
        self._by_load = {relay.plan.load: relay for relay in self._relays}
        self._mono_ns = mono_ns
        self._lease_ns = lease_ns
        self._next_verified = 0

    def write(self, commands: Iterable[RelayCommand], valid_until_mono_ns: int) -> None:
        """Carry out `commands`, each only if it is still valid at the moment of its own write.

        A process that was paused after deciding must not carry out what it decided before the
        pause. Reads one line back a call. Raises KeyError for a load that has no relay (a
        programmer's error).
        """
        for command in commands:
            relay = self._by_load[command.load]
            now_mono_ns = self._mono_ns()
            if now_mono_ns <= valid_until_mono_ns:
                relay.lease_mono_ns = now_mono_ns + self._lease_ns
                relay.output.write(command.shed, now_mono_ns)
        now_mono_ns = self._mono_ns()
        for relay in self._relays:
            if now_mono_ns > relay.lease_mono_ns:
                relay.output.write(relay.plan.safe_shed, now_mono_ns)
        self._verify_one(now_mono_ns)

    def rest(self, ending: Ending) -> None:
        """Apply each relay's policy for this ending. Never raises for a faulty line."""
        if ending is Ending.RESTART:
            return
        now_mono_ns = self._mono_ns()
        for relay in self._relays:
            policy = relay.plan.at_stop if ending is Ending.STOP else relay.plan.at_crash
            if policy is OutputPolicy.SAFE:
                relay.output.write(relay.plan.safe_shed, now_mono_ns)

    def release(self) -> None:
        """No load is shed by this unit: its twin's contacts decide alone. Never raises."""
        now_mono_ns = self._mono_ns()
        for relay in self._relays:
            relay.output.write(False, now_mono_ns)

    @property
    def faults(self) -> tuple[str, ...]:
        """Loads whose relay may not be where it is wanted."""
        return tuple(r.plan.load for r in self._relays if r.output.problem is not None)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The faults, explained."""
        return tuple(r.output.problem for r in self._relays if r.output.problem is not None)

    def _verify_one(self, now_mono_ns: int) -> None:
        if self._relays:
            self._next_verified = (self._next_verified + 1) % len(self._relays)
            self._relays[self._next_verified].output.verify(now_mono_ns)


class _Relay:
    def __init__(
        self, plan: RelayPlan, open_output: OpenOutput, *, begin_shed: bool | None
    ) -> None:
        self.plan = plan
        self.lease_mono_ns = -1  # no command yet
        self.output = OutputPin(
            plan.load,
            plan.pin,
            open_output,
            active_high=plan.shed_level,
            value=plan.safe_shed if begin_shed is None else begin_shed,
            # A hold on either ending: a restart must not move a contactor and then move it back.
            keep_driven=OutputPolicy.HOLD in {plan.at_stop, plan.at_crash},
        )
