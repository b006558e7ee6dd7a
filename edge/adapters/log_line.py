"""Lines for the log (standard error), dropped rather than waited for.

The log's reader may hang, and our children write to the same pipe: the control process must not
stop for it. Decides nothing; whatever an operator needs is also an event.
"""

from __future__ import annotations

import os
import select
from typing import Final

_STDERR_FD: Final = 2
# A pipe that is ready takes this much in one piece (PIPE_BUF).
_LINE_BYTES_MAX: Final = 4096


def log_line(text: str, fd: int = _STDERR_FD) -> bool:
    """Write `text` and a line's end, cut at 4096 bytes. False where it was dropped."""
    data = text.encode("utf-8", "replace")[: _LINE_BYTES_MAX - 1] + b"\n"
    poller = select.poll()
    poller.register(fd, select.POLLOUT)
    try:
        if not poller.poll(0):
            return False
        os.write(fd, data)
    except OSError:
        return False
    return True
