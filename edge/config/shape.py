"""A parsed TOML table as the section types, with all faults of keys, types and ranges at once.

msgspec decides each value; it stops at its first fault, so it is asked value by value here. What
does not fit is told, left at its default or stood in for, and marked doubtful, so that the rest can
be checked all the same. Judges no two values together.
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
from msgspec import UNSET, Struct
from msgspec.structs import FieldInfo, fields

from edge.config.findings import Findings
from edge.config.locate import Path
from edge.config.spelling import nearest
from edge.config.wording import needed

_SHOWN_CHARACTERS_MAX = 60
# Of these, each type of a required key or a list's element takes one (tests/config try them all).
_STAND_INS: tuple[Any, ...] = (1, 3, "stand-in", "2000-01-01", [], {})


def decode_value(data: Any, hint: Any, path: Path, findings: Findings) -> Any:
    """What `data` means as a value of the type `hint`; UNSET, and a finding, if it means none.

    Faults within it are found too. Without findings, it equals ``msgspec.convert(data, hint)``.
    """
    plain = bare(hint)
    if get_origin(plain) is dict:
        return _decode_names(data, get_args(plain), path, findings)
    if get_origin(plain) is tuple and Ellipsis in get_args(plain):
        return _decode_list(data, hint, get_args(plain)[0], path, findings)
    sections = _sections(plain)
    if not sections:
        return _decode_leaf(data, hint, path, findings)
    if not isinstance(data, dict):
        return _reject(path, "wrong type", data, "a table", findings)
    if len(sections) > 1:
        return _decode_tagged(data, sections, path, findings)
    return _decode_table(data, sections[0], path, findings)


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


def _sections(plain: Any) -> tuple[type[Struct], ...]:
    return (plain,) if is_section(plain) else sections_of(plain)


def _reject(path: Path, what: str, data: Any, need: str, findings: Findings) -> Any:
    findings.refuse(path, what, got=toml_text(data), need=need)
    return UNSET


def _decode_table(
    data: dict[str, Any], section: type[Struct], path: Path, findings: Findings
) -> Struct:
    keys = keys_of(section)
    values: dict[str, Any] = {}
    for key, field in keys.items():
        if key in data or field.required:
            value = _decode_key(data, field, (*path, key), findings)
            if value is not UNSET:
                values[key] = value
    tag = section.__struct_config__.tag_field
    for key, inner in data.items():
        if key not in keys and key != tag:
            known = _refuse_key(key, keys, path, findings)
            if known and (known not in data or isinstance(inner, dict)):
                _doubt_meant(inner, (*path, known), findings)
                _keep_names(inner, keys[known], (*path, known), values, findings)
    return section(**values)


def _decode_key(data: dict[str, Any], field: FieldInfo, path: Path, findings: Findings) -> Any:
    """The value of one key; for a faulty one UNSET, so that its default stands, or a stand-in."""
    if field.name in data:
        value = decode_value(data[field.name], field.type, path, findings)
        if value is not UNSET:
            return value
    else:
        findings.refuse(path, "missing key", got="none", need=needed(field.type))
    findings.doubt(path)
    return stand_in(field.type) if field.required else UNSET


def _refuse_key(key: str, keys: Iterable[str], path: Path, findings: Findings) -> str | None:
    """Refuse an unknown key; the known one that was probably meant."""
    known = nearest(key, keys)
    need = f"{known} (the nearest known key)" if known else f"one of {', '.join(keys)}"
    findings.refuse((*path, key), "unknown key", got=key, need=need)
    return known


def _doubt_meant(data: Any, path: Path, findings: Findings) -> None:
    """Doubt what a misspelt key would have set: a table only what it has, and not the others'."""
    if not isinstance(data, dict):
        findings.doubt(path)
        return
    for key, value in data.items():
        _doubt_meant(value, (*path, key), findings)


def _keep_names(
    data: Any, field: FieldInfo, path: Path, values: dict[str, Any], findings: Findings
) -> None:
    """Names in a misspelt [meter.NAME] are names of meters all the same: others refer to them."""
    hint = bare(field.type)
    if get_origin(hint) is dict and isinstance(data, dict):
        named = values.setdefault(field.name, {})
        for name in [name for name in data if name not in named]:
            named[name] = _unknown_section(get_args(hint)[1], (*path, name), findings)


def _decode_names(data: Any, types: tuple[Any, Any], path: Path, findings: Findings) -> Any:
    if not isinstance(data, dict):
        return _reject(path, "wrong type", data, "a table of named tables", findings)
    name_type, value_type = types
    named: dict[str, Any] = {}
    for name, inner in data.items():
        place = (*path, name)
        _decode_leaf(name, name_type, place, findings)
        value = decode_value(inner, value_type, place, findings)
        if value is UNSET:
            value = _unknown_section(value_type, place, findings)
        named[name] = value
    return named


def _unknown_section(hint: Any, path: Path, findings: Findings) -> Any:
    """A stand-in for a named table: its name is known, all its keys are doubtful."""
    sections = _sections(bare(hint))
    for section in sections:
        for key in keys_of(section):
            findings.doubt((*path, key))
    return stand_in(sections[0])


def _decode_list(data: Any, hint: Any, item: Any, path: Path, findings: Findings) -> Any:
    if not isinstance(data, list):
        return _reject(path, "wrong type", data, needed(hint), findings)
    values = []
    for index, inner in enumerate(data):
        value = decode_value(inner, item, (*path, index), findings)
        if value is UNSET:
            findings.doubt((*path, index))
            value = stand_in(item)
        values.append(value)
    return tuple(values)


def _decode_tagged(
    data: dict[str, Any], sections: tuple[type[Struct], ...], path: Path, findings: Findings
) -> Any:
    tag_field = sections[0].__struct_config__.tag_field
    assert tag_field is not None
    by_tag = {str(section.__struct_config__.tag): section for section in sections}
    tag = data.get(tag_field)
    if isinstance(tag, str) and tag in by_tag:
        return _decode_table(data, by_tag[tag], path, findings)
    misspelt = next((key for key in data if nearest(key, [tag_field])), tag_field)
    if misspelt != tag_field and tag_field not in data:
        _refuse_key(misspelt, [tag_field], path, findings)
        return UNSET
    need = f"one of {', '.join(toml_text(known) for known in by_tag)}"
    return _reject((*path, tag_field), "not a known kind", tag, need, findings)


def _decode_leaf(data: Any, hint: Any, path: Path, findings: Findings) -> Any:
    if not _is_finite(data):
        return _reject(path, "not a number", data, needed(hint), findings)
    value = _converted(data, hint)
    if value is UNSET:
        return _reject(path, "value not allowed", data, needed(hint), findings)
    return value


def _is_finite(data: Any) -> bool:
    if isinstance(data, list):
        return all(_is_finite(inner) for inner in data)
    return not isinstance(data, float) or math.isfinite(data)


def stand_in(hint: Any) -> Any:
    """Some value of this type, for one that was not given; only its type means anything."""
    plain = bare(hint)
    if sections := _sections(plain):
        keys = keys_of(sections[0])
        return sections[0](
            **{key: stand_in(field.type) for key, field in keys.items() if field.required}
        )
    if isinstance(plain, enum.EnumType):
        return next(iter(plain))
    return next(value for data in _STAND_INS if (value := _converted(data, hint)) is not UNSET)


def _converted(data: Any, hint: Any) -> Any:
    try:
        return msgspec.convert(data, hint)
    except msgspec.ValidationError:
        return UNSET
