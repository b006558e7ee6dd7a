"""The keeper's half of healing together with root's, over real files and a real second process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from edge.core.explain import explain
from edge.keeper import link
from edge.keeper.heal_files import HealFiles
from edge.keeper.healer import Healer, pair_facts
from edge.keeper.link import OrderRecord, Reopen, ScanHealth, StatusRecord, ToControl
from edge.keeper.requests import AskStatus
from edge.model.event import Event, Severity
from edge.model.healing import HealingMemory, HealingStatus, LineFacts, PairFacts, Rung
from edge.model.order import Handover
from edge.model.scan import BusCondition
from edge.model.status import Stage, Status
from edge.model.twin_status import TwinStatus
from edge.model.units import NS_PER_HOUR, NS_PER_S
from tests.keeper.bench import KeeperBench, now_ns
from tests.keeper.pair import ACTIVE, STANDBY, seen
from tests.root.usb_plant import PORT, UsbPlant

STATUS = Status(0, 0, "ntp", "Mill", Stage.NORMAL, None, "ok", (), (), (), (), "")
HEALTH = ScanHealth(1, 0, 1, 1, 1, 1, realtime=True, memory_locked=True, watchdog="2 s")
SILENT = LineFacts("main", PORT, BusCondition.NO_METER_ANSWERS, leased=True)
UTC_NS = 1_800_000_000 * NS_PER_S


class Keeper:
    """A Healer turned a second at a time; `is_answered`: root's helper runs at each request."""

    def __init__(self, folder: Path, twin: TwinStatus | None = None) -> None:
        self.plant = UsbPlant(folder)
        self.state = folder / "var/lib/denban"
        self.state.mkdir(parents=True)
        self.files = HealFiles(self.state, folder / "run/denban")
        self.facts, self.twin = SILENT, twin
        self.now_mono_ns = 10 * NS_PER_HOUR
        self.sent: list[ToControl] = []
        self.events: list[Event] = []
        self.is_answered = True
        self.healer = self.start()

    def start(self) -> Healer:
        self.healer = Healer(
            self.files, "boot-1", self._send, self.events.append, lambda port: port == PORT
        )
        return self.healer

    def _send(self, message: ToControl) -> bool:
        self.sent.append(message)
        return True

    def turn_until(self, outcome: str, rung: Rung | None = None, turns_max: int = 400) -> Event:
        """The event of that outcome; fails where it does not come in time."""
        for _ in range(turns_max):
            self.turn()
            for event in self.events:
                found = (event.facts["outcome"], event.facts.get("rung"))
                if found == (outcome, rung):
                    return event
        raise AssertionError([event.facts for event in self.events])

    def turn(self) -> None:
        self.now_mono_ns += NS_PER_S
        picture = StatusRecord(STATUS, HEALTH, self.twin, (self.facts,))
        self.healer.turn(picture, self.now_mono_ns, self.now_mono_ns, UTC_NS + self.now_mono_ns)
        if self.is_answered and (self.plant.folder / "request").exists():
            command = [sys.executable, "-m", "edge.root.heal", str(self.plant.root), "0"]
            subprocess.run(command, check=True, capture_output=True)

    def reply(self) -> None:
        self.facts = replace(
            self.facts, condition=BusCondition.OK, replied_mono_ns=self.now_mono_ns + 1
        )


