"""Meters of servers that are not ours, over the hub or TCP, asked with frames built by hand."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hil.launch import BenchProcess
from hil.meters import libmodbus_server
from hil.values import Values
from tests.hil.line_bench import DEADLINE_S, LineBench, OpenPort

# SDM630, phase 1 power: 31.26 W, from a public capture
QUERY = bytes.fromhex("0104000c0002b1c8")
REPLY = bytes.fromhex("01040441fa177cc198")
POWER_W = struct.unpack(">f", bytes.fromhex("41fa177c"))[0]
SECOND_QUERY = bytes.fromhex("0204000c0002b1fb")
SECOND_REPLY = bytes.fromhex("02040441fa177cf298")
TURNAROUND_MS = 8.0

SERVERS = ["hil.meters.pymodbus_server", "hil.meters.libmodbus_server"]


def crc(frame: bytes) -> bytes:
    """Bit by bit, as in the standard's appendix, so that it shares nothing with the bench."""
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


def need(server: str) -> None:
    if server == "hil.meters.libmodbus_server":
        try:
            libmodbus_server.load()
        except OSError as error:
            pytest.skip(f"{libmodbus_server.LIBRARY} is not installed: {error}")


def make_values(directory: Path) -> Path:
    path = directory / "values"
    with Values.create(path, ["power_w", "import_kwh", "export_kwh"]) as values:
        values["power_w"] = POWER_W
        values["import_kwh"] = 1234.5
        values["export_kwh"] = 0.5
    return path


def unit(unit_id: int, **settings: Any) -> dict[str, Any]:
    point = {"fc": 4, "address": 12, "type": "f32", "cell": "power_w"}
    return {"unit_id": unit_id, "points": [point], "turnaround_ms": TURNAROUND_MS, **settings}


def meters_config(
    directory: Path, line: dict[str, Any], units: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "values": str(make_values(directory)),
        "orders": str(directory / "meters.sock"),
        "line": line,
        "units": units,
    }


class MeterBench:
    """A hub, a process of meters on it, and a gateway's port."""

    def __init__(self, directory: Path, server: str) -> None:
        self.line = LineBench(directory)
        units = [unit(1), unit(2)]
        serial = {"kind": "serial", "port": str(self.line.paths["m"])}
        config = meters_config(directory, serial, units)
        self.meters = BenchProcess(server, directory / "meters.json", config)
        self.gateway: OpenPort = self.line.open("a")

    def heard_of(self, unit_id: int) -> dict[str, int]:
        counts: dict[str, int] = self.meters.order("stats")["units"][str(unit_id)]
        return counts

    def close(self) -> None:
        self.meters.close()
        self.line.close()


@pytest.fixture(params=SERVERS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MeterBench]:
    need(request.param)
    bench = MeterBench(tmp_path, request.param)
    yield bench
    bench.close()


def test_meters_with_a_known_query_give_the_known_reply_after_the_turnaround(
    bench: MeterBench,
) -> None:
    assert bench.gateway.ask(QUERY, 9) == REPLY
    assert bench.gateway.ask(SECOND_QUERY, 9) == SECOND_REPLY
    query, reply, second_query, second_reply = bench.line.bursts(4)
    assert reply["start_ns"] - query["end_ns"] >= TURNAROUND_MS * 1e6
    assert second_reply["start_ns"] - second_query["end_ns"] >= TURNAROUND_MS * 1e6


def test_meters_with_a_changed_value_give_it_at_the_next_read(
    bench: MeterBench, tmp_path: Path
) -> None:
    assert bench.gateway.ask(QUERY, 9) == REPLY
    with Values.open(tmp_path / "values") as values:
        values["power_w"] = -117.4
    frame = bytes.fromhex("010404c2eacccd")  # -117.4 var of an SDM120, from a public capture
    assert bench.gateway.ask(QUERY, 9) == frame + crc(frame)


def test_meters_with_a_foreign_or_a_broken_query_stay_silent_and_answer_the_next(
    bench: MeterBench,
) -> None:
    listener = bench.line.open("n")  # hears a frame when the line was silent: the event to wait for
    foreign = bytes.fromhex("0904000c0002") + crc(bytes.fromhex("0904000c0002"))
    broken = b"\0" + QUERY  # a spoilt start: no meter takes it
    for sent in (foreign, broken):
        bench.gateway.write(sent)
        assert listener.read(len(sent)) == sent
    assert bench.gateway.ask(QUERY, 9) == REPLY
    assert bench.heard_of(1) == {"query_count": 1, "reply_count": 1, "unanswered_count": 0}
    assert bench.heard_of(2) == {"query_count": 0, "reply_count": 0, "unanswered_count": 0}


def test_meters_with_a_register_that_is_not_there_refuse_with_exception_two(
    bench: MeterBench,
) -> None:
    query = bytes.fromhex("010400500002")
    assert bench.gateway.ask(query + crc(query), 5) == bytes.fromhex("018402c2c1")


def test_meters_with_silence_ordered_for_one_unit_still_answer_for_the_other(
    bench: MeterBench,
) -> None:
    bench.meters.order("silence", unit=1, on=True)
    bench.gateway.write(QUERY)
    bench.line.bursts(1)
    assert bench.gateway.ask(SECOND_QUERY, 9) == SECOND_REPLY
    assert bench.gateway.waiting() == b""
    bench.meters.order("silence", unit=1, on=False)
    assert bench.gateway.ask(QUERY, 9) == REPLY
    assert bench.heard_of(1) == {"query_count": 2, "reply_count": 1, "unanswered_count": 0}


def test_meters_with_a_delay_reply_that_much_later(bench: MeterBench) -> None:
    bench.meters.order("delay", unit=1, ms=120.0)
    assert bench.gateway.ask(QUERY, 9) == REPLY
    query, reply = bench.line.bursts(2)
    assert reply["start_ns"] - query["end_ns"] >= (120 + TURNAROUND_MS) * 1e6


