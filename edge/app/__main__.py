"""`python -m edge.app run SITE [--unit NAME]`: the control process. Imports nothing it can miss."""

from __future__ import annotations

import sys
from pathlib import Path

from edge.adapters.hardware import read_hardware_identity
from edge.app.control import ControlProcess
from edge.app.unit import choose_unit
from edge.config import load_site
from edge.model.problem import ProblemsError

_USAGE = "usage: python -m edge.app run SITE [--unit NAME]"


def main(arguments: list[str]) -> int:
    """0 after a stop by signal, 2 when the site file, the machine or the arguments are refused."""
    match arguments:
        case ["run", site]:
            named = None
        case ["run", site, "--unit", named]:
            pass
        case _:
            print(_USAGE, file=sys.stderr)
            return 2
    try:
        loaded = load_site(Path(site))
        unit = choose_unit(loaded.io.units, named, read_hardware_identity())
        for warning in loaded.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        ControlProcess(loaded, unit).run()
    except ProblemsError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
