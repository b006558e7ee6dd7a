"""Orders reach the desk as meant, are confirmed with unit and site, and are refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.adapters.hardware import HardwareIdentity
from edge.cli import order as order_module
from edge.cli import whoami as whoami_module
from edge.keeper.requests import (
    Answer,
    AskAcknowledge,
    AskLimit,
    AskOverride,
    AskPlanImport,
    AskStatus,
    Request,
)
from edge.model.order import OverrideMode
from edge.model.units import NS_PER_HOUR, NS_PER_S
from tests.cli.answers import ANSWER
from tests.cli.conftest import FakeKeeper, Invoke
from tests.cli.plant import START_UTC_NS, write_site

_WHO = "EG-KITA, Rolling mill: "


@pytest.fixture(autouse=True)
def _at_nine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_module.time, "time_ns", lambda: START_UTC_NS)


def _accept(request: Request) -> Answer:
    return ANSWER if isinstance(request, AskStatus) else Answer(ok=True)


def _refuse(request: Request) -> Answer:
    return ANSWER if isinstance(request, AskStatus) else Answer(ok=False, text="no such load")


@pytest.mark.parametrize(
    ("words", "asked", "said"),
    [
        (
            ("override", "fan", "shed", "--for", "1h30m"),
            AskOverride("fan", OverrideMode.SHED, 5400),
            "fan is to be shed by hand for 1 h 30 min, until 10:30:00",
        ),
        (
            ("override", "fan", "run", "--for", "90s"),
            AskOverride("fan", OverrideMode.RUN, 90),
            "fan is to be kept running by hand for 1 min 30 s, until 09:01:30",
        ),
        (
            ("override", "fan", "auto"),
            AskOverride("fan", OverrideMode.AUTO, 0),
            "fan is given back to the controller",
        ),
        (("acknowledge",), AskAcknowledge(), "alarms are acknowledged"),
        (
            ("limit", "400", "--for", "2h"),
            AskLimit(400e3, START_UTC_NS, START_UTC_NS + 2 * NS_PER_HOUR),
            "demand is to stay below 400.0 kW from 2026-04-01 09:00:00 to 2026-04-01 11:00:00",
        ),
        (
            ("limit", "400.5", "--for", "1h", "--from", "2026-04-01T13:00"),
            AskLimit(400.5e3, START_UTC_NS + 4 * NS_PER_HOUR, START_UTC_NS + 5 * NS_PER_HOUR),
            "demand is to stay below 400.5 kW from 2026-04-01 13:00:00 to 2026-04-01 14:00:00",
        ),
        (
            ("limit", "off"),
            AskLimit(None, START_UTC_NS, START_UTC_NS + NS_PER_S),
            "demand-response limit is off",
        ),
    ],
)
def test_order_is_asked_and_confirmed_with_unit_and_site(
    keeper: FakeKeeper, invoke: Invoke, words: tuple[str, ...], asked: Request, said: str
) -> None:
    keeper.answer = _accept
    result = invoke(*words, "--socket", keeper.path)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{_WHO}{said}\n", "")
    assert keeper.asked == [AskStatus(), asked]


def test_order_that_the_desk_refuses_ends_with_two_and_its_words(
    keeper: FakeKeeper, invoke: Invoke
) -> None:
    keeper.answer = _refuse
    result = invoke("override", "fen", "auto", "--socket", keeper.path)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "no such load\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("override", "fan", "shed"), "no duration: need --for"),
        (("override", "fan", "shed", "--for", "soon"), "need a duration like 30m"),
        (("override", "fan", "off", "--for", "30m"), "'off' is not one of"),
        (("limit", "400"), "no duration: need --for"),
        (("limit", "much", "--for", "1h"), "got much, need kW above 0, or off"),
        (("limit", "0", "--for", "1h"), "got 0, need kW above 0, or off"),
        (("limit", "nan", "--for", "1h"), "got nan, need kW above 0, or off"),
        (("limit", "1", "--for", "1h", "--from", "noon"), "need a time like 2026-08-13T13:00"),
    ],
)
def test_order_that_is_not_clear_is_refused_before_anything_is_asked(
    keeper: FakeKeeper, invoke: Invoke, words: tuple[str, ...], said: str
) -> None:
    result = invoke(*words, "--socket", keeper.path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert keeper.asked == []


def test_plan_import_sends_the_file_and_says_the_version(
    keeper: FakeKeeper, invoke: Invoke, tmp_path: Path
) -> None:
    def answer(request: Request) -> Answer:
        return ANSWER if isinstance(request, AskStatus) else Answer(ok=True, text="version 3")

    keeper.answer = answer
    file = tmp_path / "2026-04-02-final.csv"
    file.write_bytes(b"slot_start,planned_kwh\n")
    result = invoke("plan", "import", file, "--socket", keeper.path)
    assert (result.exit_code, result.stdout) == (0, f"{_WHO}version 3\n")
    asked = AskPlanImport("2026-04-02", file.name, b"slot_start,planned_kwh\n")
    assert keeper.asked == [AskStatus(), asked]


def test_plan_import_without_a_day_asks_for_it(
    keeper: FakeKeeper, invoke: Invoke, tmp_path: Path
) -> None:
    file = tmp_path / "plan.csv"
    file.write_bytes(b"")
    result = invoke("plan", "import", file, "--socket", keeper.path)
    assert (result.exit_code, result.stderr) == (
        2,
        (
            f"{file}: day unknown: got the name plan.csv, need YYYY-MM-DD in it; nothing was done;"
            " name it with --day\n"
        ),
    )


def test_plan_import_of_a_missing_file_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("plan", "import", tmp_path / "2026-04-02.csv")
    assert result.exit_code == 2
    assert "not readable: got No such file" in result.stderr


def test_whoami_asks_the_controller(keeper: FakeKeeper, invoke: Invoke) -> None:
    keeper.answer = _accept
    assert invoke("whoami", "--socket", keeper.path).stdout == (
        "EG-KITA, Rolling mill  ● SINGLE\n"
        "host eg-kita, hardware serial 10000000a1b2c3d4\n"
        "denban 0.1.0, pid 71\n"
    )


@pytest.mark.parametrize(
    ("serial", "unit"), [("10000000a1b2c3d4", "EG-KITA"), ("77", "unknown unit")]
)
def test_whoami_without_a_controller_knows_the_machine(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, serial: str, unit: str
) -> None:
    monkeypatch.setattr(
        whoami_module, "read_hardware_identity", lambda **_: HardwareIdentity(serial, "cpuinfo")
    )
    monkeypatch.setattr(whoami_module.socket, "gethostname", lambda: "raspberrypi")
    assert invoke("whoami", "--site", write_site(tmp_path)).stdout == (
        f"{unit}, Rolling mill  ● NOT RUNNING\n"
        f"host raspberrypi, hardware serial {serial}\n"
        "denban 0.1.0, no process\n"
    )


def test_desk_that_closes_without_an_answer_is_a_failure(
    keeper: FakeKeeper, invoke: Invoke
) -> None:
    """More than the desk takes: it closes. Nobody may take silence for consent."""
    result = invoke("override", "x" * 300_000, "auto", "--socket", keeper.path)
    assert result.exit_code == 1
    assert keeper.asked == [AskStatus()]
