"""Keys that a viewer presses while a demo runs; none where there is no terminal."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import tty
from types import TracebackType
from typing import Any

_BYTES_MAX = 16


class Keys:
    """Enter it for the time in which keys are read; ^C stays what it is."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    @property
    def are_read(self) -> bool:
        return self._before is not None

    def pressed(self) -> str:
        """What was pressed since the last call."""
        if not self.are_read or not select.select([sys.stdin], [], [], 0)[0]:
            return ""
        return os.read(sys.stdin.fileno(), _BYTES_MAX).decode("ascii", "ignore")

    def __enter__(self) -> Keys:
        with contextlib.suppress(OSError, ValueError, termios.error):
            terminal = sys.stdin.fileno()
            # A demo in the background must not stop for touching its terminal.
            if os.isatty(terminal) and os.tcgetpgrp(terminal) == os.getpgrp():
                self._before = termios.tcgetattr(terminal)
                tty.setcbreak(terminal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._before)
            self._before = None
