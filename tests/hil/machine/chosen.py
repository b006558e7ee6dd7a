"""Which image the tests on emulated machines use: only one that is named, since they take minutes.

make image && DENBAN_MACHINE_IMAGE=build/image .venv/bin/python -m pytest tests/hil/machine
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from hil.machine.boot_image import reason_to_skip

_NAMED: Final = os.environ.get("DENBAN_MACHINE_IMAGE", "")
FOLDER: Final = Path(_NAMED)
WHY_NOT: Final = (
    f"machine bench: {reason_to_skip(FOLDER)}"
    if _NAMED
    else "machine bench: DENBAN_MACHINE_IMAGE names no folder of an image"
).rstrip(": ")
IS_CHOSEN: Final = bool(_NAMED) and not reason_to_skip(FOLDER)
