"""Two machines with networks between them: paths that fail by order, power that goes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.network.machine import HOME
from hil.network.space import reason_to_skip
from hil.waiting import wait_for
from tests.hil.network_rig import DEADLINE_S, A, B, NetworkRig


def lose(rig: NetworkRig, sender: str, path: int, payload: str) -> None:
    """Say something and see at the switch that it came there and went no further."""
    rig.talkers[sender].say(path, payload)
    kept = wait_for(
        f"{payload!r} at the switch",
        lambda: [k for k in rig.network.recorded() if k["payload"] == payload.encode()],
        DEADLINE_S,
    )
    assert [(k["path"], k["sender"], k["passed"]) for k in kept] == [(f"net{path}", sender, False)]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NetworkRig]:
    if why := reason_to_skip():
        pytest.skip(why)
    with NetworkRig(tmp_path_factory.mktemp("network")) as rig:
        yield rig


@pytest.fixture(autouse=True)
def _mended(rig: NetworkRig) -> Iterator[None]:
    yield
    rig.network.cut(on=False)
    rig.network.impair()


def test_network_carries_both_paths_both_ways(rig: NetworkRig) -> None:
    a, b = rig.talkers[A], rig.talkers[B]
    for path in range(2):
        a.say(path, "there")
        assert b.hear() == [path, "there"]
        b.say(path, "and back")
        assert a.hear() == [path, "and back"]


def test_path_cut_one_way_still_carries_the_other(rig: NetworkRig) -> None:
    a, b = rig.talkers[A], rig.talkers[B]
    rig.network.cut("net0", A)
    lose(rig, A, 0, "lost one way")
    b.say(0, "back")
    assert a.hear() == [0, "back"]
    a.say(1, "other path")
    assert b.hear() == [1, "other path"]


def test_network_cut_whole_carries_nothing_until_it_is_mended(rig: NetworkRig) -> None:
    a, b = rig.talkers[A], rig.talkers[B]
    rig.network.cut()
    lose(rig, A, 0, "lost there")
    lose(rig, B, 1, "lost back")
    rig.network.cut(on=False)
    a.say(0, "again")
    assert b.hear() == [0, "again"]
    b.say(1, "and back again")
    assert a.hear() == [1, "and back again"]


def test_path_that_doubles_and_jitters_gives_every_frame_twice(rig: NetworkRig) -> None:
    a, b = rig.talkers[A], rig.talkers[B]
    rig.network.impair("net1", A, duplicate_ratio=1.0, delay_ms=2, jitter_ms=30)
    said = [str(number) for number in range(20)]
    for each in said:
        a.say(1, each)
    heard = [b.hear()[1] for _ in range(2 * len(said))]
    assert sorted(heard) == sorted(said * 2)
    assert list(dict.fromkeys(heard)) != said  # some were overtaken


def test_datagram_is_recorded_replayed_and_forged(rig: NetworkRig) -> None:
    a, b = rig.talkers[A], rig.talkers[B]
    a.say(0, "genuine")
    assert b.hear() == [0, "genuine"]
    *_, kept = rig.network.recorded()
    assert (kept["path"], kept["sender"], kept["payload"]) == ("net0", A, b"genuine")
    assert kept["passed"]
    rig.network.cut()
    assert rig.network.replay("net0", A, since_ns=kept["t_ns"]) == 1
    assert b.hear() == [0, "genuine"]
    rig.network.inject("net1", B, b"forged")
    assert a.hear() == [1, "forged"]
    assert rig.network.counters()["net0"][A]["made"] == 1


def test_order_for_a_path_that_is_not_there_is_refused(rig: NetworkRig) -> None:
    with pytest.raises(RuntimeError, match="path 'net7' of None: no such port"):
        rig.network.cut("net7")


def test_machine_sees_its_own_folder_and_its_own_processes(rig: NetworkRig) -> None:
    machine = rig.machines[B]
    (machine.folder / "own").write_text("b")
    code = f"import os; print(open('{HOME}/own').read(), os.getpid() < 100)"
    process = machine.popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    said, _ = process.communicate()
    assert said == "b True\n"
    assert not (HOME / "own").exists()


def test_machine_without_power_leaves_no_process_not_even_orphans(rig: NetworkRig) -> None:
    machine, b = rig.machines[A], rig.talkers[B]
    rig.talkers[A].close()
    (machine.folder / "run" / "volatile").touch()
    (machine.folder / "kept").touch()
    machine.popen(["sh", "-c", "setsid sleep 1000 & exit"]).wait()
    orphans = wait_for("the orphan", machine.pids, 5.0)
    machine.cut_power()
    assert not machine.is_on
    assert not any(Path(f"/proc/{pid}").exists() for pid in orphans)
    b.say(0, "nobody hears that")
    machine.boot()
    assert machine.is_on
    assert not any((machine.folder / "run").iterdir())
    assert (machine.folder / "kept").exists()
    rig.talkers[A] = rig.start_talker(A)
    rig.talkers[A].say(0, "up again")
    assert b.hear() == [0, "up again"]
