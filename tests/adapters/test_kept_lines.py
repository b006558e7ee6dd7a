"""Lines that outlive the process: every pulse once, whatever happens while nobody reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.adapters.edge_line import EVENT
from edge.config.io import Bias, Edge
from edge.model.scan import PulseSample
from edge.model.units import NS_PER_S
from tests.adapters.kept_plant import CHIP, PLAN, Plant
from tests.adapters.service_manager import ServiceManager


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    manager = ServiceManager(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(manager.path))
    made = Plant(manager)
    yield made
    made.close()


def test_line_is_kept_with_what_was_counted_of_it(plant: Plant) -> None:
    plant.run().read(100)
    plant.manager.attend()
    (name, again) = plant.manager.names
    assert name == again
    assert name.startswith("line-incomer-")
    assert name.endswith("-100")


def test_line_taken_over_without_a_new_edge_has_its_count_at_once(plant: Plant) -> None:
    pulses = plant.run()
    pulses.read(100)
    plant.line.edge(150, count=7)
    before = pulses.read(200)
    assert plant.run().read(9000) == before == (PulseSample("incomer", 100, 7, 150),)
    assert len(plant.line.opened) == 1


@pytest.mark.parametrize("away_count", [1, 30, 5000])
def test_edges_while_nobody_reads_are_counted_once(plant: Plant, away_count: int) -> None:
    pulses = plant.run()
    pulses.read(100)
    plant.line.edge(150, count=7)
    pulses.read(200)
    plant.line.edge(300, count=away_count)
    after = plant.run()
    assert after.read(9000) == (PulseSample("incomer", 100, 7 + away_count, 300),)
    assert after.read(9100) == (PulseSample("incomer", 100, 7 + away_count, 300),)
    plant.line.edge(9150)
    assert after.read(9200) == (PulseSample("incomer", 100, 8 + away_count, 9150),)


def test_edges_taken_by_a_run_that_died_before_it_noted_them_come_with_the_next(
    plant: Plant,
) -> None:
    pulses = plant.run()
    pulses.read(100)
    plant.line.edge(150, count=7)
    pulses.read(200)
    plant.line.edge(250, count=3)
    assert len(os.read(plant.line.request.fd, 4096)) == 3 * EVENT.size
    after = plant.run()
    assert after.read(9000) == (PulseSample("incomer", 100, 7, 150),)
    plant.line.edge(9050)
    assert after.read(9100) == (PulseSample("incomer", 100, 11, 9050),)


def test_line_goes_through_any_number_of_runs(plant: Plant) -> None:
    for number in range(5):
        pulses = plant.run()
        pulses.read(100 + 10 * number)
        plant.line.edge(1, count=2)
        assert pulses.read(105 + 10 * number) == (PulseSample("incomer", 100, 2 * number + 2, 1),)
    plant.manager.attend()
    assert len(plant.manager.names) == 2
    assert len(plant.line.opened) == 1


@pytest.mark.parametrize(
    ("change", "chip"),
    [
        ({"pin": 18}, CHIP),
        ({"edge": Edge.RISING}, CHIP),
        ({"bias": Bias.NONE}, CHIP),
        ({"debounce_ns": 0}, CHIP),
        ({"name": "feeder"}, CHIP),
        ({}, "/dev/gpiochip4"),
    ],
)
def test_line_of_a_changed_site_file_is_given_back_and_requested_anew(
    plant: Plant, change: dict[str, object], chip: str
) -> None:
    plant.run().read(100)
    first = plant.line.request
    plan = msgspec.structs.replace(PLAN, **change)
    after = plant.run(plan, chip)
    plant.manager.attend()
    assert plant.manager.names == []
    assert after.read(9000) == (PulseSample(plan.name, 9000, 0, 9000),)
    assert plant.line.opened == [PLAN, plan]
    first.release_reader()
    with pytest.raises(BrokenPipeError):
        first.write_raw(b"x")  # no copy of the first request is left


def test_descriptors_that_are_nobodys_are_closed_and_no_longer_kept(plant: Plant) -> None:
    plant.run()
    reader, writer = os.pipe()
    for name in ("stored", "line-gone-00000000-5", "line-incomer--"):
        plant.systemds[-1].keep(name, (reader,))
    plant.manager.attend()
    assert len(plant.manager.names) == 3
    os.close(reader)
    plant.run()
    plant.manager.attend()
    assert plant.manager.names == []
    with pytest.raises(BrokenPipeError):
        os.write(writer, b"x")
    os.close(writer)


def test_line_that_was_kept_without_its_page_is_requested_anew(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = ServiceManager(tmp_path / "small", room_count=1)
    monkeypatch.setenv("NOTIFY_SOCKET", str(small.path))
    plant.manager.close()
    plant.manager = small
    plant.run().read(100)
    small.attend()
    assert len(small.names) == 1
    assert plant.run().read(9000) == (PulseSample("incomer", 9000, 0, 9000),)
    small.attend()
    assert [name.rpartition("-")[2] for name in small.names] == ["9000"]


def test_line_that_is_kept_twice_is_taken_over_from_its_newest_request(plant: Plant) -> None:
    plant.run().read(100)
    plant.manager.attend()
    leftover = plant.manager.names[0].replace("-100", "-99")
    plant.systemds[-1].keep(leftover, [one.fd for one in plant.manager.passed()])
    plant.manager.attend()
    assert plant.manager.names[0] == leftover
    assert plant.run().read(9000) == (PulseSample("incomer", 100, 0, 100),)
    plant.manager.attend()
    assert leftover not in plant.manager.names
    assert len(plant.manager.names) == 2


def test_line_that_is_lost_is_no_longer_kept_and_kept_again_when_it_is_back(plant: Plant) -> None:
    pulses = plant.run()
    pulses.read(100)
    plant.manager.attend()
    plant.line.request.write_raw(b"x")
    assert pulses.read(200)[0].fault
    plant.manager.attend()
    assert plant.manager.names == []
    back_ns = 200 + NS_PER_S
    pulses.read(back_ns)
    plant.line.edge(7)
    pulses.read(back_ns + 1)
    assert plant.run().read(back_ns + 9) == (PulseSample("incomer", back_ns, 1, 7),)


def test_line_that_is_lost_again_and_again_leaves_no_descriptors(plant: Plant) -> None:
    pulses = plant.run()
    open_counts = set()
    for number in range(5):
        pulses.read(100 * number * NS_PER_S)
        plant.line.request.write_raw(b"x")
        assert pulses.read(100 * number * NS_PER_S + 1)[0].fault
        plant.manager.attend()
        open_counts.add(len(list(Path("/proc/self/fd").iterdir())))
    assert len(open_counts) == 1


def _fill(plant: Plant) -> None:
    """The manager does not read, and its queue is full."""
    assert not all(plant.systemds[-1].forget("nothing") for _ in range(10_000))


def test_line_is_kept_later_where_the_manager_had_no_room(plant: Plant) -> None:
    pulses = plant.run()
    _fill(plant)
    pulses.read(100)
    plant.store.tend()
    plant.manager.attend()
    assert plant.manager.names == []
    plant.store.tend()
    plant.store.tend()
    plant.manager.attend()
    assert len(plant.manager.names) == 2


def test_line_that_is_lost_before_the_manager_had_room_is_never_kept(plant: Plant) -> None:
    pulses = plant.run()
    _fill(plant)
    pulses.read(100)
    plant.line.request.write_raw(b"x")
    pulses.read(200)
    plant.manager.attend()
    plant.store.tend()
    plant.manager.attend()
    assert set(plant.manager.messages) == {"FDSTOREREMOVE=1\nFDNAME=nothing"}


def test_line_that_is_lost_while_the_manager_has_no_room_is_forgotten_later(plant: Plant) -> None:
    pulses = plant.run()
    pulses.read(100)
    plant.manager.attend()
    _fill(plant)
    plant.line.request.write_raw(b"x")
    pulses.read(200)
    plant.manager.attend()
    assert len(plant.manager.names) == 2
    plant.store.tend()
    plant.manager.attend()
    assert plant.manager.names == []


def test_line_of_a_process_without_descriptors_left_is_a_fault_and_not_held(plant: Plant) -> None:
    pulses = plant.run()

    def no_page(_name: str) -> int:
        raise OSError(24, "Too many open files")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "memfd_create", no_page)
        assert pulses.read(100) == (PulseSample("incomer", 0, 0, 0, fault=True),)
    assert [problem.got for problem in pulses.problems] == ["Too many open files"]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(plant.line.request.fd)


def test_interval_pulses_while_nobody_reads_keep_their_times(plant: Plant) -> None:
    end = plant.run_interval_end(None)
    end.read(100)
    plant.line.edge(300)
    plant.line.edge(400)
    after = plant.run_interval_end(50)
    assert after.read(9000) == (300, 400)
    assert after.read(9100) == ()


@pytest.mark.parametrize(("state_mono_ns", "again"), [(149, (150,)), (150, ()), (None, ())])
def test_interval_pulse_that_died_with_a_run_before_its_state_was_saved_is_given_again(
    plant: Plant, state_mono_ns: int | None, again: tuple[int, ...]
) -> None:
    end = plant.run_interval_end(None)
    end.read(100)
    plant.line.edge(140)
    plant.line.edge(150)
    assert end.read(200) == (140, 150)
    plant.line.edge(300)
    after = plant.run_interval_end(state_mono_ns)
    assert after.read(9000) == (*again, 300)
    assert after.read(9100) == ()


def test_interval_line_without_a_pulse_so_far_gives_none_again(plant: Plant) -> None:
    plant.run_interval_end(None).read(100)
    assert plant.run_interval_end(50).read(9000) == ()
