"""The hub's process on real pseudo-terminals; times are the hub's own stamps of the wire."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hil.line_bench import DEADLINE_S, LineBench

QUERY = bytes.fromhex("01030000000ac5cd")  # ten registers from address 0 of unit 1
REPLY = bytes([1, 3, 20, *range(22)])
LONG = bytes(range(200))  # 115 ms at 19200: time enough for a second talker on a busy machine


@pytest.fixture
def line(tmp_path: Path) -> Iterator[LineBench]:
    bench = LineBench(tmp_path)
    yield bench
    bench.close()


@pytest.mark.parametrize(
    ("baudrate", "bits", "query_ns", "reply_ns", "silence_ns"),
    [
        (9600, 10, 8_333_333, 26_041_666, 3_645_833),
        (9600, 11, 9_166_666, 28_645_833, 4_010_416),
        (19200, 11, 4_583_333, 14_322_916, 2_005_208),
        (115200, 10, 694_444, 2_170_138, 1_750_000),
    ],
)
def test_hub_with_a_ten_register_read_takes_the_time_of_its_bits(
    tmp_path: Path, baudrate: int, bits: int, query_ns: int, reply_ns: int, silence_ns: int
) -> None:
    bench = LineBench(tmp_path, baudrate=baudrate, bits_per_char=bits)
    gateway, meter = bench.open("a", baudrate), bench.open("m", baudrate)

    gateway.write(QUERY)
    assert meter.read(8) == QUERY
    meter.write(REPLY)
    assert gateway.read(25) == REPLY
    read_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    query, reply = bench.bursts(2)
    bench.close()
    assert (query["node"], query["hex"], query["collided"]) == ("a", QUERY.hex(), False)
    assert (reply["node"], reply["hex"], reply["collided"]) == ("m", REPLY.hex(), False)
    assert query["end_ns"] - query["start_ns"] == query_ns
    assert reply["end_ns"] - reply["start_ns"] == reply_ns
    assert reply["start_ns"] >= query["end_ns"] + silence_ns
    assert read_ns >= reply["end_ns"]


def test_hub_with_two_writes_of_one_node_keeps_them_in_one_burst(line: LineBench) -> None:
    gateway, meter = line.open("a"), line.open("m")
    gateway.write(LONG[:100])
    gateway.write(LONG[100:])
    assert meter.read(200) == LONG
    (burst,) = line.bursts(1)
    assert burst["hex"] == LONG.hex()
    assert burst["end_ns"] - burst["start_ns"] == 114_583_333


def test_hub_with_two_talkers_garbles_both_and_counts_one_collision(line: LineBench) -> None:
    first, second, meter = line.open("a"), line.open("b"), line.open("m")
    first.write(LONG)
    second.read(1)  # it is under way
    second.write(QUERY)
    heard = meter.read(len(LONG))
    bursts = {burst["node"]: burst for burst in line.bursts(2)}
    assert bursts["a"]["collided"]
    assert bursts["b"]["collided"]
    assert line.hub.order("stats")["collision_count"] == 1
    spoiled = [at for at in range(len(LONG)) if heard[at] != LONG[at]]
    assert spoiled == list(range(spoiled[0], spoiled[-1] + 1))
    assert len(spoiled) in (8, 9)  # eight characters touch eight or nine of the other's
    assert QUERY not in heard


def test_hub_with_echo_gives_the_talker_its_own_bytes_and_without_it_none(line: LineBench) -> None:
    gateway, meter = line.open("a"), line.open("m")
    gateway.write(QUERY)
    assert meter.read(8) == QUERY
    line.bursts(1)
    assert line.hub.order("stats")["nodes"]["a"]["heard_bytes"] == 0
    line.hub.order("echo", node="a", on=True)
    assert gateway.ask(QUERY, 8) == QUERY


def test_hub_with_noise_spoils_bytes_in_the_same_way_for_the_same_seed(line: LineBench) -> None:
    gateway, meter = line.open("a"), line.open("m")
    heard = []
    for seed in (7, 7, 8):
        line.hub.order("noise", probability=0.01, seed=seed)
        gateway.write(LONG)
        heard.append(meter.read(200))
    assert heard[0] == heard[1] != heard[2]
    spoiled_count = sum(a != b for a, b in zip(heard[0], LONG, strict=True))
    assert 5 <= spoiled_count <= 30  # 1 - 0.99 ** 8 is 7.7 % of 200 bytes
    line.hub.order("noise", probability=0.0, seed=1)
    gateway.write(LONG)
    assert meter.read(200) == LONG


def test_hub_with_a_shorted_line_loses_every_byte_and_the_echo(line: LineBench) -> None:
    gateway, meter = line.open("a"), line.open("m")
    line.hub.order("echo", node="a", on=True)
    line.hub.order("short", on=True)
    gateway.write(QUERY)
    (burst,) = line.bursts(1)
    assert burst["lost_count"] == 8
    counts = line.hub.order("stats")["nodes"]
    assert (counts["a"]["heard_bytes"], counts["m"]["heard_bytes"]) == (0, 0)
    line.hub.order("short", on=False)
    gateway.write(QUERY)
    assert meter.read(8) == QUERY
    assert gateway.read(8) == QUERY


def test_hub_with_an_unplugged_gateway_leaves_it_only_its_own_echo(line: LineBench) -> None:
    gateway, other, meter = line.open("a"), line.open("b"), line.open("m")
    line.hub.order("echo", node="a", on=True)
    line.hub.order("plug", node="a", on=False)
    gateway.write(QUERY)
    other.write(REPLY)
    assert meter.read(25) == REPLY
    assert gateway.read(8) == QUERY
    bursts = {burst["node"]: burst for burst in line.bursts(2)}
    assert (bursts["a"]["isolated"], bursts["b"]["isolated"]) == (True, False)
    assert line.hub.order("stats")["collision_count"] == 0
    assert line.hub.order("stats")["nodes"]["a"]["heard_bytes"] == 8
    line.hub.order("plug", node="a", on=True)
    gateway.write(QUERY)
    assert meter.read(8) == QUERY


def test_hub_with_a_cut_line_carries_nothing_between_nodes(line: LineBench) -> None:
    gateway, meter = line.open("a"), line.open("m")
    line.hub.order("cut", on=True)
    gateway.write(QUERY)
    assert [burst["isolated"] for burst in line.bursts(1)] == [True]
    assert line.hub.order("stats")["nodes"]["m"]["heard_bytes"] == 0
    line.hub.order("cut", on=False)
    gateway.write(REPLY)
    assert meter.read(25) == REPLY


def test_hub_with_a_deaf_gateway_lets_it_talk_but_not_hear(line: LineBench) -> None:
    gateway, meter = line.open("a"), line.open("m")
    line.hub.order("deaf", node="a", on=True)
    gateway.write(QUERY)
    assert meter.read(8) == QUERY
    meter.write(REPLY)
    line.bursts(2)
    assert line.hub.order("stats")["nodes"]["a"]["heard_bytes"] == 0


def test_hub_with_another_baud_rate_garbles_unless_told_otherwise(tmp_path: Path) -> None:
    for mismatch in (True, False):
        directory = tmp_path / str(mismatch)
        directory.mkdir()
        bench = LineBench(directory, baud_mismatch=mismatch)
        gateway, meter = bench.open("a", 9600), bench.open("m")
        gateway.write(QUERY)
        heard = meter.read(8)
        (burst,) = bench.bursts(1)
        mismatched_count = bench.hub.order("stats")["nodes"]["m"]["mismatched_bytes"]
        bench.close()
        if mismatch:
            assert all(a != b for a, b in zip(heard, QUERY, strict=True))
            assert (mismatched_count, burst["end_ns"] - burst["start_ns"]) == (8, 9_166_666)
        else:
            assert heard == QUERY
            assert (mismatched_count, burst["end_ns"] - burst["start_ns"]) == (0, 4_583_333)


def test_hub_with_injected_bytes_lets_every_node_hear_a_stranger(line: LineBench) -> None:
    gateway, meter = line.open("a"), line.open("m")
    line.hub.order("inject", sent=QUERY.hex())
    assert (gateway.read(8), meter.read(8)) == (QUERY, QUERY)
    assert line.bursts(1)[0]["node"] == "injected"


def test_hub_after_the_last_user_closed_a_port_serves_the_next_one(line: LineBench) -> None:
    meter = line.open("m")
    for _ in range(3):
        gateway = line.open("a")
        gateway.write(QUERY)
        assert meter.read(8) == QUERY
        meter.write(REPLY)
        assert gateway.read(25) == REPLY
        gateway.close()


def test_hub_with_a_pulled_adapter_hangs_up_and_comes_back_at_the_same_path(
    line: LineBench,
) -> None:
    gateway, meter = line.open("a"), line.open("m")
    line.hub.order("usb", node="a", on=False)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        gateway.write(QUERY)
    assert not line.paths["a"].is_symlink()
    line.hub.order("usb", node="a", on=True)
    again = line.open("a")
    again.write(QUERY)
    assert meter.read(8) == QUERY


def test_hub_with_an_unknown_node_in_an_order_refuses_and_lives_on(line: LineBench) -> None:
    with pytest.raises(RuntimeError, match="KeyError"):
        line.hub.order("plug", node="nobody", on=False)
    assert line.hub.order("stats")["burst_count"] == 0


def test_hub_when_its_parent_closes_standard_input_ends_and_removes_its_links(
    line: LineBench,
) -> None:
    assert line.hub.ready == {name: str(path) for name, path in line.paths.items()}
    assert line.close() == 0
    assert [path for path in line.paths.values() if path.is_symlink()] == []
    assert not (line.directory / "hub.sock").exists()


def test_hub_on_sigterm_ends_and_removes_its_links(line: LineBench) -> None:
    line.hub.process.send_signal(signal.SIGTERM)
    assert line.hub.process.wait(DEADLINE_S) == 0
    assert [path for path in line.paths.values() if path.is_symlink()] == []
