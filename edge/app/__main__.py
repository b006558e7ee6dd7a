"""`python -m edge.app run SITE [--unit NAME]`: the control process. Imports nothing it can miss."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from edge.app.compiling import Compiling

_USAGE = "usage: python -m edge.app run SITE [--unit NAME]"
# A service manager starts what it refused again and again; nobody mends a file faster.
_REFUSED_S = 5.0


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
    code = _run(Compiling(Path(site)), named)
    if code and "NOTIFY_SOCKET" in os.environ:
        time.sleep(_REFUSED_S)
    return code


def _run(compiling: Compiling, named: str | None) -> int:
    # These take as long as compiling does, so they are imported meanwhile.
    from edge.adapters.hardware import read_hardware_identity  # noqa: PLC0415
    from edge.app.control import ControlProcess  # noqa: PLC0415
    from edge.app.unit import choose_unit, serials  # noqa: PLC0415
    from edge.config.codec import decode_site  # noqa: PLC0415
    from edge.model.problem import ProblemsError  # noqa: PLC0415

    data = compiling.result()
    if data is None:
        return 2
    site = decode_site(data)
    try:
        hardware = read_hardware_identity(listed=serials(site.io.units))
        unit = choose_unit(site.io.units, named, hardware)
        for warning in site.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        ControlProcess(site, unit).run()
    except ProblemsError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
