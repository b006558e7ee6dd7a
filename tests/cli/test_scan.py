"""Meters are found by answering, and named by the profiles that make sense of them."""

from __future__ import annotations

import asyncio
import json
import os
import pty
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from edge.bus.reply import Reply
from edge.cli import scan as scan_module
from edge.cli.prober import Answering, Prober, Reading, is_plausible
from edge.config.load import load_profiles
from edge.core.metering.registers import Decoded, Request
from edge.model.bus import PolledMeter
from edge.model.registers import RegisterMap
from edge.model.scan import MeterFault
from edge.model.units import UWH_PER_KWH
from tests.cli.conftest import Invoke
from tests.cli.plant import SITE, write_site

# 31.26 W, 15117.4326 kWh and no export (frames of field measurements of an SDM630 and an SDM120).
_SDM630 = {0x34: (0x41FA, 0x177C), 0x48: (0x466C, 0x35BB), 0x4A: (0, 0)}


class FakeLine:
    """Meters that hold input registers by unit id; others are silent, one refuses everything."""

    def __init__(self, meters: Mapping[int, Mapping[int, Sequence[int]]], refusing: int) -> None:
        self._meters = meters
        self._refusing = refusing
        self.asked: list[int] = []

    async def read(self, meter: PolledMeter, request: Request) -> Reply:
        self.asked.append(meter.unit_id)
        if meter.unit_id == self._refusing:
            return Reply(0, fault=MeterFault.EXCEPTION)
        registers = self._meters.get(meter.unit_id)
        if registers is None:
            return Reply(0, fault=MeterFault.NO_REPLY)
        words: list[int] = []
        while len(words) < request.count and request.function_code == 4:
            found = registers.get(request.address + len(words))
            if found is None:
                return Reply(0, fault=MeterFault.EXCEPTION)
            words += found
        if not words:
            return Reply(0, fault=MeterFault.EXCEPTION)
        return Reply(0, tuple(words))


@pytest.fixture
def maps(tmp_path: Path) -> dict[str, RegisterMap]:
    profiles = load_profiles(write_site(tmp_path))
    return {name: profile.map for name, profile in profiles.items()}


def test_probe_names_the_profile_that_fits_and_units_that_only_refuse(
    maps: dict[str, RegisterMap],
) -> None:
    line = FakeLine({3: _SDM630}, refusing=5)
    told: list[tuple[int, int, bool]] = []
    prober = Prober(maps, thorough=False)
    found = asyncio.run(prober.probe(line, range(2, 6), lambda *word: told.append(word)))
    sdm630 = Reading("eastron-sdm630", 31.26146697998047, 15_117_432_617_188, 0)
    assert [(one.unit_id, one.remark) for one in found] == [(3, "answers"), (5, "exception")]
    assert found[0].readings == (sdm630,)
    assert found[1] == Answering(5, (), "exception")
    assert told == [(2, 0, False), (3, 1, True), (4, 1, False), (5, 2, True)]
    # A silent unit costs a knock for each function code, and no more.
    assert (line.asked.count(2), line.asked.count(4)) == (2, 2)


def test_thorough_probe_knocks_for_every_profile(maps: dict[str, RegisterMap]) -> None:
    line = FakeLine({}, refusing=0)
    found = asyncio.run(Prober(maps, thorough=True).probe(line, [9], lambda *_word: None))
    assert found == []
    assert len(line.asked) == 4  # two of the five profiles begin with the same registers


@pytest.mark.parametrize(
    ("decoded", "plausible"),
    [
        (Decoded(0.0, 0, 0), True),
        (Decoded(-117.4, 5 * UWH_PER_KWH, None), True),
        (Decoded(None, 5), True),
        (Decoded(3.4e38), False),
        (Decoded(1.4e-45), False),
        (Decoded(1.0, -1), False),
        (Decoded(1.0, 10**12 * UWH_PER_KWH), False),
        (Decoded(fault=MeterFault.NOT_A_NUMBER), False),
    ],
)
def test_values_that_no_plant_has_make_no_sense(decoded: Decoded, plausible: bool) -> None:
    assert is_plausible(decoded) is plausible


class FakeClient(FakeLine):
    """The client of a line with one good meter and one that refuses."""

    def __init__(self, _plan: object, _page: object) -> None:
        super().__init__({3: _SDM630}, refusing=5)

    async def open(self) -> None:
        return None

    def close(self) -> None:
        return None


def test_scan_lists_who_answers_and_what_fits(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_module, "LineClient", FakeClient)
    site = write_site(tmp_path)
    result = invoke("scan", "main", "--site", site, "--unit-ids", "1-10")
    assert (result.exit_code, result.stderr) == (0, "unit id 3 answers\nunit id 5 answers\n")
    assert [line.split() for line in result.stdout.splitlines()[2:]] == [
        ["3", "eastron-sdm630", "0.031", "kW", "15,117.433", "kWh"],
        ["5", "none", "fits", "(exception)", "-", "-"],
    ]
    made = json.loads(invoke("scan", "main", "--site", site, "--unit-ids", "3", "--json").stdout)
    assert made[0]["readings"][0]["profile"] == "eastron-sdm630"


def _site_at(folder: Path, port: str) -> Path:
    text = SITE.replace("/dev/serial/by-path/usb-port0", port)
    return write_site(folder, text)


def test_scan_of_a_silent_line_finds_nothing_and_fails(tmp_path: Path, invoke: Invoke) -> None:
    ours, theirs = pty.openpty()
    try:
        site = _site_at(tmp_path, os.ttyname(theirs))
        result = invoke("scan", "main", "--site", site, "--unit-ids", "7", "--timeout-ms", "20")
    finally:
        os.close(ours)
        os.close(theirs)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "bus.main: no meter found: got no answer from 1 unit ids; check wiring A/B, termination,"
        " baud rate and parity\n"
    )


def test_scan_of_a_line_that_the_controller_holds_is_refused(
    tmp_path: Path, invoke: Invoke
) -> None:
    import serial

    ours, theirs = pty.openpty()
    try:
        port = os.ttyname(theirs)
        with serial.Serial(port, exclusive=True):
            result = invoke("scan", "main", "--site", _site_at(tmp_path, port))
    finally:
        os.close(ours)
        os.close(theirs)
    assert result.exit_code == 2
    assert f"bus.main {port}: port is busy" in result.stderr
    assert "nothing was asked; stop the controller if it runs here" in result.stderr


def test_scan_of_an_unknown_line_names_those_there_are(tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("scan", "mian", "--site", write_site(tmp_path))
    assert (result.exit_code, result.stderr) == (
        2,
        "mian: no such line: need one of: main; nothing was asked\n",
    )
