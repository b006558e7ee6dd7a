"""The bench's own processes go before the gateways under test: what stands for wires, meters and
time must not wait for whom it measures.
"""

from __future__ import annotations

import contextlib
import os
from typing import Final

_FIFO_PRIORITY: Final = 60  # above the control process of a gateway on the same computer


def be_urgent() -> None:
    """For this thread and those that it begins from here on; nothing where that is not allowed."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_FIFO_PRIORITY))
