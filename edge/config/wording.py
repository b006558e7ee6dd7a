"""Types in words, for errors and for the reference: `an integer from 1 to 247`."""

from __future__ import annotations

from typing import Any

from msgspec import inspect

_NAME_RULE = "a name of 1 to 32 letters, digits, - and _, not beginning with -"


def needed(hint: Any) -> str:
    """What a value of this type must be."""
    return _words(inspect.type_info(hint))


def _words(info: inspect.Type) -> str:
    if isinstance(info, inspect.Metadata):
        return _words(info.type)
    if isinstance(info, inspect.UnionType):
        known = [inner for inner in info.types if not isinstance(inner, inspect.NoneType)]
        return " or ".join(_words(inner) for inner in known)
    if isinstance(info, inspect.VarTupleType):
        return f"a list, each {_words(info.item_type)}"
    if isinstance(info, inspect.TupleType):
        return f"a list of {len(info.item_types)}, each {_words(info.item_types[0])}"
    return _single(info)


def _single(info: inspect.Type) -> str:
    if isinstance(info, inspect.IntType):
        return f"an integer{_range(info)}"
    if isinstance(info, inspect.FloatType):
        return f"a number{_range(info)}"
    if isinstance(info, inspect.StrType):
        return _text(info)
    if isinstance(info, inspect.EnumType):
        return "one of " + ", ".join(f'"{member.value}"' for member in info.cls)
    return _PLAIN[type(info)]


_PLAIN: dict[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.DateType: "a date",
    inspect.StructType: "a table",
    inspect.DictType: "a table of named tables",
}


def _range(info: inspect.IntType | inspect.FloatType) -> str:
    if info.ge is not None and info.le is not None:
        return f" from {info.ge:g} to {info.le:g}"
    if info.ge is not None and info.lt is not None:
        return f" from {info.ge:g} to below {info.lt:g}"
    if info.gt is not None and (info.le is not None or info.lt is not None):
        upper = f"up to {info.le:g}" if info.le is not None else f"below {info.lt:g}"
        return f" above {info.gt:g} and {upper}"
    if info.gt is not None:
        return f" above {info.gt:g}"
    return f" from {info.ge:g}" if info.ge is not None else ""


def _text(info: inspect.StrType) -> str:
    if info.pattern is not None:
        return _NAME_RULE
    return "a text that is not empty" if info.min_length else "a text"
