"""The command as a test calls it, and a desk of the real kind with a handler of the test's own."""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.cli.main import main
from edge.keeper.desk import Asker, Desk
from edge.keeper.requests import Answer, Request

Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def _tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time of the machine is that of the site in these tests."""
    monkeypatch.delenv("DENBAN_SOCKET", raising=False)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def invoke() -> Invoke:
    def call(*arguments: str | Path) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return call


class FakeKeeper:
    """A real Desk in a thread; `answer` says what every request gets, `asked` keeps them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[Request] = []
        self.answer: Callable[[Request], Answer] = lambda _request: Answer(ok=True)
        self._selector = selectors.DefaultSelector()
        self._desk = Desk(path, "no-such-group", self._selector, self._handle)
        self._wake_fd, self._stop_fd = os.pipe()
        self._stopping = False
        self._selector.register(self._wake_fd, selectors.EVENT_READ, self._stop)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        os.write(self._stop_fd, b"x")
        self._thread.join(10)
        self._desk.close()
        for key in list(self._selector.get_map().values()):
            if not isinstance(key.fileobj, int):
                key.fileobj.close()  # a client that has not gone yet
        self._selector.close()
        os.close(self._wake_fd)
        os.close(self._stop_fd)

    def _handle(self, _asker: Asker, request: Request) -> Answer:
        self.asked.append(request)
        return self.answer(request)

    def _run(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select(10):
                key.data()

    def _stop(self) -> None:
        self._stopping = True


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[FakeKeeper]:
    made = FakeKeeper(tmp_path / "control.sock")
    yield made
    made.close()
