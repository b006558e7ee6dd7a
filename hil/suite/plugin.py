"""The pytest plugin of the scenarios: which bench, what a scenario needs, what a run leaves.

It concerns itself with tests in folders named `scenarios` alone, and imports a bench when the first
of them runs. A scenario that a bench can't do is skipped with the reason; a bench that is broken
makes an error of each.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hil.suite.scene import Scene
    from hil.suite.session import Session

_BENCHES = ("process", "machine", "rig")
_MARKERS = (
    "needs(*abilities): steps of hil.suite.ability that not every bench can do",
    "covers(*requirements): ids of hil/suite/requirements.py",
    "works(works): what the scenario stands in, where it is not scene.CALM",
    "held(*loads): loads that are shed by hand all the time, where it is not scene.HELD",
    "fresh: needs a pair that has not yet swapped roles for its health",
    "soak: takes minutes or hours; only with `-m soak`",
    "short: of the few that show most, for where there is little time",
)
_session_key = pytest.StashKey["Session"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("bench", "scenarios on a bench")
    group.addoption("--bench", choices=_BENCHES, default="process", help="default: process")
    group.addoption("--bench-out", type=Path, help="folder; default: build/bench/BENCH")
    group.addoption("--bench-image", type=Path, help="machine: folder of the image")
    group.addoption("--bench-rig", type=Path, help="rig: file of the table, as rig.example.toml")


def pytest_configure(config: pytest.Config) -> None:
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Listener(config))


def _is_scenario(item: pytest.Item) -> bool:
    return item.path.parent.name == "scenarios"


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups after this
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Scenarios of the same works one after the other, on one worker."""
    if not any(map(_is_scenario, items)):
        return
    from hil.suite import selection

    soaks = [] if "soak" in config.getoption("markexpr") else selection.soaks(items, _is_scenario)
    config.hook.pytest_deselected(items=soaks)
    items[:] = [item for item in items if item not in soaks]
    selection.arrange(items, _is_scenario)


def _session(config: pytest.Config) -> Session:
    if _session_key not in config.stash:
        from hil.suite.session import Session

        config.stash[_session_key] = Session(config)
    return config.stash[_session_key]


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A pair that runs, on the bench of this run; `begin()` gives the two gateways."""
    session = _session(request.config)
    yield session.open(request.node)
    session.close(request.node)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    if not _is_scenario(item):
        return (yield)
    from hil.suite.protocol import Unable

    try:
        return (yield)
    except Unable as unable:
        pytest.skip(str(unable))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """A pair goes on for as long as it stands: beside other tests it would only be in their way."""
    if _is_scenario(item) and (nextitem is None or not _is_scenario(nextitem)):
        _session(item.config).rest()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if _is_scenario(item):
        _session(item.config).note(item, call, report)
    return report


class _Listener:
    """In the process that hears of all scenarios, also of those that others run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """A run of scenarios alone, in this process, is told as it goes on."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        names = [item.name for item in session.items if _is_scenario(item)]
        if terminal is None or not names or len(names) < len(session.items):
            return

        def write(line: str) -> None:
            terminal.ensure_newline()
            terminal.write_line(line)

        _session(self._config).follow(names, write)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """No letter where a line says more."""
        session = self._config.stash.get(_session_key, None)
        if session is None or session.progress is None or report.when != "call":
            return None
        return (report.outcome, "", "")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "teardown" or not report.user_properties:
            return
        from hil.suite import session

        if told := session.told_in(report):
            _session(self._config).collect(told)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        session = self._config.stash.get(_session_key, None)
        if session is not None and (line := session.summary()):
            terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _session_key in session.config.stash:
        session.config.stash[_session_key].finish()
