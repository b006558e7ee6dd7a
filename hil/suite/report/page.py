"""The page of one or several runs: verdict first, then what the benches are, requirements beside
scenarios, and each scenario.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from hil.suite.ability import BenchClass
from hil.suite.record import RunRecord, ScenarioRecord, Verdict
from hil.suite.report.junit import first_line
from hil.suite.report.markup import (
    SYMBOL,
    Element,
    Part,
    add,
    badge,
    band,
    el,
    html,
    quantity,
    table,
    title_of,
)
from hil.suite.report.section import seconds, section
from hil.suite.requirements import Requirement

_ANCHOR_LETTERS_MAX = 60
_WHY_LETTERS_MAX = 200
_HERE = Path(__file__).parent
_WHAT = {
    BenchClass.PROCESS: "Virtual bench: both gateways are processes on one computer. Kernel,"
    " relays, line and meters are played; only the product's own processes are real.",
    BenchClass.MACHINE: "Virtual bench: both gateways are emulated machines with a kernel and"
    " systemd of their own. Relays, line, meters and power are played.",
    BenchClass.RIG: "Real bench: two gateways on a table, with real relays, line and power.",
}
_ORDER = (Verdict.FAILED, Verdict.ERROR, Verdict.PASSED, Verdict.SKIPPED)


def page(runs: Sequence[RunRecord], requirements: Mapping[str, Requirement]) -> str:
    """`requirements`: by id; those that no scenario covers are shown as such."""
    title = "Bench report: " + ", ".join(run.bench for run in runs)
    style = el("style")
    style.text = (_HERE / "page.css").read_text(encoding="utf-8")
    script = el("script")
    script.text = (_HERE / "page.js").read_text(encoding="utf-8")
    head = el(
        "head", el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", title), style,
    )  # fmt: skip
    main = el("main", el("h1", title), *(_front(run) for run in runs))
    add(main, _failures(runs), *(_summary(place, run) for place, run in enumerate(runs)))
    add(main, *(_self_test(run) for run in runs), _matrix(runs, requirements))
    add(main, *(_scenarios(place, run) for place, run in enumerate(runs)))
    return html(el("html", head, el("body", main, script), lang="en"))


def verdict_of(verdicts: Sequence[Verdict]) -> Verdict:
    """The gravest; SKIPPED where nothing ran."""
    return next((each for each in _ORDER if each in verdicts), Verdict.SKIPPED)


def _front(run: RunRecord) -> Element:
    bench = BenchClass(run.bench)
    facts: list[tuple[str, str]] = [
        ("bench", run.description),
        ("begun", run.begun_utc.replace("T", " ").replace("+00:00", " UTC")),
        ("took", _minutes(run.lasted_s)),
        *run.versions.items(),
    ]
    entries = (el("div", el("dt", name), el("dd", value)) for name, value in facts if value)
    virtual = "virtual" if bench.is_virtual else "real"
    return el(
        "section", el("h2", f"{run.bench} bench ", el("span", virtual, class_="class")),
        el("p", _headline(run), class_=f"headline {_overall(run)}"),
        el("p", _WHAT[bench], class_="what"), el("dl", *entries),
    )  # fmt: skip


def _overall(run: RunRecord) -> Verdict:
    verdicts = [scenario.verdict for scenario in run.scenarios]
    if not all(channel.ok for channel in run.channels):
        verdicts.append(Verdict.ERROR)
    return verdict_of(verdicts)


def _headline(run: RunRecord) -> str:
    verdicts = [scenario.verdict for scenario in run.scenarios]
    counts = {each: verdicts.count(each) for each in Verdict}
    total, ran = len(verdicts), len(verdicts) - counts[Verdict.SKIPPED]
    said: list[str] = []
    if broken := sum(not channel.ok for channel in run.channels):
        said.append(f"{_count(broken, 'channel')} of the bench did not pass the self-test")
    if counts[Verdict.FAILED]:
        said.append(f"{counts[Verdict.FAILED]} of {_count(total, 'scenario')} failed")
    if counts[Verdict.ERROR]:
        said.append(f"in {counts[Verdict.ERROR]} the bench itself failed")
    if not ran:
        said.append("no scenario ran")
    elif counts[Verdict.PASSED] == ran and not broken:
        said.append(f"all {_count(ran, 'scenario')} that ran passed")
    else:
        said.append(f"{counts[Verdict.PASSED]} passed")
    if counts[Verdict.SKIPPED]:
        said.append(f"{counts[Verdict.SKIPPED]} skipped")
    text = ", ".join(said)
    return f"{SYMBOL[_overall(run)]} {text[:1].upper()}{text[1:]}."


def _failures(runs: Sequence[RunRecord]) -> Element | None:
    rows: list[list[Part]] = [
        [badge(scenario.verdict), _link(place, scenario), run.bench, _in_short(scenario.text)]
        for place, run in enumerate(runs)
        for scenario in run.scenarios
        if scenario.verdict in {Verdict.FAILED, Verdict.ERROR}
    ]
    if not rows:
        return None
    heads = ["verdict", "scenario", "bench", "why"]
    return el("section", el("h2", "What did not pass"), table(heads, rows, "failures"))


def _in_short(text: str) -> str:
    line = first_line(text)
    return line if len(line) <= _WHY_LETTERS_MAX else f"{line[:_WHY_LETTERS_MAX]}…"


def _matrix(runs: Sequence[RunRecord], requirements: Mapping[str, Requirement]) -> Element | None:
    covered = {each for run in runs for scenario in run.scenarios for each in scenario.requirements}
    names = [*requirements, *sorted(covered - set(requirements))]
    if not names:
        return None
    heads = ["requirement", "text", *(f"{run.bench} bench" for run in runs)]
    rows: list[list[Part]] = [
        [
            el("b", name),
            _requirement(requirements.get(name)),
            *(_covering(place, run, name) for place, run in enumerate(runs)),
        ]
        for name in names
    ]
    return el("section", el("h2", "Requirements"), table(heads, rows, "matrix"))


def _requirement(requirement: Requirement | None) -> Element | None:
    if requirement is None:
        return None
    deeper = f"; deeper: {requirement.shown_by}" if requirement.shown_by else ""
    from_ = el("span", f" ({requirement.source}{deeper})", class_="none")
    return el("div", requirement.text, from_)


def _covering(place: int, run: RunRecord, requirement: str) -> Element:
    """Verdict over all scenarios that cover it, and each of them."""
    found = [scenario for scenario in run.scenarios if requirement in scenario.requirements]
    if not found:
        return el("span", "– no scenario", class_="none")
    cell = el("div", badge(verdict_of([scenario.verdict for scenario in found])))
    links = el("ul")
    for scenario in found:
        symbol = el("span", SYMBOL[scenario.verdict], class_=f"symbol {scenario.verdict}")
        add(links, el("li", symbol, " ", _link(place, scenario)))
    return add(cell, links)


def _self_test(run: RunRecord) -> Element:
    rows: list[list[Part]] = [
        [badge(Verdict.PASSED if each.ok else Verdict.FAILED), each.channel, each.note]
        for each in run.channels
    ]
    told = table(["verdict", "channel", "note"], rows, "channels")
    return el(
        "section", el("h2", f"Self-test of the {run.bench} bench"),
        told if rows else el("p", "No channel was tried."),
    )  # fmt: skip


def _summary(place: int, run: RunRecord) -> Element:
    rows: list[list[Part]] = [
        [
            badge(scenario.verdict),
            _link(place, scenario),
            ", ".join(scenario.requirements),
            _tightest(scenario),
            seconds(scenario),
        ]
        for scenario in run.scenarios
    ]
    heads = ["verdict", "scenario", "covers", "nearest to its limit", "took"]
    title = el("h2", f"Scenarios on the {run.bench} bench")
    return el("section", title, table(heads, rows, "summary"))


def _scenarios(place: int, run: RunRecord) -> Element:
    return el(
        "section", el("h2", f"Each scenario on the {run.bench} bench"), el("p", class_="buttons"),
        *(section(each, _anchor(place, each)) for each in run.scenarios),
    )  # fmt: skip


def _tightest(scenario: ScenarioRecord) -> str:
    """What is outside of its band, or came nearest to an upper end that it may reach."""
    outside = [each for each in scenario.measured if not each.ok]
    near = [
        (each.value / each.allowed_max, each)
        for each in scenario.measured
        if each.allowed_max and each.allowed_max != each.allowed_min
    ]
    if not (outside or near):
        return ""
    found = outside[0] if outside else max(near, key=lambda pair: pair[0])[1]
    return f"{found.what}: {quantity(found.value, found.unit)} ({band(found)})"


def _link(place: int, scenario: ScenarioRecord) -> Element:
    return el("a", title_of(scenario.name), href=f"#{_anchor(place, scenario)}")


def _anchor(place: int, scenario: ScenarioRecord) -> str:
    """The same in each run of the same bench."""
    letters = (letter if letter.isalnum() and letter.isascii() else "-" for letter in scenario.name)
    number = zlib.crc32(f"{scenario.file} {scenario.name}".encode())
    return f"run{place + 1}-{''.join(letters)[:_ANCHOR_LETTERS_MAX]}-{number:08x}"


def _minutes(lasted_s: float) -> str:
    minutes, rest_s = divmod(round(lasted_s), 60)
    return f"{minutes} min {rest_s} s" if minutes else f"{lasted_s:.1f} s"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
