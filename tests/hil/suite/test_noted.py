"""Whatever is done to a bench stands in the diary, and reaches the bench."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock

import pytest

from hil.suite import protocol
from hil.suite.diary import Diary
from hil.suite.noted import NotedBench
from hil.works import UNITS

_LOOKS = {"status", "fresh_events", "log_text", "import_uwh", "made_count"}
_SAMPLES: dict[str, Any] = {
    "on": True, "command": "true", "difference_s": 5.0, "kind": "override", "base_kw": 100.0,
    "count": 3, "rate_hz": 10.0, "probability": 0.1, "name": "incomer", "sent": b"1",
    "within_s": 1.0, "path": "net0", "sender": "EG-KITA",
}  # fmt: skip
_PARTS = {
    protocol.Gateway: "gateway",
    protocol.UsbPort: "gateway.usb",
    protocol.BusEnd: "gateway.bus",
    protocol.Plant: "plant",
    protocol.Pulses: "pulses",
    protocol.MeterLine: "line",
    protocol.Links: "links",
}


def _verbs() -> list[tuple[str, str, Callable[..., object]]]:
    return [
        (part, name, verb)
        for kind, part in _PARTS.items()
        for name, verb in vars(kind).items()
        if inspect.isfunction(verb) and not name.startswith("_") and name not in _LOOKS
    ]


def _words(verb: Callable[..., object]) -> dict[str, Any]:
    kinds = inspect.signature(verb).parameters.values()
    named = {
        each.name for each in kinds if each.kind not in {each.VAR_POSITIONAL, each.VAR_KEYWORD}
    }
    return {name: _SAMPLES[name] for name in named - {"self"}}


@pytest.fixture
def real() -> MagicMock:
    """Takes whatever is ordered."""
    bench = MagicMock()
    bench.gateways = {unit: MagicMock(unit=unit) for unit in UNITS}
    return bench


def _part(bench: Any, path: str) -> Any:
    found = bench
    for name in path.split("."):
        found = bench.gateways[UNITS[0]] if name == "gateway" else getattr(found, name)
    return found


@pytest.mark.parametrize(("part", "name", "verb"), _verbs())
def test_every_verb_is_noted_and_reaches_the_bench(
    real: MagicMock, part: str, name: str, verb: Callable[..., object]
) -> None:
    clock = itertools.count(1)
    diary = Diary(lambda: next(clock))
    bench = NotedBench(real, diary)
    for begun_by in {
        "plug": "pull",
        "power_on": "power_off",
        "start_service": "stop_service",
    }.items():
        if begun_by[0] == name:
            getattr(_part(bench, part), begun_by[1])()
    more = {"loss_ratio": 0.1} if name == "impair" else {}
    getattr(_part(bench, part), name)(**_words(verb), **more)
    assert diary.marks or diary.spans()
    assert getattr(_part(real, part), name).called


def test_mending_gives_the_bench_the_end_of_each_fault(real: MagicMock) -> None:
    diary = Diary(lambda: 1)
    bench = NotedBench(real, diary)
    gateway = bench.gateways[UNITS[0]]
    gateway.usb.die()
    gateway.bus.cut(on=True)
    gateway.step_clock(3600)
    gateway.fill_disk(on=True)
    bench.links.cut("net0", UNITS[0])
    bench.links.impair(loss_ratio=0.5)
    bench.line.noise(0.1)
    bench.line.silence_meter("incomer", on=True)
    bench.pulses.break_wire(on=True)
    unit = real.gateways[UNITS[0]]
    real.reset_mock()
    unit.reset_mock()
    diary.mend()
    assert unit.mock_calls == [
        ("fill_disk", (), {"on": False}),
        ("step_clock", (0.0,), {}),
        ("bus.cut", (), {"on": False}),
        ("usb.cycle", (), {}),
    ]
    assert real.mock_calls == [
        ("pulses.break_wire", (), {"on": False}),
        ("line.silence_meter", ("incomer",), {"on": False}),
        ("line.noise", (0.0,), {}),
        ("links.impair", (None, None), {}),
        ("links.cut", ("net0", UNITS[0]), {"on": False}),
    ]


def test_all_paths_mended_at_once_end_every_cut(real: MagicMock) -> None:
    diary = Diary(lambda: 1)
    links = NotedBench(real, diary).links
    links.cut("net0")
    links.cut("net1", UNITS[0])
    links.cut(on=False)
    assert [span.end_ns for span in diary.spans()] == [1, 1]
