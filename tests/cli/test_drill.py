"""A rehearsal on a played pair: what is ordered, what the report says, where it is kept."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from edge.cli import drill as drill_module
from edge.cli.rehearsed import Rehearsal, Sight, energy, loads_moved
from edge.keeper.requests import (
    Answer,
    AskDrill,
    AskHandover,
    AskStatus,
    DrillKind,
    Request,
    TellOutcome,
)
from edge.model.twin_status import TwinStatus
from tests.cli.answers import STATUS
from tests.cli.conftest import FakeKeeper, Invoke
from tests.cli.pairs import answer_of
from tests.keeper.pair import ACTIVE, STANDBY, seen

_S = 1_000_000_000


class Pair:
    """EG-KITA's desk. Each look is half a second later; 360 kW is 50 Wh in that time."""

    def __init__(self, twin: TwinStatus = ACTIVE) -> None:
        self.twin = twin
        self.looks = 0
        self.deaf_to: str | None = None
        self.refusal = ""
        self.shed_at: int | None = None

    def __call__(self, request: Request) -> Answer:
        if isinstance(request, AskStatus):
            return self._picture()
        if isinstance(request, AskHandover) and request.to != self.deaf_to:
            self.take(request.to)
        if isinstance(request, AskDrill) and self.refusal:
            return Answer(ok=False, text=self.refusal)
        return Answer(ok=True)

    def take(self, unit: str) -> None:
        self.twin = replace(ACTIVE if unit == "EG-KITA" else STANDBY, since_s=0.0)

    def _picture(self) -> Answer:
        self.looks += 1
        demand = replace(
            STATUS.limits[0], energy_kwh=10 + self.looks * 0.05, elapsed_s=100 + self.looks / 2
        )
        load = replace(STATUS.loads[1], shed=self.looks == self.shed_at)
        status = replace(
            STATUS,
            mono_ns=self.looks * _S // 2,
            power_w=360e3,
            limits=(demand,),
            loads=(load,),
        )
        return replace(answer_of(self.twin), status=status, age_s=0.0)


@pytest.fixture
def pair(keeper: FakeKeeper, monkeypatch: pytest.MonkeyPatch) -> Pair:
    pair = Pair()
    keeper.answer = pair
    ticks = iter(range(100_000))
    monkeypatch.setattr(drill_module.time, "monotonic", lambda: next(ticks) / 8)
    monkeypatch.setattr(drill_module.time, "sleep", lambda _seconds: None)
    return pair


def _orders(keeper: FakeKeeper) -> list[Request]:
    return [one for one in keeper.asked if not isinstance(one, AskStatus | TellOutcome)]


def _kept(folder: Path) -> Rehearsal:
    (path,) = folder.glob("*.json")
    return msgspec.json.decode(path.read_bytes(), type=Rehearsal)


