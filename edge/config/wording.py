"""Types in words, for errors and for the reference: `an integer from 1 to 247`."""

from __future__ import annotations

from typing import Any

from msgspec import inspect

_NAME_RULE = "a name of 1 to 32 letters, digits, - and _, not beginning with -"


def needed(hint: Any) -> str:
    """What a value of this type must be."""
    return _words(inspect.type_info(hint))


def _words(info: inspect.Type) -> str:
    match info:
        case inspect.Metadata(type=inner):
            return _words(inner)
        case inspect.IntType():
            return f"an integer{_range(info)}"
        case inspect.FloatType():
            return f"a number{_range(info)}"
        case inspect.StrType():
            return _text(info)
        case inspect.EnumType(cls=members):
            return "one of " + ", ".join(f'"{member.value}"' for member in members)
        case inspect.UnionType(types=types):
            known = [inner for inner in types if not isinstance(inner, inspect.NoneType)]
            return " or ".join(_words(inner) for inner in known)
        case inspect.VarTupleType(item_type=item):
            return f"a list, each {_words(item)}"
        case inspect.TupleType(item_types=items):
            return f"a list of {len(items)}, each {_words(items[0])}"
        case _:
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
