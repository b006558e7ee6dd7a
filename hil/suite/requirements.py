"""What the scenarios are there to show: each requirement in a sentence, and where it comes from.

The matrix of a report is made of these. S01 to S20 are the scenarios of docs/twin.md.
"""

from __future__ import annotations

from typing import Final

import msgspec

_TWIN: Final = "docs/twin.md, twenty scenarios"
_PROMISES: Final = "docs/twin.md, what the pair promises"
_GUIDE: Final = "docs/guide.md"


class Requirement(msgspec.Struct, frozen=True):
    """`shown_by`: a test that goes deeper than any bench can be told to; empty: scenarios do."""

    text: str
    source: str
    shown_by: str = ""


REQUIREMENTS: Final = {
    "S01": Requirement("Control killed on duty: the twin has the duty within 0.5 s.", _TWIN),
    "S02": Requirement(
        "A gateway that hangs on duty is reset by its watchdog and taken over in time; it never"
        " drives the line beside its twin.",
        _TWIN,
    ),
    "S03": Requirement("Power cut on duty, tier 0: taken over in time; no load moves.", _TWIN),
    "S04": Requirement("Power cut or hang on duty, tier 1: taken over within 1.25 s.", _TWIN),
    "S05": Requirement(
        "A frozen bus worker is replaced and puts nothing on the line when it thaws.",
        _TWIN,
        shown_by="tests/e2e/twin/test_bus_worker.py",
    ),
    "S06": Requirement("One network path cut: no role changes, and it is told.", _TWIN),
    "S07": Requirement("All paths cut one way, the line alive: no role changes.", _TWIN),
    "S08": Requirement("All paths cut both ways, the line alive: no role changes.", _TWIN),
    "S09": Requirement(
        "The line or the adapter lost on duty: one swap of roles, no reset; back when mended.",
        _TWIN,
    ),
    "S10": Requirement(
        "The line shorted or noisy: the duty is never lost, at most one swap, no reset.", _TWIN
    ),
    "S11": Requirement("Both started at once: one on duty in time, one stands by.", _TWIN),
    "S12": Requirement("One started alone takes the duty and says that it is alone.", _TWIN),
    "S13": Requirement(
        "A planned handover leaves no gap longer than a poll and moves no load.", _TWIN
    ),
    "S14": Requirement("Handovers in a row are all as clean as one.", _TWIN),
    "S15": Requirement("Losses, doubles and delays on every path change no role.", _TWIN),
    "S16": Requirement(
        "Forged, replayed and foreign heartbeats are refused.",
        _TWIN,
        shown_by="tests/e2e/twin/test_forgery.py",
    ),
    "S17": Requirement("A wall clock an hour off changes no role.", _TWIN),
    "S18": Requirement("A stranger on the line is told, and nobody stops for it.", _TWIN),
    "S19": Requirement(
        "A deaf standby says so, and never drives a line that it can't hear.", _TWIN
    ),
    "S20": Requirement("Two islands have one master each, and one together when healed.", _TWIN),
    "SHED": Requirement(
        "A load step is shed in time and in order of priority: the interval ends under its target.",
        _GUIDE,
    ),
    "RESTORE": Requirement("What was shed is restored when there is room for it.", _GUIDE),
    "HELD": Requirement("What is shed stays shed over a takeover.", _PROMISES),
    "ORDER": Requirement("An order given at either gateway is carried out once.", _TWIN),
    "PULSES": Requirement(
        "No pulse is lost or counted twice, at rates up to 1 kHz and over a takeover.", _GUIDE
    ),
    "ENERGY": Requirement("The energy of the running interval is right over takeovers.", _PROMISES),
    "DISK": Requirement("A full disk is an alarm; control and takeover go on.", _GUIDE),
    "STOP": Requirement(
        "Service and machine can be stopped in order: with a ready twin nobody notices.", _GUIDE
    ),
    "GUARD": Requirement(
        "While nobody else would be on duty, no orderly way to stop the gateway on duty stops it.",
        "docs/stopping.md",
    ),
    "ACCIDENT": Requirement(
        "The gateway on duty, taken for another machine and shut down: no interval is passed.",
        "docs/accident.md",
    ),
    "HEAL": Requirement(
        "An adapter that hangs is revived by its own machine; a dead line is no reason to try.",
        "docs/healing.md",
    ),
    "INSTALL": Requirement(
        "The package, installed by the guide word by word, is a pair on duty and ready.",
        "docs/install.md",
    ),
    "UPGRADE": Requirement(
        "An upgrade moves no load, goes back by itself, and is refused where nobody would control.",
        "docs/package.md",
    ),
    "SOAK": Requirement("A day of load and faults: every interval kept and counted.", _GUIDE),
}
