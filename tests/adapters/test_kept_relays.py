"""A relay's line that is lost, another one's that comes with the wrong name, on the board."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from tests.adapters.service_manager import ServiceManager
from tests.hil.board_rig import Child, Rig

PIN = 5
_RUN = """
from edge.adapters.fd_store import FdStore
from edge.adapters.gpiod_pins import GpiodFactory
from edge.adapters.inherited import Inherited
from edge.adapters.kept_relays import KeptRelays
from edge.adapters.systemd_notify import from_environment
from edge.config.io import OutputPolicy, RelayPlan

SAFE = OutputPolicy.SAFE

def begin(inherited=(), safe_shed=False):
    plan = RelayPlan("chiller", 5, True, safe_shed, SAFE, SAFE)
    store = FdStore(from_environment())
    return KeptRelays((plan,), GpiodFactory("/dev/gpiochip0"), store, inherited)

def claim(kept, value=True):
    return kept.open(5, active_high=True, value=value, keep_driven=False)
"""


class Bench:
    """One process after the other on the board that makes inputs of a dead owner's outputs."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.manager = ServiceManager(rig.path / "notify")

    def process(self) -> Child:
        child = self.rig.child("b")
        child.run(f"os.environ['NOTIFY_SOCKET'] = {str(self.manager.path)!r}")
        child.run(_RUN)
        return child

    def levels(self) -> list[tuple[str, int]]:
        return self.rig.levels("b", PIN)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Rig() as rig:
        made = Bench(rig)
        yield made
        made.manager.close()


def test_line_claimed_anew_waits_until_the_manager_has_let_go_of_the_lost_one(
    bench: Bench,
) -> None:
    child = bench.process()
    child.run("kept = begin(); device = claim(kept)")
    bench.manager.attend()
    child.run("device.close()")
    with pytest.raises(OSError, match="claim") as refused:
        child.run("claim(kept)")
    assert refused.value.errno == errno.EBUSY
    bench.manager.attend()
    child.run("claim(kept)")
    bench.manager.attend()
    said = [message.split("\n")[0] for message in bench.manager.messages]
    assert said == ["FDSTORE=1", "FDSTOREREMOVE=1", "FDSTORE=1"]
    assert len(bench.manager.names) == 1


def test_line_taken_over_is_found_and_driven_without_a_request(bench: Bench) -> None:
    child = bench.process()
    child.run("kept = begin(); claim(kept)")
    bench.manager.attend()
    (name,) = bench.manager.names
    child.run(f"kept = begin([Inherited({name!r}, os.dup(kept._factory.pin(5).fd))])")
    assert child.ask("kept.found") == {"chiller": True}
    child.run("device = claim(kept, value=False)")
    assert child.ask("device.value") == 1, "the level goes on, whatever was remembered"
    child.run("device.value = 0")
    assert bench.levels() == [("out", 1), ("out", 0)]


def test_line_of_another_safe_value_is_taken_over_and_kept_under_its_new_name(
    bench: Bench,
) -> None:
    child = bench.process()
    child.run("kept = begin(); claim(kept)")
    bench.manager.attend()
    (name,) = bench.manager.names
    taken = f"[Inherited({name!r}, os.dup(kept._factory.pin(5).fd))]"
    child.run(f"kept = begin({taken}, safe_shed=True)")
    bench.manager.attend()
    assert bench.manager.names == [f"{name[:-1]}1"]
    assert name.endswith("-0")
    assert bench.levels() == [("out", 1)]
