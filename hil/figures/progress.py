"""How far the bench is and how long it will take: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text


class _TimeLeft(ProgressColumn):
    """Of the estimate that was made at the start; the figures' lengths are known beforehand."""

    def render(self, task: Task) -> Text:
        left_s = max(0.0, (task.total or 0.0) - task.completed)
        return Text(f"{left_s // 60:.0f}:{left_s % 60:02.0f} left")


class BenchProgress:
    """Within `over`: `figure` at the start of each figure, `step` within it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._durations_s: list[float] = []
        self._number = 0
        self._title = ""
        self._began_s = 0.0
        columns = (TextColumn("{task.description}"), BarColumn(), _TimeLeft())
        self._progress = Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        )
        self._task = self._progress.add_task("")

    @contextlib.contextmanager
    def over(self, durations_s: list[float]) -> Iterator[None]:
        """Show progress over figures that will take so long each."""
        self._durations_s = durations_s
        self._progress.update(self._task, total=sum(durations_s))
        with self._progress:
            yield

    def figure(self, title: str) -> None:
        self._title = title
        self._number += 1
        self._began_s = time.monotonic()
        if not self._console.is_terminal:
            left_s = sum(self._durations_s[self._number - 1 :])
            self._console.print(
                f"{self._place()} {title} ({left_s:.0f} s left)", highlight=False, soft_wrap=True
            )
        self.step("")

    def step(self, what: str) -> None:
        before_s = sum(self._durations_s[: self._number - 1])
        this_s = min(time.monotonic() - self._began_s, self._durations_s[self._number - 1])
        text = f"{self._place()} {self._title}" + (f": {what}" if what else "")
        self._progress.update(self._task, description=text, completed=before_s + this_s)

    def _place(self) -> str:
        return f"({self._number}/{len(self._durations_s)})"
