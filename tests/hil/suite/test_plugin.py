"""What a run of scenarios does and leaves, with a bench that does nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.suite import drivers
from hil.suite.lateness import Lateness
from hil.suite.protocol import ChannelCheck
from hil.suite.record import RunRecord, ScenarioRecord, Verdict
from tests.hil.suite.fake_bench import FakeBench

pytest_plugins = ["pytester"]

_HEAD = """
import pytest
from hil.suite.ability import Ability
from hil.suite.scene import CALM
"""


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(drivers, "maker", lambda _, __: FakeBench)
    monkeypatch.setattr(drivers, "reason_to_skip", lambda _: "")
    FakeBench.made.clear()
    yield
    FakeBench.made.clear()


def run(pytester: pytest.Pytester, body: str, *options: str) -> RunRecord:
    """The record of a run of such scenarios."""
    folder = pytester.mkpydir("scenarios")
    (folder / "test_it.py").write_text(_HEAD + body)
    pytester.runpytest_inprocess("-p", "hil.suite.plugin", "--bench-out=out", *options)
    return RunRecord.read(pytester.path / "out/run.json")


def only(record: RunRecord) -> ScenarioRecord:
    (scenario,) = record.scenarios
    return scenario


def test_scenario_that_passes_leaves_its_procedure_and_what_it_measured(
    pytester: pytest.Pytester,
) -> None:
    record = run(pytester, '''
@pytest.mark.covers("S02", "S01")
def test_calm(scene):
    """Nothing is done."""
    scene.measure("rest", 0.2, "s", at_most=0.3)
    scene.mark("seen")
''')  # fmt: skip
    found = only(record)
    assert (found.name, found.verdict, found.procedure) == (
        "test_calm", Verdict.PASSED, "Nothing is done."
    )  # fmt: skip
    assert found.requirements == ["S01", "S02"]
    assert found.file == "scenarios/test_it.py"
    what = [(each.what, each.ok) for each in found.measured]
    assert what == [("rest", True), ("bench computer late", True)]
    assert [mark.text for mark in found.marks] == ["seen"]
    assert (record.bench, record.description) == ("process", "a fake")
    assert record.versions["fake"] == "1"
    assert [(each.channel, each.ok) for each in record.channels] == [("line", True)]


def test_measurement_out_of_its_band_fails_and_is_in_the_record(pytester: pytest.Pytester) -> None:
    found = only(run(pytester, """
def test_slow(scene):
    scene.measure("rest", 0.42, "s", at_most=0.3)
"""))  # fmt: skip
    assert found.verdict is Verdict.FAILED
    assert "rest: got 0.42 s, allowed at most 0.3 s" in found.text
    assert [each.ok for each in found.measured] == [False, True]


def test_failed_scenario_has_its_bench_thrown_away_and_kept_as_evidence(
    pytester: pytest.Pytester,
) -> None:
    record = run(pytester, """
def test_fails(scene):
    assert False
def test_passes(scene):
    pass
def test_passes_too(scene):
    pass
""")  # fmt: skip
    first, second, third = record.scenarios
    assert first.evidence == ["evidence/test_fails/console.log"]
    assert Path(pytester.path / "out" / first.evidence[0]).read_text() == "last words"
    assert [each.verdict for each in (second, third)] == [Verdict.PASSED] * 2
    assert [bench.done[-1] for bench in FakeBench.made] == ["exit", "exit"]
    assert [bench.done.count("self-test") for bench in FakeBench.made] == [1, 0]


def test_scenario_that_needs_what_the_bench_lacks_is_skipped_with_the_reason(
    pytester: pytest.Pytester,
) -> None:
    found = only(run(pytester, """
@pytest.mark.needs(Ability.POWER, Ability.OWN_KERNEL)
def test_panic(scene):
    assert False
"""))  # fmt: skip
    assert found.verdict is Verdict.SKIPPED
    assert found.text == "process bench: needs a kernel of its own that can crash"
    assert FakeBench.made == []


def test_step_that_the_bench_can_not_do_skips_with_its_reason(pytester: pytest.Pytester) -> None:
    found = only(run(pytester, """
def test_panic(scene):
    next(iter(scene.bench.gateways.values())).crash_kernel()
"""))  # fmt: skip
    assert (found.verdict, found.text) == (Verdict.SKIPPED, "fake bench: no kernel")


def test_broken_channel_makes_an_error_of_every_scenario(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeBench, "channels", (ChannelCheck("line", ok=False, note="open"),))
    record = run(pytester, """
