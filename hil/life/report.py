"""What a life came to: the growth of each process, as JSON and as a Markdown table. Pure but for
the two files that it writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from hil.life.reading import Reading, process_names
from hil.life.run import Life
from hil.life.slope import Slope, slope

_KB: Final = 1000
_DAY_S: Final = 86_400


class Growth(msgspec.Struct, frozen=True):
    """One process of one unit after the warm-up, in its longest life. `later`: of the second half
    alone, which tells a leak from a beginning that has not yet ended.
    """

    unit: str
    process: str
    lives: int
    rss_kb: Slope
    private_kb: Slope
    later_private_kb: Slope
    descriptors: tuple[int, int]
    threads: tuple[int, int]
    written_mb_per_day: float
    write_calls_per_s: float
    cpu_ratio: float


def growths(readings: Sequence[Reading], warm_up_s: float) -> list[Growth]:
    """A process that has lived too short after the warm-up is left out."""
    found = (
        _growth([each for each in readings if (each.unit, each.process) == name], warm_up_s)
        for name in process_names(readings)
    )
    return [each for each in found if each is not None]


def _growth(readings: Sequence[Reading], warm_up_s: float) -> Growth | None:
    lives = [
        [each for each in readings if each.pid == pid]
        for pid in dict.fromkeys(each.pid for each in readings)
    ]
    longest = max(lives, key=len)
    begun_s, lasted_s = longest[0].elapsed_s, longest[-1].elapsed_s - longest[0].elapsed_s
    # Of a life not much longer than the warm-up the second half at least is seen.
    seen = [each for each in longest if each.elapsed_s >= begun_s + min(warm_up_s, lasted_s / 2)]
    rss, private = _slope(seen, "rss_kb"), _slope(seen, "private_kb")
    later = _slope(seen[len(seen) // 2 :], "private_kb")
    if rss is None or private is None or later is None:
        return None
    first, last = seen[0], seen[-1]
    span_s = last.elapsed_s - first.elapsed_s
    return Growth(
        first.unit,
        first.process,
        len(lives),
        rss,
        private,
        later,
        _range(each.descriptors for each in seen),
        _range(each.threads for each in seen),
        (last.write_bytes - first.write_bytes) / span_s * _DAY_S / 1e6,
        (last.write_calls - first.write_calls) / span_s,
        (last.cpu_ms - first.cpu_ms) / span_s / 1000,
    )


def _slope(readings: Sequence[Reading], name: str) -> Slope | None:
    return slope([each.elapsed_s for each in readings], [getattr(each, name) for each in readings])


def _range(values: Iterable[int]) -> tuple[int, int]:
    found = list(values)
    return min(found), max(found)


def markdown(life: Life, warm_up_s: float) -> str:
    """Tables for docs/long-life.md."""
    head = ["unit", "process", "lives", "RSS first, last (kB)", "RSS KB/h", "private KB/h"]
    head += ["second half KB/h", "files open", "threads", "written MB/day", "CPU"]
    rows = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    rows += [_row(each) for each in growths(life.readings, warm_up_s)]
    lines = [
        (
            f"{life.minutes:g} min, first {warm_up_s / 60:g} min of each life left out:"
            f" {life.handovers} handovers by order, {life.takeovers} changes of who drives the"
            f" line, {life.collisions} times both drove it, {life.load_moves} moves of loads,"
            f" {life.resets} resets by a watchdog, {len(life.stalls_s)} stalls of the bench's own"
            f" machine, {len(life.incidents)} incidents."
        ),
        "",
        *rows,
        "",
        "| unit | journal first, last (kB) | all state first, last (kB) | log first, last (kB) |",
        "|---|---|---|---|",
        *_store_rows(life, warm_up_s),
        *(f"\nIncident: {each}" for each in life.incidents),
    ]
    return "\n".join(lines) + "\n"


def _row(each: Growth) -> str:
    cells = [
        each.unit,
        each.process,
        str(each.lives),
        f"{each.rss_kb.first:.0f}, {each.rss_kb.last:.0f}",
        _sure(each.rss_kb),
        _sure(each.private_kb),
        _sure(each.later_private_kb),
        _span(each.descriptors),
        _span(each.threads),
        f"{each.written_mb_per_day:.0f}",
        f"{each.cpu_ratio:.2%}",
    ]
    return f"| {' | '.join(cells)} |"


def _sure(each: Slope) -> str:
    return f"{each.per_h:+.1f} ± {each.error_per_h:.1f}"


def _span(values: tuple[int, int]) -> str:
    return str(values[0]) if values[0] == values[1] else f"{values[0]} to {values[1]}"


def _store_rows(life: Life, warm_up_s: float) -> list[str]:
    rows = []
    for unit in sorted({each.unit for each in life.stores}):
        seen = [e for e in life.stores if e.unit == unit and e.elapsed_s >= warm_up_s]
        if seen:
            first, last = seen[0], seen[-1]
            pairs = [
                (first.journal_bytes, last.journal_bytes),
                (first.store_bytes, last.store_bytes),
                (first.log_bytes, last.log_bytes),
            ]
            texts = [f"{old / _KB:.0f}, {new / _KB:.0f}" for old, new in pairs]
            rows.append(f"| {unit} | {' | '.join(texts)} |")
    return rows


def write(out: Path, life: Life, warm_up_s: float, machine: dict[str, Any]) -> str:
    """report.json and report.md in `out`; the Markdown."""
    text = markdown(life, warm_up_s)
    (out / "report.md").write_text(text)
    found = {
        "machine": machine,
        "warm_up_s": warm_up_s,
        "growth": growths(life.readings, warm_up_s),
        "life": life,
    }
    (out / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    return text
