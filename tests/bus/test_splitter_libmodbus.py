"""The ear on a line between a master and a slave of libmodbus, a C library that is not ours."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.bus.exchanges import CUTS, Exchange, shown, split, truth
from tests.bus.libmodbus import load, record_exchanges


@pytest.fixture(scope="module")
def recorded() -> list[Exchange]:
    try:
        library = load()
    except OSError:
        pytest.skip("libmodbus.so.5 is not installed")
    frames = record_exchanges(library)
    return list(zip(frames[0::2], frames[1::2], strict=True))


def test_splitter_with_every_function_of_libmodbus_finds_query_and_answer(
    recorded: list[Exchange],
) -> None:
    functions = [query[1] for query, _ in recorded]
    assert functions == [16, 3, 4, 15, 1, 2, 5, 6, 22, 23, 3, 6, 4]
    assert [reply[1] for _, reply in recorded if reply[1] & 0x80] == [0x83, 0x86]
    assert shown(split(b"".join(q + r for q, r in recorded))) == truth(recorded)


@given(sizes=CUTS)
def test_splitter_with_frames_of_libmodbus_in_any_cutting_finds_them_all(
    recorded: list[Exchange], sizes: list[int]
) -> None:
    assert shown(split(b"".join(q + r for q, r in recorded), sizes)) == truth(recorded)
