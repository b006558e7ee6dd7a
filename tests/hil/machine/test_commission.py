"""What a guest is given before its service starts."""

from __future__ import annotations

import base64
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.machine.agent import Agent, AgentError
from hil.machine.command_line import Card, Connections
from hil.machine.commission import adopt, commission, hosts
from hil.works import UNITS, Works
from tests.hil.machine.scripted_guest import Guest, ok

DONE = {"code": 0, "text": ""}
KEY = "ab" * 32


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    guest = Guest(tmp_path / "agent")
    guest.answers = ok(DONE)
    yield guest
    guest.close()


@pytest.fixture
def agent(guest: Guest, tmp_path: Path) -> Iterator[Agent]:  # noqa: ARG001 -- it listens
    agent = Agent(tmp_path / "agent")
    yield agent
    agent.close()


def _files(guest: Guest) -> dict[str, tuple[bytes, int]]:
    puts = [asked for asked in guest.asked if asked["op"] == "put"]
    return {put["path"]: (base64.b64decode(put["base64"]), put["mode"]) for put in puts}


def test_gateways_of_a_pair_are_given_the_same_site_and_key(
    guest: Guest, agent: Agent, tmp_path: Path
) -> None:
    given = []
    for unit in UNITS:
        guest.asked.clear()
        commission(agent, unit, Works(), KEY, tmp_path / "site.toml")
        given.append(_files(guest))
    kita, minami = given
    assert kita.pop("/etc/denban/unit") == (b"DENBAN_UNIT=EG-KITA\n", 0o644)
    assert minami.pop("/etc/denban/unit") == (b"DENBAN_UNIT=EG-MINAMI\n", 0o644)
    assert kita == minami
    key, mode = kita["/etc/denban/twin.key"]
    assert KEY.encode() in key
    assert mode == 0o600


def test_site_of_a_machine_has_its_own_chip_and_port(
    guest: Guest, agent: Agent, tmp_path: Path
) -> None:
    commission(agent, UNITS[0], Works(), KEY, tmp_path / "site.toml")
    site = tomllib.loads(_files(guest)["/etc/denban/site.toml"][0].decode())
    assert site["board"] == {"gpio_chip": "/dev/gpiochip0"}
    assert site["bus"]["main"]["port"].startswith("/dev/serial/by-path/")
    assert [site["unit"][unit]["addresses"] for unit in UNITS] == [
        ["10.77.1.1", "10.77.2.1"],
        ["10.77.1.2", "10.77.2.2"],
    ]


def test_clock_is_set_before_anything_is_written(
    guest: Guest, agent: Agent, tmp_path: Path
) -> None:
    commission(agent, UNITS[0], Works(), KEY, tmp_path / "site.toml")
    assert guest.asked[0]["op"] == "clock"
    assert guest.asked[-1]["command"].endswith("sync")


def test_restored_guest_takes_name_and_addresses(guest: Guest, agent: Agent) -> None:
    cards = tuple(
        Card(f"02:4d:00:00:0{path}:02", Path(f"/b/net{path}"), Path(f"/b/port{path}"))
        for path in range(2)
    )
    adopt(agent, UNITS[1], Connections(Path("/b/board"), Path("/b/rs485"), cards))
    (command,) = (asked["command"] for asked in guest.asked)
    assert "hostname eg-minami" in command
    for path, host in enumerate(hosts(UNITS[1])):
        assert f"ip link set eth{path} address 02:4d:00:00:0{path}:02" in command
        assert f"ip address add {host}/24 dev eth{path}" in command


def test_guest_that_refuses_is_told_with_what_it_said(guest: Guest, agent: Agent) -> None:
    guest.answers = ok({"code": 1, "text": "Cannot find device"})
    with pytest.raises(AgentError, match="exit code 1: Cannot find device"):
        adopt(agent, UNITS[0], Connections(Path("/b"), Path("/b"), (CARD, CARD)))


CARD = Card("02:4d:00:00:00:01", Path("/b/net0"), Path("/b/port0"))
