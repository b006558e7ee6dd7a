"""Keys, types and ranges of a decoded TOML table against the section types, all faults at once.

msgspec decides each value; it stops at its first fault, so it is asked value by value here.
"""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Iterable
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from edge.config.findings import Findings
from edge.config.locate import Path
from edge.config.spelling import nearest
from edge.config.wording import needed

_SHOWN_CHARACTERS_MAX = 60


def check_shape(data: Any, hint: Any, path: Path, findings: Findings) -> None:
    """Find everything in `data` that does not fit the type `hint`.

    Without findings, ``msgspec.convert(data, hint)`` succeeds.
    """
    plain = bare(hint)
    if is_section(plain):
        _check_table(data, plain, path, findings)
    elif get_origin(plain) is dict:
        _check_names(data, get_args(plain), path, findings)
    elif get_origin(plain) is tuple and Ellipsis in get_args(plain):
        _check_list(data, hint, get_args(plain)[0], path, findings)
    else:
        members = sections_of(plain)
        if len(members) == 1:
            _check_table(data, members[0], path, findings)
        elif members:
            _check_tagged(data, members, path, findings)
        else:
            _check_value(data, hint, path, findings)


def bare(hint: Any) -> Any:
    """A type without its limits and description."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return hint


def is_section(hint: Any) -> bool:
    """Whether values of this type are tables with known keys."""
    return isinstance(hint, type) and issubclass(hint, Struct)


def sections_of(hint: Any) -> tuple[type[Struct], ...]:
    """The section types in a union, none for other types."""
    if get_origin(hint) not in {Union, UnionType}:
        return ()
    return tuple(bare(member) for member in get_args(hint) if is_section(bare(member)))


@cache
def keys_of(section: type[Struct]) -> dict[str, FieldInfo]:
    """Keys of a section with their types and defaults."""
    return {field.name: field for field in fields(section)}


def toml_text(value: Any) -> str:
    """A value as TOML writes it, shortened."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        text = f"[{', '.join(toml_text(inner) for inner in value)}]"
    elif isinstance(value, enum.StrEnum | str):
        text = json.dumps(str(value), ensure_ascii=False)
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = str(value)
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else f"{text[:_SHOWN_CHARACTERS_MAX]}…"


def _check_table(data: Any, section: type[Struct], path: Path, findings: Findings) -> None:
    if not isinstance(data, dict):
        findings.refuse(path, "wrong type", got=toml_text(data), need="a table")
        return
    keys = keys_of(section)
    tag = section.__struct_config__.tag_field
    for key, value in data.items():
        if key in keys:
            check_shape(value, keys[key].type, (*path, key), findings)
        elif key != tag:
            _refuse_key(key, keys, path, findings)
    for key, field in keys.items():
        if field.required and key not in data:
            findings.refuse((*path, key), "missing key", got="none", need=needed(field.type))


def _refuse_key(key: str, keys: Iterable[str], path: Path, findings: Findings) -> None:
    known = nearest(key, keys)
    need = f"{known} (the nearest known key)" if known else f"one of {', '.join(keys)}"
    findings.refuse((*path, key), "unknown key", got=key, need=need)


def _check_names(data: Any, types: tuple[Any, Any], path: Path, findings: Findings) -> None:
    if not isinstance(data, dict):
        findings.refuse(path, "wrong type", got=toml_text(data), need="a table of named tables")
        return
    name_type, value_type = types
    for name, value in data.items():
        _check_value(name, name_type, (*path, name), findings)
        check_shape(value, value_type, (*path, name), findings)


def _check_list(data: Any, hint: Any, item: Any, path: Path, findings: Findings) -> None:
    if not isinstance(data, list):
        findings.refuse(path, "wrong type", got=toml_text(data), need=needed(hint))
        return
    for index, value in enumerate(data):
        check_shape(value, item, (*path, index), findings)


def _check_tagged(
    data: Any, sections: tuple[type[Struct], ...], path: Path, findings: Findings
) -> None:
    if not isinstance(data, dict):
        findings.refuse(path, "wrong type", got=toml_text(data), need="a table")
        return
    tag_field = sections[0].__struct_config__.tag_field
    assert tag_field is not None
    by_tag = {str(section.__struct_config__.tag): section for section in sections}
    tag = data.get(tag_field)
    if isinstance(tag, str) and tag in by_tag:
        _check_table(data, by_tag[tag], path, findings)
        return
    need = f"one of {', '.join(toml_text(known) for known in by_tag)}"
    findings.refuse((*path, tag_field), "not a known kind", got=toml_text(tag), need=need)


def _check_value(value: Any, hint: Any, path: Path, findings: Findings) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        findings.refuse(path, "not a number", got=toml_text(value), need=needed(hint))
        return
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError:
        findings.refuse(path, "value not allowed", got=toml_text(value), need=needed(hint))
