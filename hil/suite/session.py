"""A run of scenarios: opens the stage for each, makes its record, gathers what a run leaves.

With pytest-xdist each worker has a stage of its own, and records travel with the test reports to
the process that writes them.
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import inspect
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hil.boottime import boottime_ns
from hil.suite import drivers, selection
from hil.suite.ability import BenchClass
from hil.suite.lateness import Lateness, warning
from hil.suite.progress import Progress, lasted_before
from hil.suite.protocol import Description
from hil.suite.record import ChannelRecord, Mark, Measured, RunRecord, ScenarioRecord, Span, Verdict
from hil.suite.scene import Scene
from hil.suite.stage import Stage
from hil.suite.timeline import picture

_PROPERTY = "scenario"


class Told(msgspec.Struct):
    """What a worker says of a scenario, and of its bench."""

    record: ScenarioRecord
    channels: list[ChannelRecord]
    description: Description | None


def told_in(report: pytest.TestReport) -> Told | None:
    for name, value in report.user_properties:
        if name == _PROPERTY:
            return msgspec.json.decode(str(value), type=Told)
    return None


class _Page(msgspec.Struct):
    """A scenario under way."""

    start_ns: int
    end_ns: int
    verdict: Verdict = Verdict.PASSED
    text: str = ""
    measured: list[Measured] = []
    marks: list[Mark] = []
    spans: list[Span] = []
    evidence: list[str] = []


class Session:
    def __init__(self, config: pytest.Config) -> None:
        options = config.option
        self._chosen = drivers.Chosen(
            BenchClass(options.bench), options.bench_image, options.bench_rig
        )
        self._root = config.rootpath
        out: Path | None = options.bench_out
        self.out = out or config.rootpath / "build" / "bench" / self._chosen.bench
        self._stage: Stage | None = None
        self._scene: Scene | None = None
        self._lateness: Lateness | None = None
        self._ends = ExitStack()
        self._pages: dict[str, _Page] = {}
        self._told: list[Told] = []
        self._begun_utc = dt.datetime.now(dt.UTC)
        self._begun_s = time.monotonic()
        self.progress: Progress | None = None

    def follow(self, names: list[str], write: Callable[[str], None]) -> None:
        """Say how a run of these scenarios goes on; not of processes, which are quick."""
        if self._chosen.bench is not BenchClass.PROCESS:
            self.progress = Progress(names, lasted_before(self.out / "run.json"), write)

    def _say(self, text: str) -> None:
        if self.progress is not None:
            self.progress.say(text)

    # Around a scenario, in the process that runs it.

    def open(self, item: pytest.Item) -> Scene:
        """Skips what this bench can't do."""
        bench = self._chosen.bench
        if why := drivers.reason_to_skip(self._chosen):
            pytest.skip(why)
        if self._stage is None:
            self._stage = Stage(drivers.maker(self._chosen, self._say))
            self._ends.callback(self._stage.close)
        wanted = selection.wanted(item)
        if lacking := self._stage.lacks(selection.needs(item), wanted.works):
            pytest.skip(f"{bench} bench: needs {', '.join(lacking)}")
        try:
            self._scene = self._stage.scene(wanted)
        except BaseException:
            self._stage.close()
            raise
        self._page(item).start_ns = boottime_ns()
        self._lateness = Lateness()
        return self._scene

    def close(self, item: pytest.Item) -> None:
        """Its picture is taken; a bench on which it did not pass is thrown away."""
        scene, page, stage = self._scene, self._page(item), self._stage
        lateness, self._lateness = self._lateness, None
        assert lateness is not None
        assert scene is not None
        assert stage is not None
        self._scene = None
        page.start_ns, page.end_ns = scene.since_ns, boottime_ns()
        spans, resets = picture(scene.witness, scene.roles, page.start_ns, page.end_ns)
        late_s = lateness.end()
        page.measured = [*scene.diary.measured, Measured("bench computer late", late_s, "s")]
        page.spans = [*spans, *scene.diary.spans()]
        page.marks = sorted([*scene.diary.marks, *resets], key=lambda mark: mark.t_ns)
        if page.verdict not in {Verdict.PASSED, Verdict.SKIPPED}:
            page.text = warning(late_s) + page.text
            folder = self.out / "evidence" / _file_name(item.name)
            stage.keep(folder)
            stage.close()
            page.evidence = sorted(
                str(path.relative_to(self.out)) for path in folder.rglob("*") if path.is_file()
            )

    def rest(self) -> None:
        """No scenario follows here, at first."""
        if self._stage is not None:
            self._stage.close()

    def note(
        self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
    ) -> None:
        """Each of the three reports of a scenario; the last one takes the record along."""
        page = self._page(item)
        if report.failed and page.verdict is not Verdict.FAILED:
            page.verdict = Verdict.FAILED if report.when == "call" else Verdict.ERROR
            page.text = _why(call, report)
        elif report.skipped:
            page.verdict = Verdict.SKIPPED
            page.text = str(call.excinfo.value) if call.excinfo else ""
        if report.when == "teardown":
            told = Told(self._record(item, page), self._channels(), self._description())
            report.user_properties.append((_PROPERTY, msgspec.json.encode(told).decode()))
            del self._pages[item.nodeid]

    def _page(self, item: pytest.Item) -> _Page:
        return self._pages.setdefault(item.nodeid, _Page(boottime_ns(), boottime_ns()))

    def _record(self, item: pytest.Item, page: _Page) -> ScenarioRecord:
        function = getattr(item, "function", None)
        return ScenarioRecord(
            name=item.name,
            file=Path(item.location[0]).as_posix(),
            procedure=inspect.getdoc(function) or "",
            requirements=selection.requirements(item),
            **msgspec.structs.asdict(page),
        )

    def _channels(self) -> list[ChannelRecord]:
        channels = [] if self._stage is None else self._stage.channels
        return [ChannelRecord(each.channel, each.ok, each.note) for each in channels]

    def _description(self) -> Description | None:
        return None if self._stage is None else self._stage.description

    # The whole run, in the process that hears of all.

    def collect(self, told: Told) -> None:
        """Written at once, so that a run that is broken off leaves what it had."""
        self._told.append(told)
        if self.progress is not None:
            self.progress.done(told.record)
        folder = self.out / "scenarios"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{_file_name(told.record.name)}.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(told.record), indent=1))

    def finish(self) -> None:
        self._ends.close()
        if self._told:
            from hil.suite import report

            run = self._run()
            run.write(self.out / "run.json")
            report.write(run, self.out)

    def _run(self) -> RunRecord:
        described = next((each.description for each in self._told if each.description), None)
        channels = next((each.channels for each in self._told if each.channels), [])
        return RunRecord(
            bench=self._chosen.bench,
            description="" if described is None else described.text,
            begun_utc=self._begun_utc.isoformat(timespec="seconds"),
            lasted_s=time.monotonic() - self._begun_s,
            versions={**_versions(self._root), **({} if described is None else described.versions)},
            channels=channels,
            scenarios=[each.record for each in self._told],
        )

    def summary(self) -> str:
        """One line; empty where no scenario was collected."""
        if not self._told:
            return ""
        verdicts = [each.record.verdict for each in self._told]
        counts = ", ".join(f"{verdicts.count(v)} {v}" for v in Verdict if v in verdicts)
        return f"{self._chosen.bench} bench: {counts}; see {self.out / 'report.html'}"


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)


def _why(call: pytest.CallInfo[None], report: pytest.TestReport) -> str:
    """The line that a reader needs first, then where."""
    said = "" if call.excinfo is None else call.excinfo.exconly()
    return f"{said}\n\n{report.longreprtext}"


def _versions(root: Path) -> dict[str, str]:
    told: dict[str, Any] = {"denban": importlib.metadata.version("denban")}
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if asked.returncode == 0:
        told["commit"] = asked.stdout.strip()
    return told