def test_one(scene):
    pass
def test_two(scene):
    pass
""")  # fmt: skip
    assert [each.verdict for each in record.scenarios] == [Verdict.ERROR] * 2
    assert all("line: second try: open" in each.text for each in record.scenarios)
    assert [(each.channel, each.ok) for each in record.channels] == [("line", False)]
    assert len(FakeBench.made) == 1


def test_channel_that_works_at_the_second_try_is_told(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = iter([[ChannelCheck("line", ok=False)], [ChannelCheck("line", ok=True, note="heard")]])
    monkeypatch.setattr(FakeBench, "self_test", lambda _: next(tries))
    record = run(pytester, "def test_one(scene): pass")
    assert [each.verdict for each in record.scenarios] == [Verdict.PASSED]
    assert [each.note for each in record.channels] == ["second try: heard"]


def test_scenarios_of_the_same_works_share_a_bench_whatever_their_order(
    pytester: pytest.Pytester,
) -> None:
    record = run(pytester, """
import msgspec
other = pytest.mark.works(msgspec.structs.replace(CALM, contract_kw=500))
def test_a(scene):
    pass
@other
def test_b(scene):
    assert scene.works.contract_kw == 500
@pytest.mark.fresh
def test_c(scene):
    pass
def test_d(scene):
    pass
""")  # fmt: skip
    assert [each.name for each in record.scenarios] == ["test_a", "test_d", "test_c", "test_b"]
    assert {each.verdict for each in record.scenarios} == {Verdict.PASSED}
    assert len(FakeBench.made) == 2


def test_fresh_scenario_gets_a_new_pair_after_a_swap_for_health(pytester: pytest.Pytester) -> None:
    run(pytester, """
from hil.suite.protocol import OwnEvent
def test_a(scene):
    gateway = scene.bench._bench.gateways["EG-KITA"]
    gateway.said = [OwnEvent("twin", "role", "info", {"why": "peer is in better health"})]
@pytest.mark.fresh
def test_b(scene):
    pass
""")  # fmt: skip
    assert len(FakeBench.made) == 2


def test_fault_that_a_scenario_leaves_is_mended_before_the_next(pytester: pytest.Pytester) -> None:
    record = run(pytester, """
def test_a(scene):
    scene.bench.gateways["EG-KITA"].power_off()
def test_b(scene):
    pass
""")  # fmt: skip
    (bench,) = FakeBench.made
    assert [word for word in bench.done if word.startswith("EG-KITA")] == [
        "EG-KITA off", "EG-KITA on"
    ]  # fmt: skip
    spans = [[(s.lane, s.text, s.end_ns) for s in each.spans] for each in record.scenarios]
    assert spans == [[("EG-KITA", "without power", None)], []]


def test_soak_runs_only_when_it_is_asked_for(pytester: pytest.Pytester) -> None:
    body = """
@pytest.mark.soak
def test_long(scene):
    pass
def test_short(scene):
    pass
"""
    assert only(run(pytester, body)).name == "test_short"


def test_soak_runs_when_it_is_asked_for(pytester: pytest.Pytester) -> None:
    body = """
@pytest.mark.soak
def test_long(scene):
    pass
def test_short(scene):
    pass
"""
    assert only(run(pytester, body, "-m", "soak")).name == "test_long"


def test_tests_elsewhere_leave_no_record(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it():\n    pass")
    pytester.runpytest_inprocess("-p", "hil.suite.plugin", "--bench-out=out").assert_outcomes(
        passed=1
    )
    assert not (pytester.path / "out").exists()


def test_failure_on_a_computer_that_stood_still_says_so_first(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = Lateness.end
    monkeypatch.setattr(Lateness, "end", lambda lateness: end(lateness) * 0 + 0.8)
    found = only(run(pytester, "def test_fails(scene):\n    assert False"))
    assert found.verdict is Verdict.FAILED
    assert found.text.startswith("bench computer: stood for up to 0.8 s, allowed 0.25 s")


def test_pair_is_gone_when_another_test_follows_on_the_last_scenario(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(test_later="""
from tests.hil.suite.fake_bench import FakeBench
def test_something_else():
    FakeBench.made[-1].done.append("something else")
""")  # fmt: skip
    run(pytester, "def test_scenario(scene): pass")
    (bench,) = FakeBench.made
    assert bench.done[-2:] == ["exit", "something else"]
