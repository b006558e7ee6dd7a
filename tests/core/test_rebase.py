"""A state from another boot: every instant moves by the same amount and nothing else does."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Struct

from edge.core.rebase import rebase_delta_ns, shift_instants
from edge.model.checkpoint import Checkpoint
from edge.model.scan import ClockTrust

_S = 1_000_000_000


class _Leaf(Struct, frozen=True, array_like=True):
    seen_mono_ns: int
    energy_uwh: int


class _Tree(Struct):
    at_mono_ns: int | None
    duration_ns: int
    edges_mono_ns: list[int]
    pair_mono_ns: tuple[int, int]
    by_load_mono_ns: dict[str, int]
    leaves: dict[str, _Leaf]
    rows: list[_Leaf]
    label_utc_ns: int
    name: str
    known_mono_ns: bool = True


def test_shift_moves_instants_everywhere_and_nothing_else() -> None:
    tree = _Tree(100, 7, [1, 2], (3, 4), {"a": 5}, {"x": _Leaf(6, 60)}, [_Leaf(8, 80)], 9, "name")
    assert shift_instants(tree, 1000) == _Tree(
        1100,
        7,
        [1001, 1002],
        (1003, 1004),
        {"a": 1005},
        {"x": _Leaf(1006, 60)},
        [_Leaf(1008, 80)],
        9,
        "name",
    )


def test_shift_leaves_an_unset_instant_and_a_zero_shift_alone() -> None:
    tree = _Tree(None, 7, [], (0, 0), {}, {}, [], 9, "name")
    assert shift_instants(tree, 1000).at_mono_ns is None
    assert shift_instants(tree, 0) is tree


def _checkpoint(trust: ClockTrust) -> Checkpoint:
    raw = msgspec.Raw(msgspec.msgpack.encode(None))
    return Checkpoint("boot-1", 500 * _S, 10_000 * _S, trust, "", 1, raw)


@pytest.mark.parametrize(
    ("boot_id", "before", "after", "now_utc_s", "delta_s"),
    [
        ("boot-1", ClockTrust.NTP, ClockTrust.NTP, 99_999, 0),
        ("boot-2", ClockTrust.NTP, ClockTrust.RTC, 10_060, 20 - 500 - 60),
        ("boot-2", ClockTrust.NTP, ClockTrust.UNTRUSTED, 10_060, 20 - 500),
        ("boot-2", ClockTrust.UNTRUSTED, ClockTrust.NTP, 10_060, 20 - 500),
        ("boot-2", ClockTrust.NTP, ClockTrust.NTP, 9_000, 20 - 500),
    ],
    ids=["same boot", "time off known", "no clock now", "no clock then", "clock went back"],
)
def test_rebase_counts_time_off_only_where_it_is_believed(
    boot_id: str, before: ClockTrust, after: ClockTrust, now_utc_s: int, delta_s: int
) -> None:
    delta_ns = rebase_delta_ns(_checkpoint(before), boot_id, 20 * _S, now_utc_s * _S, after)
    assert delta_ns == delta_s * _S
