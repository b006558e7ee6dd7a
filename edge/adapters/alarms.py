"""The alarm outputs: caution, shed, fault and buzzer. Decides no alarm but its own
crash.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.adapters.output_pin import OpenOutput, OutputPin
from edge.adapters.relays import Ending
from edge.config.io import AlarmPlan
from edge.model.problem import Problem
from edge.model.scan import AlarmOutputs

_CRASHED = AlarmOutputs(fault=True, buzzer=True)
_QUIET = AlarmOutputs()


class Alarms:
    """The outputs that are fitted. `mono_ns()` is CLOCK_BOOTTIME."""

    def __init__(
        self, plan: AlarmPlan, open_output: OpenOutput, mono_ns: Callable[[], int]
    ) -> None:
        pins = {
            "caution": plan.caution_pin,
            "shed": plan.shed_pin,
            "fault": plan.fault_pin,
            "buzzer": plan.buzzer_pin,
        }
        self._outputs = {
            name: OutputPin(
                name,
                pin,
                open_output,
                active_high=plan.active_level,
                value=False,
                keep_driven=False,
            )
            for name, pin in pins.items()
            if pin is not None
        }
        self._mono_ns = mono_ns

    def write(self, alarms: AlarmOutputs) -> None:
        """Show `alarms`, and read the lines back."""
        now_mono_ns = self._mono_ns()
        for name, output in self._outputs.items():
            output.write(getattr(alarms, name), now_mono_ns)
            output.verify(now_mono_ns)

    def rest(self, ending: Ending) -> None:
        """After a stop all is quiet; a crash is shown and sounded until the next start, and what
        is shown stays over a restart, as far as the kernel keeps it.
        """
        if ending is Ending.RESTART:
            return
        self.write(_CRASHED if ending is Ending.CRASH else _QUIET)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """One for each output that may not show what it should."""
        outputs = self._outputs.values()
        return tuple(output.problem for output in outputs if output.problem is not None)
