"""From bytes to a typed record and every fault of its keys and values, located.

Text that is no TOML has no record; then its first fault is all there is to say.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import tomli
from msgspec import Struct

from edge.config.findings import Findings
from edge.config.locate import locate
from edge.config.shape import decode_value
from edge.config.spelling import nearest
from edge.model.problem import Problem, ProblemsError

_BYTES_MAX = 1_000_000
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_MANUAL = "see docs/configuration.md"

Record = TypeVar("Record", bound=Struct)


def decode_document(
    data: bytes, file: str, record: type[Record], tag_defaults: dict[str, dict[str, str]]
) -> tuple[Record, Findings]:
    """The record that a TOML file means, and where to add what is wrong with its meaning.

    What is wrong with keys and values is in the findings already, and stood in for in the record.
    `tag_defaults` gives keys that tables of a named kind have when they are not written. Raises
    ProblemsError for bytes that are no TOML.
    """
    text = _text(data, file)
    table = _table(text, file)
    for kind, defaults in tag_defaults.items():
        tables = table.get(kind)
        for inner in tables.values() if isinstance(tables, dict) else ():
            # Where such a key is misspelt, its default would make all the others look wrong.
            if isinstance(inner, dict) and not any(nearest(key, defaults) for key in inner):
                inner.update(defaults)
    findings = Findings(file, locate(text))
    decoded: Record = decode_value(table, record, (), findings)
    return decoded, findings


def _refusal(where: str, what: str, got: str, need: str, next_step: str = _MANUAL) -> ProblemsError:
    return ProblemsError((Problem(where, what, got, need, "not started", next_step),))


def _text(data: bytes, file: str) -> str:
    if len(data) > _BYTES_MAX:
        raise _refusal(file, "too large", f"{len(data)} bytes", f"<= {_BYTES_MAX} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        column = fault.start - (data.rfind(b"\n", 0, fault.start) + 1) + 1
        got = f"byte 0x{data[fault.start]:02x} in column {column}"
        raise _refusal(
            f"{file}:{line}", "not UTF-8", got, "UTF-8", "save the file as UTF-8"
        ) from None
    if not text.strip():
        raise _refusal(file, "empty", "nothing", "a site file", "see docs/site.example.toml")
    return text


def _table(text: str, file: str) -> dict[str, Any]:
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as fault:
        message = str(fault)
        place = _PLACE.search(message)
        what = message[: place.start()] if place else message
        end = text.rstrip().count("\n") + 1
        line, column = (place[1], place[2]) if place else (None, None)
        where = f"{file}:{line or end}"
        got = f"{what} (column {column})" if column else f"{what} (at the end)"
        raise _refusal(where, "not TOML", got, "TOML 1.0", "mend the line") from None
    except RecursionError:
        raise _refusal(file, "not TOML", "too deep a nesting", "TOML 1.0") from None
