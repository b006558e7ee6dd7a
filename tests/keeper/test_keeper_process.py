"""A real keeper process: what is handed over reaches the disk, what is asked reaches the scan."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import msgspec
import pytest

from edge.keeper import requests
from edge.keeper.flight import read_segment, segments_in
from edge.keeper.slots import CHECKPOINT_NAME, read_newest
from edge.model.checkpoint import Checkpoint
from edge.model.event import EventKind
from edge.model.order import Acknowledge, Override, OverrideMode, SetLimit, TakePlan
from tests.keeper.bench import (
    DEADLINE_S,
    HEALTH,
    IDENTITY,
    STATUS,
    KeeperBench,
    checkpoint,
    event,
    plan_csv,
)


@pytest.fixture
def bench(tmp_path: Path):
    bench = KeeperBench(tmp_path)
    yield bench
    bench.handle.close()


def test_keeper_that_is_told_to_stop_has_everything_on_the_disk(bench: KeeperBench) -> None:
    bench.handle.post_state(checkpoint(0))
    for number in range(1, 6):
        bench.handle.post_scan(number, b"inputs %d" % number, number)
    bench.handle.post_events((event(1), event(2)))
    bench.handle.post_state(checkpoint(5))
    bench.handle.close()
    assert bench.events() == [event(1), event(2)]
    newest = read_newest(bench.state / CHECKPOINT_NAME)
    assert newest is not None
    assert msgspec.msgpack.decode(newest, type=Checkpoint).scan_number == 5
    (segment,) = segments_in(bench.runtime / "flight")
    assert len(list(read_segment(segment))) == 1 + 2 + 5
    # A relay moved, so the minute around it is kept on the disk too.
    assert len(segments_in(bench.state / "incidents")) == 1


def test_keeper_that_is_killed_is_replaced_and_no_event_is_lost_or_doubled(
    bench: KeeperBench,
) -> None:
    bench.handle.post_events((event(1),))
    bench.turn_until(lambda: bench.events() == [event(1)])
    first = bench.handle.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    bench.handle.post_events((event(2),))
    bench.handle.post_events((event(3),))
    bench.turn_until(lambda: len(bench.events()) == 3)
    assert bench.handle.pid != first
    assert bench.events() == [event(1), event(2), event(3)]


def test_saved_events_are_forgotten_by_the_sender(bench: KeeperBench) -> None:
    bench.handle.post_events((event(1), event(2)))
    bench.turn_until(lambda: not bench.handle._unsaved)
    assert bench.events() == [event(1), event(2)]


def test_status_is_answered_from_the_newest_picture(bench: KeeperBench) -> None:
    assert not bench.ask(requests.AskStatus()).ok
    bench.handle.post_status(STATUS, HEALTH)
    answer = bench.ask(requests.AskStatus())
    assert answer.ok
    assert (answer.identity, answer.status, answer.health) == (IDENTITY, STATUS, HEALTH)
    assert answer.age_s is not None


def test_orders_reach_the_scan_with_the_askers_name_and_are_audited(bench: KeeperBench) -> None:
    assert bench.ask(requests.AskOverride("chiller-1", OverrideMode.SHED, 60)).ok
    assert bench.ask(requests.AskAcknowledge()).ok
    assert bench.ask(requests.AskLimit(500_000.0, 10, 20)).ok
    bench.turn_until(lambda: len(bench.orders) == 3)
    user = bench.orders[1].who
    assert bench.orders == [
        Override("chiller-1", OverrideMode.SHED, 60_000_000_000, user),
        Acknowledge(user),
        SetLimit(500_000.0, 10, 20, user),
    ]
    bench.turn_until(lambda: len(bench.events()) == 3)
    audit = bench.events()[0]
    assert (audit.kind, audit.subject) == (EventKind.AUDIT, "override")
    assert audit.facts["uid"] == os.getuid()
    assert audit.facts["pid"] == os.getpid()
    assert audit.facts["load"] == "chiller-1"
    assert audit.facts["done"] is True


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (requests.AskOverride("chiler-1", OverrideMode.SHED, 60), "no such load"),
        (requests.AskOverride("chiller-1", OverrideMode.RUN, 0), "duration"),
        (requests.AskOverride("chiller-1", OverrideMode.RUN, 90_000), "duration"),
        (requests.AskLimit(1e9, 0, 10), "at most 1500 kW"),
        (requests.AskLimit(1e5, 10, 10), "must end after"),
    ],
)
def test_refused_order_says_why_changes_nothing_and_is_audited(
    bench: KeeperBench, request_: requests.Request, word: str
) -> None:
    answer = bench.ask(request_)
    assert not answer.ok
    assert word in answer.text
    bench.turn_until(lambda: len(bench.events()) == 1)
    assert bench.events()[0].facts["done"] is False
    assert bench.orders == []


def test_line_that_is_no_request_is_refused_and_the_desk_goes_on(bench: KeeperBench) -> None:
    path = bench.runtime / "control.sock"
    bench.turn_until(path.exists)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(DEADLINE_S)
        client.connect(str(path))
        client.sendall(b'{"type":"stop_everything"}\nnot json\n')
        with client.makefile("rb") as answers:
            for _ in range(2):
                answer = requests.decode_answer(answers.readline())
                assert (answer.ok, "not understood" in answer.text) == (False, True)
    assert bench.ask(requests.AskAcknowledge()).ok


def test_socket_is_for_owner_and_group_only(bench: KeeperBench) -> None:
    path = bench.runtime / "control.sock"
    bench.turn_until(path.exists)
    bench.ask(requests.AskAcknowledge())
    assert path.stat().st_mode & 0o777 == 0o660


def test_plan_from_the_folder_is_taken_and_a_bad_one_refused_and_both_are_said(
    bench: KeeperBench,
) -> None:
    (bench.plans / "2099-07-01.csv").write_bytes(plan_csv(200.0))
    bench.turn_until(lambda: len(bench.orders) == 1)
    order = bench.orders[0]
    assert isinstance(order, TakePlan)
    assert (order.plan.day, order.plan.version, len(order.plan.slots)) == ("2099-07-01", 1, 48)
    (bench.plans / "2099-07-01.csv").write_bytes(b"slot_start,planned_kwh\n2099-07-01T00:00,x\n")
    bench.turn_until(lambda: any("refused" in event.facts for event in bench.events()))
    assert len(bench.orders) == 1


def test_plan_wrong_in_every_slot_is_refused_in_a_few_lines(bench: KeeperBench) -> None:
    answer = bench.ask(requests.AskPlanImport("2099-07-01", "kw.csv", plan_csv(-1.0)))
    lines = answer.text.splitlines()
    assert (answer.ok, len(lines), lines[-1]) == (False, 11, "and 38 more")


def test_accepted_plan_is_given_again_to_the_next_run(tmp_path: Path) -> None:
    bench = KeeperBench(tmp_path)
    answer = bench.ask(requests.AskPlanImport("2099-07-01", "my plan.csv", plan_csv(200.0)))
    assert (answer.ok, answer.text) == (True, "my plan.csv: in force as version 1")
    bench.handle.close()
    (tmp_path / "plans").rmdir()
    again = KeeperBench(tmp_path)
    again.turn_until(lambda: len(again.orders) == 1)
    again.handle.close()
    assert isinstance(again.orders[0], TakePlan)
    assert again.orders[0].plan.version == 1