def test_meters_with_a_late_reply_of_one_unit_answer_for_another_meanwhile(
    bench: MeterBench,
) -> None:
    bench.meters.order("delay", unit=1, ms=500.0)
    bench.gateway.write(QUERY)
    bench.line.bursts(1)
    assert bench.gateway.ask(SECOND_QUERY, 9) == SECOND_REPLY
    assert bench.gateway.read(9) == REPLY


def test_meters_with_garbage_send_as_many_bytes_but_no_frame(bench: MeterBench) -> None:
    bench.meters.order("garbage", unit=1, on=True)
    heard = bench.gateway.ask(QUERY, 9)
    assert (len(heard), crc(heard[:-2]) != heard[-2:]) == (9, True)
    bench.meters.order("garbage", unit=1, on=False)
    assert bench.gateway.ask(QUERY, 9) == REPLY


def test_meters_with_a_wrong_unit_reply_in_another_name(bench: MeterBench) -> None:
    bench.meters.order("wrong_unit", unit=1, other=2)
    assert bench.gateway.ask(QUERY, 9) == SECOND_REPLY
    bench.meters.order("wrong_unit", unit=1, other=0)
    assert bench.gateway.ask(QUERY, 9) == REPLY


def test_meters_with_a_wrong_count_give_one_register_too_many(bench: MeterBench) -> None:
    bench.meters.order("wrong_count", unit=1, on=True)
    frame = bytes.fromhex("01040641fa177c0000")
    assert bench.gateway.ask(QUERY, 11) == frame + crc(frame)


def test_meters_with_an_exception_ordered_give_it(bench: MeterBench) -> None:
    bench.meters.order("exception", unit=1, code=6)
    frame = bytes.fromhex("018406")
    assert bench.gateway.ask(QUERY, 5) == frame + crc(frame)
    bench.meters.order("exception", unit=1, code=0)
    assert bench.gateway.ask(QUERY, 9) == REPLY


def test_meters_with_nan_ordered_give_a_float_that_is_none(bench: MeterBench) -> None:
    bench.meters.order("nan", unit=1, on=True)
    frame = bytes.fromhex("0104047fc00000")
    assert bench.gateway.ask(QUERY, 9) == frame + crc(frame)
    bench.meters.order("nan", unit=1, on=False)
    assert bench.gateway.ask(QUERY, 9) == REPLY


def test_meters_with_a_changed_scale_multiply_the_value(bench: MeterBench) -> None:
    bench.meters.order("scale", unit=1, factor=2.0)
    frame = bytes.fromhex("01040442" + "7a177c")  # twice a float: the exponent rises by one
    assert bench.gateway.ask(QUERY, 9) == frame + crc(frame)


def test_meters_with_an_order_for_an_unknown_unit_refuse_and_live_on(bench: MeterBench) -> None:
    with pytest.raises(RuntimeError, match="KeyError"):
        bench.meters.order("silence", unit=99, on=True)
    assert bench.gateway.ask(QUERY, 9) == REPLY


def test_meters_of_two_processes_share_one_line(tmp_path: Path) -> None:
    for server in SERVERS:
        need(server)
    line = LineBench(tmp_path)
    processes = []
    for name, server, unit_id in (("m", SERVERS[0], 1), ("n", SERVERS[1], 2)):
        directory = tmp_path / name
        directory.mkdir()
        serial = {"kind": "serial", "port": str(line.paths[name])}
        config = meters_config(directory, serial, [unit(unit_id)])
        processes.append(BenchProcess(server, directory / "meters.json", config))
    gateway = line.open("a")
    for _ in range(3):
        assert gateway.ask(QUERY, 9) == REPLY
        assert gateway.ask(SECOND_QUERY, 9) == SECOND_REPLY
    for process in processes:
        counts = process.order("stats")["units"]
        assert [each["query_count"] for each in counts.values()] == [3]
        assert process.close() == 0
    line.close()


def rtu(unit_id: int, pdu: bytes) -> bytes:
    frame = bytes([unit_id]) + pdu
    return frame + crc(frame)


def mbap(unit_id: int, pdu: bytes) -> bytes:
    return b"\x12\x34\0\0" + struct.pack(">HB", 1 + len(pdu), unit_id) + pdu


@pytest.mark.parametrize(("framing", "frame"), [("rtu", rtu), ("mbap", mbap)])
def test_meters_over_tcp_give_the_known_reply_and_obey_faults(
    tmp_path: Path, framing: str, frame: Callable[[int, bytes], bytes]
) -> None:
    query, reply = QUERY[1:-2], REPLY[1:-2]
    line = {"kind": "tcp", "framing": framing}
    config = meters_config(tmp_path, line, [unit(1), unit(2)])
    with BenchProcess(SERVERS[0], tmp_path / "meters.json", config) as meters:
        host, port = meters.ready["line"].split(":")
        with socket.create_connection((host, int(port)), timeout=DEADLINE_S) as client:
            client.sendall(frame(1, query))
            assert client.recv(256) == frame(1, reply)
            meters.order("silence", unit=1, on=True)
            meters.order("exception", unit=2, code=4)
            client.sendall(frame(1, query) + frame(2, query))
            assert client.recv(256) == frame(2, bytes.fromhex("8404"))


def test_libmodbus_meters_over_tcp_are_refused(tmp_path: Path) -> None:
    need(SERVERS[1])
    config = meters_config(tmp_path, {"kind": "tcp", "framing": "rtu"}, [unit(1)])
    with pytest.raises(RuntimeError, match="not up"):
        BenchProcess(SERVERS[1], tmp_path / "meters.json", config)
