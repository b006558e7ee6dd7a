"""A real keeper process: leave to stop, what is told to the guard, and the audit of both."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.keeper import requests
from edge.keeper.audit import verify
from edge.keeper.guarding import GUARD_NAME
from edge.keeper.journal import JOURNAL_NAME, read_events
from edge.keeper.requests import Answer, AskStop, DrillKind, StopKind, TellOutcome
from edge.model.order import Handover
from tests.keeper.bench import KeeperBench, show
from tests.keeper.pair import ACTIVE, STANDBY, seen


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[KeeperBench]:
    bench = KeeperBench(tmp_path)
    yield bench
    bench.handle.close()


def test_leave_to_stop_is_judged_given_told_and_audited(bench: KeeperBench) -> None:
    ask = AskStop("EG-KITA", StopKind.REBOOT)
    assert not bench.ask(ask).ok  # no picture yet
    show(bench, ACTIVE)
    assert "comes and goes" in bench.ask(ask).text
    forced = AskStop("EG-KITA", StopKind.REBOOT, "Rolling mill")
    said = bench.ask(forced)
    assert said.ok
    assert said.text.startswith("the site is left without control on purpose: EG-MINAMI comes")
    bench.turn_until(lambda: len(bench.orders) == 1)
    assert isinstance(order := bench.orders[0], Handover)
    assert order.to == "EG-MINAMI"
    show(bench, STANDBY)
    assert bench.ask(ask) == Answer(ok=True)
    assert bench.ask(TellOutcome("reboot EG-KITA", done=True, text="begins")) == Answer(ok=True)
    drill = requests.AskDrill("EG-KITA", DrillKind.HANDOVER)
    assert "stage is shed" in bench.ask(drill).text
    bench.turn_until(lambda: len(bench.events()) == 6)
    audits = [(event.subject, event.severity, event.facts["done"]) for event in bench.events()]
    assert audits == [
        ("reboot", "info", False),
        ("reboot", "info", False),
        ("reboot", "alarm", True),
        ("reboot", "info", True),
        ("outcome", "info", True),
        ("drill", "info", False),
    ]
    verdict = verify(read_events(bench.state / JOURNAL_NAME, as_written=True))
    assert (verdict.whole, verdict.broken_at, verdict.from_begin) == (6, None, True)
    assert bench.events()[0].facts["uid"] == os.getuid()


def test_guard_is_told_by_the_first_picture_and_by_the_loss_of_the_peer(
    bench: KeeperBench,
) -> None:
    path = bench.runtime / GUARD_NAME
    show(bench, ACTIVE)
    assert json.loads(path.read_bytes())["may_stop"] is True
    show(bench, seen(ACTIVE, peer_heard=False, peer_ready=False, alone=True))
    told = json.loads(path.read_bytes())
    assert (told["may_stop"], told["unit"], told["peer"]) == (False, "EG-KITA", "EG-MINAMI")