@pytest.mark.parametrize(
    ("twin", "first", "second"),
    [(ACTIVE, "EG-MINAMI", "EG-KITA"), (STANDBY, "EG-KITA", "EG-MINAMI")],
)
def test_drill_brings_the_duty_there_and_back_and_keeps_its_report(
    keeper: FakeKeeper,
    pair: Pair,
    invoke: Invoke,
    tmp_path: Path,
    twin: TwinStatus,
    first: str,
    second: str,
) -> None:
    pair.twin = twin
    reports = tmp_path / "drills"
    result = invoke(
        "drill", "EG-KITA", "--yes-stop", "EG-KITA", "--reports", reports, "--socket", keeper.path
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert _orders(keeper) == [
        AskDrill("EG-KITA", DrillKind.HANDOVER), AskHandover(first), AskHandover(second),
    ]  # fmt: skip
    report = _kept(reports)
    assert [(leg.old, leg.new) for leg in report.legs] == [(second, first), (first, second)]
    assert (report.loads_moved, report.why) == ((), "")
    assert report.energy_error_kwh == pytest.approx(0.0, abs=1e-9)
    assert (report.before.on_duty, report.after.on_duty) == (second, second)
    (text,) = reports.glob("*.txt")
    assert text.read_text() == result.stdout
    assert "loads that moved: none\n" in result.stdout
    assert result.stdout.endswith("all went well\n")
    told = keeper.asked[-1]
    assert isinstance(told, TellOutcome)
    assert (told.what, told.done) == ("drill EG-KITA", True)


def test_drill_tells_a_load_that_moved_meanwhile(
    keeper: FakeKeeper, pair: Pair, invoke: Invoke, tmp_path: Path
) -> None:
    pair.shed_at = 6
    result = invoke(
        "drill", "--yes-stop", "EG-KITA", "--reports", tmp_path, "--socket", keeper.path
    )
    assert "loads that moved: fan\n" in result.stdout


def test_drill_whose_duty_does_not_move_is_a_failure_with_a_report(
    keeper: FakeKeeper, pair: Pair, invoke: Invoke, tmp_path: Path
) -> None:
    pair.deaf_to = "EG-MINAMI"
    result = invoke(
        "drill", "--yes-stop", "EG-KITA", "--reports", tmp_path, "--socket", keeper.path
    )
    assert (result.exit_code, result.stderr) == (
        1,
        "drill EG-KITA: the duty: not seen: got nothing in 10 s; see `denban events --kind twin`\n",
    )
    assert _kept(tmp_path).why == "the duty: not seen: got nothing in 10 s"
    assert isinstance(told := keeper.asked[-1], TellOutcome)
    assert not told.done


def test_drill_is_refused_in_the_desks_words_and_orders_nothing(
    keeper: FakeKeeper, pair: Pair, invoke: Invoke, tmp_path: Path
) -> None:
    pair.refusal = "drill EG-KITA: not now: loads are shed"
    result = invoke(
        "drill", "--yes-stop", "EG-KITA", "--reports", tmp_path, "--socket", keeper.path
    )
    assert (result.exit_code, result.stderr) == (2, "drill EG-KITA: not now: loads are shed\n")
    assert _orders(keeper) == [AskDrill("EG-KITA", DrillKind.HANDOVER)]


@pytest.mark.usefixtures("pair")
def test_drill_without_a_terminal_or_a_name_orders_nothing(
    keeper: FakeKeeper, invoke: Invoke
) -> None:
    result = invoke("drill", "--socket", keeper.path)
    assert result.exit_code == 2
    assert "need --yes-stop EG-KITA" in result.stderr
    assert _orders(keeper) == [AskDrill("EG-KITA", DrillKind.HANDOVER)]


def test_scheduled_drill_is_the_business_of_the_unit_on_duty(
    keeper: FakeKeeper, pair: Pair, invoke: Invoke, tmp_path: Path
) -> None:
    pair.twin = STANDBY
    result = invoke("drill", "--scheduled", "--reports", tmp_path, "--socket", keeper.path)
    assert (result.exit_code, result.stdout) == (
        0, "EG-KITA: not on duty; the unit on duty rehearses\n",
    )  # fmt: skip
    assert _orders(keeper) == []
    pair.twin = ACTIVE
    result = invoke("drill", "--scheduled", "--reports", tmp_path, "--socket", keeper.path)
    assert (result.exit_code, len(_orders(keeper))) == (0, 3)


def test_failover_drill_kills_the_own_control_process_and_comes_back(
    keeper: FakeKeeper,
    pair: Pair,
    invoke: Invoke,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    killed: list[tuple[str, ...]] = []

    def act(_where: str, command: tuple[str, ...]) -> None:
        killed.append(command)
        pair.take("EG-MINAMI")

    monkeypatch.setattr(drill_module, "act", act)
    monkeypatch.setattr(drill_module, "need_root", lambda _where: None)
    words = ("drill", "--kind", "failover", "--yes-stop", "EG-KITA", "--reports", tmp_path)
    result = invoke(*words, "--socket", keeper.path)
    assert result.exit_code == 0
    assert [command[-3:] for command in killed] == [
        ("--kill-who=main", "--signal=KILL", "denban.service")
    ]
    assert "EG-KITA to EG-MINAMI: at most " in result.stdout
    assert _orders(keeper)[1:] == [AskHandover("EG-KITA")]


def test_failover_drill_on_a_standby_is_refused(
    keeper: FakeKeeper, pair: Pair, invoke: Invoke
) -> None:
    pair.twin = STANDBY
    result = invoke("drill", "--kind", "failover", "--yes-stop", "EG-KITA", "--socket", keeper.path)
    assert (result.exit_code, result.stderr) == (
        2,
        (
            "drill EG-KITA: a failover is rehearsed on the unit on duty: got role standby, need"
            " active; nothing was changed\n"
        ),
    )


def test_drill_sees_the_new_units_query_on_the_line(
    keeper: FakeKeeper, pair: Pair, invoke: Invoke, tmp_path: Path
) -> None:
    """The witness counts: those of the other go on with every look while it is on duty."""
    take = pair.take

    def counting(unit: str) -> None:
        take(unit)
        pair.twin = seen(pair.twin, ear="proven", sent_count=pair.looks, heard_count=pair.looks)

    pair.twin = seen(ACTIVE, ear="proven")
    pair.take = counting  # type: ignore[method-assign]
    result = invoke(
        "drill", "--yes-stop", "EG-KITA", "--reports", tmp_path, "--socket", keeper.path
    )
    assert result.exit_code == 0
    assert all(leg.line_s is not None for leg in _kept(tmp_path).legs)


@pytest.mark.usefixtures("pair")
def test_report_that_can_not_be_kept_is_shown_all_the_same(
    keeper: FakeKeeper, invoke: Invoke, tmp_path: Path
) -> None:
    folder = tmp_path / "drills"
    folder.write_text("in the way")
    result = invoke("drill", "--yes-stop", "EG-KITA", "--reports", folder, "--socket", keeper.path)
    assert result.exit_code == 0
    assert result.stderr == f"{folder}: report not kept: got File exists; see above\n"


def _sight(second: int, kwh: float | None, elapsed_s: float, power_w: float | None) -> Sight:
    return Sight(second * _S, power_w, kwh, elapsed_s, (), "EG-KITA")


def test_energy_is_compared_within_intervals_and_where_power_is_known() -> None:
    sights = [
        _sight(0, 1.0, 10.0, 360e3),
        _sight(10, 2.1, 20.0, 360e3),  # 1.1 booked for 1.0
        _sight(20, 0.1, 1.0, 360e3),  # over the end of an interval
        _sight(30, 9.9, 11.0, None),
        _sight(40, 2.0, 21.0, 360e3),
        _sight(50, 3.0, 31.0, 360e3),  # 1.0 for 1.0
    ]
    booked_kwh, error_kwh = energy(sights)
    assert booked_kwh == pytest.approx(2.1)
    assert error_kwh == pytest.approx(0.1)
    assert energy(sights[:1]) == (None, None)


def test_loads_that_moved_are_those_that_were_ever_otherwise() -> None:
    sights = [
        replace(_sight(0, 1.0, 1.0, 1.0), shed=shed) for shed in (("a",), ("a", "b"), (), ("a",))
    ]
    assert loads_moved(sights) == ("a", "b")
