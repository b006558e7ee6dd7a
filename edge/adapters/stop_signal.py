"""The wish to stop, as SIGTERM and SIGINT bring it: a flag that the scan looks at, nothing more."""

from __future__ import annotations

import signal
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignal:
    """Calling it answers whether a stop was wished. Installs its handlers when made (main
    thread).
    """

    def __init__(self) -> None:
        self.signal_name = ""
        for number in _SIGNALS:
            signal.signal(number, self._note)

    def __call__(self) -> bool:
        return bool(self.signal_name)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.signal_name = signal.Signals(number).name
