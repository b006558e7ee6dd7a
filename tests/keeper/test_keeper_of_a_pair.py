"""A real keeper process on one of two units: orders on the duty, and whose the others are."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.keeper import requests
from edge.keeper.requests import Answer
from edge.model.order import Handover, Identify, Maintenance
from tests.keeper.bench import HEALTH, IDENTITY, STATUS, KeeperBench, plan_csv, show
from tests.keeper.pair import ACTIVE, STANDBY, seen


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[KeeperBench]:
    bench = KeeperBench(tmp_path)
    yield bench
    bench.handle.close()


def test_twin_orders_reach_the_scan_with_the_askers_name_and_are_audited(
    bench: KeeperBench,
) -> None:
    request = requests.AskHandover("EG-MINAMI")
    assert not bench.ask(request).ok  # no picture of the pair yet
    show(bench, ACTIVE)
    assert bench.ask(request) == Answer(ok=True)
    assert bench.ask(requests.AskMaintenance("EG-KITA", begin=True)) == Answer(ok=True)
    bench.turn_until(lambda: len(bench.orders) == 2)
    user = pwd.getpwuid(os.getuid()).pw_name
    assert bench.orders == [Handover("EG-MINAMI", user), Maintenance(begin=True, who=user)]
    bench.turn_until(lambda: len(bench.events()) == 3)
    audits = [(event.subject, event.facts["done"], event.facts["user"]) for event in bench.events()]
    assert audits == [
        ("handover", False, user),
        ("handover", True, user),
        ("maintenance", True, user),
    ]
    assert bench.events()[1].facts["to"] == "EG-MINAMI"


def test_status_of_a_pair_says_role_and_peer(bench: KeeperBench) -> None:
    bench.turn_until((bench.runtime / "control.sock").exists)
    alone = seen(ACTIVE, alone=True, peer_heard=False)
    for twin, role in ((STANDBY, "standby"), (alone, "alone")):
        bench.handle.post_status(STATUS, HEALTH, twin)
        answer = bench.ask(requests.AskStatus())
        assert answer.twin == twin
        assert answer.identity == replace(IDENTITY, role=role)


def test_power_order_at_a_standby_is_carried_and_refused_when_nobody_hears_it(
    bench: KeeperBench,
) -> None:
    plan = requests.AskPlanImport("2099-07-01", "2099-07-01.csv", plan_csv(100.0))
    show(bench, STANDBY)
    carried = "carried to EG-MINAMI, which is on duty"
    assert bench.ask(requests.AskAcknowledge()) == Answer(ok=True, text=carried)
    answer = bench.ask(plan)
    assert (answer.ok, answer.text) == (
        True,
        f"2099-07-01.csv: in force as version 1; {carried}",
    )
    bench.turn_until(lambda: len(bench.orders) == 2)
    show(bench, seen(STANDBY, peer_heard=False))
    for request in (requests.AskAcknowledge(), plan):
        refused = bench.ask(request)
        assert not refused.ok
        assert refused.text.startswith("EG-KITA: not on duty: got role standby")
    assert len(bench.orders) == 2


def test_keeper_tells_logins_who_this_is_and_leaves_the_request_to_blink(tmp_path: Path) -> None:
    folder = tmp_path / "login"
    folder.mkdir()
    bench = KeeperBench(tmp_path, login_folder=str(folder), led="NONE")
    try:
        show(bench, ACTIVE)
        bench.turn_until(lambda: "■ ACTIVE" in (folder / "identity").read_text())
        show(bench, STANDBY)
        bench.turn_until(lambda: "□ STANDBY" in (folder / "identity").read_text())
        assert bench.ask(requests.AskIdentify("EG-MINAMI", 60)) == Answer(
            ok=True, text="EG-MINAMI is asked over the link to blink for 60 s"
        )
        bench.turn_until(lambda: bench.orders != [])
        assert [type(order) for order in bench.orders] == [Identify]
        assert not bench.ask(requests.AskIdentify("EG-KITA", 60)).ok
    finally:
        bench.handle.close()
    assert "|? UNKNOWN|" in (folder / "role").read_text()
    assert "The controller does not run." in (folder / "identity").read_text()