def test_dead_adapter_is_healed_by_the_rung_that_revives_it(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    keeper.turn_until("failed", Rung.RESET)  # the imitation's node is a file
    keeper.turn()
    assert (keeper.plant.device / "authorized").read_text().startswith("1")
    assert keeper.healer.status == (HealingStatus("main", 3, 7, "USB device off and on"),)
    assert [condition.sample.text for condition in keeper.healer.conditions] == [
        "rung 3 of 7, USB device off and on"
    ]
    keeper.reply()
    healed = keeper.turn_until("healed", Rung.AUTHORIZE)
    assert (healed.kind, healed.subject, healed.severity) == ("heal", "main", Severity.INFO)
    assert explain(healed, ZoneInfo("UTC")).startswith("healing of bus main: rung 3, healed after ")
    assert keeper.sent == [Reopen("main")]
    assert [condition.sample.text for condition in keeper.healer.conditions] == [""]


def test_root_s_refusal_is_in_the_journal_in_its_own_words(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    keeper.plant.carry("block", "sda")
    failed = keeper.turn_until("failed", Rung.PORT_POWER)
    assert "sda hangs on it too" in str(failed.facts["text"])
    assert keeper.turn_until("not_healed").severity is Severity.WARNING


def test_attempts_are_on_the_disk_before_they_are_made_and_hold_over_a_restart(
    tmp_path: Path,
) -> None:
    keeper = Keeper(tmp_path)
    keeper.turn_until("no_reply", Rung.PORT_POWER)
    tried = [attempt.rung for attempt in keeper.files.load().attempts]
    assert tried[:5] == [1, 2, 3, 4, 5]
    keeper.events.clear()
    keeper.start()
    assert "limit 1" in str(keeper.turn_until("skipped", Rung.PORT_POWER).facts["text"])


def test_disk_that_takes_no_memory_keeps_the_hub_on(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    (keeper.state / "healing.new").mkdir()  # nothing can be written under that name
    skipped = keeper.turn_until("skipped", Rung.PORT_POWER)
    assert skipped.facts["text"] == "the attempt can not be written to the disk"
    assert keeper.files.trouble.endswith("healing.new'") or keeper.files.trouble
    assert set(keeper.plant.switches(keeper.plant.hub).values()) == {""}


def test_folder_that_takes_no_request_is_told_as_a_failure(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    (keeper.plant.folder / "request.new").mkdir()
    assert keeper.turn_until("failed", Rung.RESET).facts["text"] == keeper.files.trouble
    assert "heal" in keeper.files.trouble


def test_missing_helper_is_told_and_does_not_stop_the_ladder(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    keeper.is_answered = False
    failed = keeper.turn_until("failed", Rung.REBIND)
    assert failed.facts["text"] == "no answer of the root program"


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"id": 7}', b"x" * 9000])
def test_result_of_another_shape_is_none(tmp_path: Path, raw: bytes) -> None:
    keeper = Keeper(tmp_path)
    (keeper.plant.folder / "result").write_bytes(raw)
    assert keeper.files.take_result() is None
    assert not (keeper.plant.folder / "result").exists()


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"attempts": [{}]}'])
def test_torn_memory_is_an_empty_one(tmp_path: Path, raw: bytes) -> None:
    keeper = Keeper(tmp_path)
    (keeper.state / "healing.json").write_bytes(raw)
    assert keeper.files.load() == HealingMemory()


def test_duty_is_ordered_to_the_twin_before_the_hub_is_cycled(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, seen(ACTIVE, peer_ready=True))
    keeper.turn_until("no_reply", Rung.REBIND)
    keeper.turn()
    assert keeper.sent[-1] == OrderRecord(Handover("EG-MINAMI", "healing"))
    assert "5" not in {str(event.facts.get("rung")) for event in keeper.events}


def test_old_picture_is_not_acted_upon(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    keeper.turn()
    picture = StatusRecord(STATUS, HEALTH, None, (SILENT,))
    for seconds in range(4, 100):
        now_mono_ns = keeper.now_mono_ns + seconds * NS_PER_S
        keeper.healer.turn(picture, keeper.now_mono_ns, now_mono_ns, UTC_NS)
    keeper.healer.turn(None, 0, keeper.now_mono_ns + 200 * NS_PER_S, UTC_NS)
    assert (keeper.sent, keeper.events) == ([], [])


def test_facts_of_the_pair_are_those_of_its_picture() -> None:
    twin = seen(replace(STANDBY, bus_lost=True), peer_grade="impaired", peer_holds_bus=True)
    assert pair_facts(twin) == PairFacts(
        on_duty=False,
        holds_bus=False,
        bus_lost=True,
        peer="EG-MINAMI",
        peer_heard=True,
        peer_ready=False,
        peer_on_duty=True,
        peer_holds_bus=True,
        peer_impaired=True,
    )
    assert not pair_facts(seen(STANDBY, peer_heard=False)).peer_on_duty


def test_lines_and_the_wish_to_reopen_one_cross_the_link(tmp_path: Path) -> None:
    record = StatusRecord(STATUS, HEALTH, STANDBY, (SILENT,))
    assert link.decode_to_keeper(link.encode(record)) == record
    bench = KeeperBench(tmp_path)
    try:
        packets = [link.encode(Reopen("main")), link.encode(Reopen("other"))]
        bench.handle._child.packets = lambda _limit: packets  # type: ignore[method-assign]
        assert bench.handle.drain(now_ns()) == []
        assert bench.handle.take_reopenings() == ["main", "other"]
        assert bench.handle.take_reopenings() == []
    finally:
        bench.handle.close()


def test_running_keeper_takes_the_lines_and_says_that_none_is_being_healed(tmp_path: Path) -> None:
    bench = KeeperBench(tmp_path)
    try:
        bench.handle.post_status(STATUS, HEALTH, None, (SILENT,))
        answer = bench.ask(AskStatus())
        assert (answer.ok, answer.healing) == (True, ())
        bench.turn_until(lambda: "healing main" in bench.handle._conditions)
        assert bench.alarms().get("healing main") is None
    finally:
        bench.handle.close()
