"""The wish to stop, by real signals to this process."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from edge.adapters.stop_signal import StopSignal


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_is_wished_once_a_signal_came(number: signal.Signals) -> None:
    stopped = StopSignal()
    assert (stopped(), stopped.signal_name) == (False, "")
    signal.raise_signal(number)
    assert (stopped(), stopped.signal_name) == (True, number.name)
