"""The bench's end of the agent, against a scripted guest on a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.machine.agent import Agent, AgentError, Answer
from tests.hil.machine.scripted_guest import Guest, ok


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    guest = Guest(tmp_path / "agent")
    yield guest
    guest.close()


@pytest.fixture
def agent(guest: Guest, tmp_path: Path) -> Iterator[Agent]:  # noqa: ARG001 -- it listens
    agent = Agent(tmp_path / "agent")
    yield agent
    agent.close()


def test_shell_says_code_and_text_past_rubbish_and_notices(guest: Guest, agent: Agent) -> None:
    guest.answers = lambda asked: [
        b'{"half a li\n',
        b"[]\n",
        {"hello": 1},
        {"id": 7, "ok": "nobody's", "boottime_ns": 1},
        {"id": asked["id"], "ok": {"code": 3, "text": "no"}, "boottime_ns": 5},
    ]
    assert agent.shell("false", 2.0) == (3, "no")
    assert guest.asked == [{"op": "sh", "command": "false", "within_s": 2.0}]


def test_put_sends_the_content_in_base64(guest: Guest, agent: Agent) -> None:
    agent.put("/etc/denban/twin.key", b"1 k\n", 0o600)
    assert guest.asked == [
        {"op": "put", "path": "/etc/denban/twin.key", "base64": "MSBrCg==", "mode": 0o600}
    ]


def test_answer_with_an_error_raises_it(guest: Guest, agent: Agent) -> None:
    guest.answers = lambda asked: [{"id": asked["id"], "error": "no such file", "boottime_ns": 5}]
    with pytest.raises(AgentError, match="get: no such file"):
        agent.ask("get", path="/none")


def test_request_that_is_not_answered_leaves_its_connection(guest: Guest, agent: Agent) -> None:
    guest.answers = lambda _: []
    with pytest.raises(TimeoutError, match=r"sh: no answer of the guest in 0\.01 s"):
        agent.ask("sh", 0.01, command="true")
    guest.answers = ok("here")
    assert agent.ask("hello").said == "here"
    assert len(guest.links) == 2


def test_machine_that_is_gone_fails_at_once_and_answers_when_it_is_back(
    guest: Guest, agent: Agent
) -> None:
    guest.answers = ok("first")
    assert agent.ask("hello").said == "first"
    guest.answers = lambda _: guest.hang_up()
    with pytest.raises(AgentError, match="the machine is gone"):
        agent.ask("hello")
    guest.answers = ok("second")
    assert agent.ask("hello").said == "second"


def test_machine_that_is_off_has_no_agent(tmp_path: Path) -> None:
    agent = Agent(tmp_path / "none")
    with pytest.raises(AgentError, match="the machine is off"):
        agent.ask("hello")
    with pytest.raises(TimeoutError, match="says nothing"):
        agent.knock(0.01)


def test_instant_of_the_guest_is_no_later_on_the_bench_than_it_was() -> None:
    answer = Answer({}, boottime_ns=1_000, asked_ns=50_000, heard_ns=52_000)
    assert answer.on_bench_ns(900) == 49_900
