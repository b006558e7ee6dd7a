"""One set of tests for the channels of all drivers: what is driven is what is seen, in time."""

from __future__ import annotations

import pytest

from hil.suite.ability import Ability
from hil.works import LOADS
from tests.hil.contract.drivers import DRIVERS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("channels")]
LOAD = "chiller-1"
MOVED_S_MAX = 15.0  # the product sheds at its own pace


@pytest.fixture(scope="module", params=DRIVERS)
def driver(request, tmp_path_factory):
    with DRIVERS[request.param](tmp_path_factory.mktemp("table")) as driver:
        yield driver


@pytest.fixture
def bench(driver):
    return driver.bench


def _needs(bench, ability):
    if ability not in bench.abilities:
        pytest.skip(f"{bench.description.bench_class} bench: needs {ability}")


@pytest.mark.parametrize(("count", "rate_hz"), [(20, 30), (50, 100)])
def test_pulses_are_made_exactly_and_not_faster_than_ordered(bench, count, rate_hz):
    bench.plant.stop()
    bench.wait("a still plant", lambda: _is_still(bench), 20)
    before, begun_ns = bench.pulses.made_count(), bench.now_ns()
    bench.pulses.send(count, rate_hz)
    bench.wait("pulses", lambda: bench.pulses.made_count() >= before + count)
    lasted_s = (bench.now_ns() - begun_ns) / 1e9
    assert bench.pulses.made_count() == before + count
    assert lasted_s >= 0.9 * (count - 1) / rate_hz


def _is_still(bench):
    """No pulse of the plant's own comes any more."""
    begun_uwh, begun_ns = bench.plant.import_uwh(), bench.now_ns()
    bench.wait("some time", lambda: bench.now_ns() > begun_ns + 200_000_000)
    return bench.plant.import_uwh() == begun_uwh


def test_broken_pulse_wire_does_not_stop_the_meter(bench):
    before = bench.pulses.made_count()
    bench.pulses.break_wire(on=True)
    bench.pulses.send(5, 100)
    bench.wait("pulses", lambda: bench.pulses.made_count() == before + 5)
    bench.pulses.break_wire(on=False)


def test_relay_is_seen_to_move_after_it_was_driven_and_in_time(driver, bench):
    unit, since_ns = driver.unit(), bench.now_ns()
    driver.shed(unit, LOAD)
    moves = bench.wait(
        "a move",
        lambda: [move for move in bench.witness().load_moves(since_ns) if move.load == LOAD],
        MOVED_S_MAX,
    )
    assert [move.shed for move in moves] == [True]
    assert since_ns < moves[0].t_ns < bench.now_ns()
    assert len(moves[0].units) == 1  # a twin that mirrors it may be quicker
    pin = LOADS[LOAD].pin
    drives = bench.wait("its drive", lambda: bench.witness().drives(unit, [pin], since_ns), 5)
    assert [drive.level for drive in drives] == [1]


def test_query_is_seen_with_its_sender_and_its_time(driver, bench):
    unit, since_ns = driver.unit(), bench.now_ns()
    driver.query(unit)
    query = bench.wait("a query", lambda: bench.witness().first_of(unit, since_ns), 10)
    assert (query.node, query.collided) == (unit, False)
    assert since_ns < query.start_ns < query.end_ns < bench.now_ns()
    assert query.sent[:2] in {b"\x01\x03", b"\x02\x04"}


def test_path_that_is_cut_carries_nothing_until_it_is_mended(driver, bench):
    _needs(bench, Ability.LINKS)
    unit = driver.unit()
    bench.wait("both paths", lambda: driver.hears(unit, "net0") and driver.hears(unit, "net1"))
    bench.links.cut("net0")
    bench.wait("path gone", lambda: not driver.hears(unit, "net0"))
    assert driver.hears(unit, "net1")
    bench.links.cut("net0", on=False)
    bench.wait("path back", lambda: driver.hears(unit, "net0"))


def test_adapter_that_is_pulled_is_gone_until_it_is_plugged(driver, bench):
    _needs(bench, Ability.USB)
    unit = driver.unit()
    bench.gateways[unit].usb.pull()
    bench.wait("port gone", lambda: not driver.is_plugged(unit))
    bench.gateways[unit].usb.plug()
    bench.wait("port back", lambda: driver.is_plugged(unit))


def test_power_that_is_cut_ends_everything_until_it_is_back(driver, bench):
    _needs(bench, Ability.POWER)
    gateway = bench.gateways[driver.unit()]
    gateway.power_off()
    with pytest.raises((ConnectionError, TimeoutError)):
        gateway.shell("true")
    assert gateway.status() is None
    gateway.power_on()
    bench.wait("a shell", lambda: _answers(gateway), 120)


def _answers(gateway):
    try:
        return gateway.shell("true", 20).code == 0
    except OSError:
        return False
