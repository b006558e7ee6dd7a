"""The control process around its scan: alone in its folder, and with a word about its end."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.app import control
from edge.app.continued import Continued
from edge.app.control import ControlProcess, _hold_alone
from edge.app.duty import SingleDuty
from edge.config.codec import CompiledSite
from edge.keeper.slots import CHECKPOINT_NAME, SLOT_BYTES
from edge.model.event import Event, EventKind, Severity
from edge.model.problem import ProblemsError
from tests.cli.plant import loaded_site

UNIT = "EG-KITA"


def test_second_controller_is_refused_with_the_first_ones_pid(tmp_path: Path) -> None:
    fd = _hold_alone(tmp_path)
    with pytest.raises(ProblemsError) as refused:
        _hold_alone(tmp_path)
    os.close(fd)
    assert str(refused.value) == (
        f"{tmp_path / 'control.lock'}: a controller is running already: got pid {os.getpid()};"
        " not started; stop that one first, or give this one another control.socket"
    )
    os.close(_hold_alone(tmp_path))


def test_folder_that_can_not_be_used_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"")
    with pytest.raises(ProblemsError) as refused:
        _hold_alone(tmp_path / "run")
    assert str(refused.value) == (
        f"{tmp_path / 'run' / 'control.lock'}: can not be made, so another controller would not be"
        " noticed: got File exists, need a folder that the service's user may write; not started;"
        " start it as the service, or give it another control.socket"
    )


def test_folder_that_is_full_still_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> int:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        fd = _hold_alone(tmp_path)
    with pytest.raises(ProblemsError, match="got pid unknown"):
        _hold_alone(tmp_path)
    os.close(fd)


class _Keeper:
    """Keeps what is posted."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.is_closed = False

    def keep_alive(self, _now_mono_ns: int) -> None: ...

    def post_state(self, _checkpoint: object) -> None: ...

    def post_events(self, events: tuple[Event, ...]) -> None:
        self.events += events

    def close(self) -> None:
        self.is_closed = True


def _lineless(*arguments: object) -> SimpleNamespace:
    continued = next(each for each in arguments if isinstance(each, Continued))
    duty = SingleDuty(continued.controller, ())
    return SimpleNamespace(field=SimpleNamespace(workers=()), duty=duty)


@pytest.fixture
def crewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ControlProcess, _Keeper]:
    """A control process without lines; its scan is the test's."""
    keeper = _Keeper()
    monkeypatch.setattr(control, "build_keeper", lambda *_arguments: keeper)
    monkeypatch.setattr(control, "build_gateway", _lineless)
    monkeypatch.setattr(control.signal, "signal", lambda *_arguments: None)
    loaded = loaded_site(tmp_path)
    site = CompiledSite(loaded.spec, loaded.io, loaded.digest, loaded.warnings)
    return ControlProcess(site, UNIT), keeper


def test_crash_is_an_alarm_in_the_journal_with_its_cause(
    crewed: tuple[ControlProcess, _Keeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    running, keeper = crewed

    def crash(*_arguments: object, **_words: object) -> None:
        raise ZeroDivisionError("x" * 5000)

    monkeypatch.setattr(running, "_scan", crash)
    with pytest.raises(ZeroDivisionError):
        running.run()
    last = keeper.events[-1]
    assert (last.kind, last.subject, last.severity) == (EventKind.STOPPED, UNIT, Severity.ALARM)
    assert str(last.facts["crash"]).startswith("ZeroDivisionError: xxx")
    assert len(str(last.facts["crash"])) == 1000
    assert keeper.is_closed


def test_stop_is_no_alarm(
    crewed: tuple[ControlProcess, _Keeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    running, keeper = crewed
    monkeypatch.setattr(running, "_scan", lambda *_arguments, **_words: None)
    running.run()
    started, stopped = keeper.events
    assert (started.kind, started.severity) == (EventKind.STARTED, Severity.INFO)
    assert (stopped.kind, stopped.severity, stopped.facts) == (
        EventKind.STOPPED,
        Severity.INFO,
        {},
    )


def test_torn_checkpoint_is_a_warning_at_the_start(
    crewed: tuple[ControlProcess, _Keeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    running, keeper = crewed
    monkeypatch.setattr(running, "_scan", lambda *_arguments, **_words: None)
    folder = Path(running._site.io.store.directory)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CHECKPOINT_NAME).write_bytes(b"torn" * (SLOT_BYTES // 2))
    running.run()
    started = keeper.events[0]
    assert (started.severity, started.facts) == (
        Severity.WARNING,
        {"checkpoint": "torn: neither slot is whole"},
    )
    (warning,) = running._warnings
    assert str(warning) == (
        f"{folder / CHECKPOINT_NAME}: checkpoint not continued: got torn: neither slot is whole;"
        " what was counted before this start is not known; relays begin at their safe values;"
        " check the disk, unless another version of the program wrote it"
    )
