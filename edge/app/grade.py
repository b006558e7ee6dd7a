"""How well this unit could do the duty, from what its own inputs and outputs show."""

from __future__ import annotations

from edge.model.scan import ScanInputs
from edge.model.status import Status
from edge.model.twin import Grade


def own_grade(
    inputs: ScanInputs, status: Status, *, has_unheard_lines: bool, nobody_polls: bool
) -> tuple[Grade, str]:
    """The grade, and in few words what is wrong.

    What both units would suffer alike (a load that does not respond, a dead meter) is none of it:
    a swap of roles would not mend that. `inputs` and `status` are of the same scan.
    `has_unheard_lines`: the peer polls lines on which this unit can not listen, so sources that
    are silent here say nothing of it.
    """
    faulty, loads = len(inputs.relay_faults), len(status.loads)
    is_blind = status.metering != "ok" and not has_unheard_lines
    if is_blind and loads and faulty == loads and not nobody_polls:
        return Grade.UNFIT, "no source of energy and no relay"
    wrong = [f"relay of {name}" for name in inputs.relay_faults]
    if is_blind:
        wrong.append("no source of energy")
    elif status.sources and not status.sources[0].ok and not has_unheard_lines:
        wrong.append(f"source {status.sources[0].name}")
    if wrong:
        return Grade.IMPAIRED, ", ".join(wrong)
    return Grade.FIT, ""
