"""The reference of all keys for docs/configuration.md, from the same types that validate them.

`python -m edge.config.reference` prints it; nothing else here does I/O.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo

from edge.config.sections.metering import ProfileFile
from edge.config.shape import bare, is_section, keys_of, sections_of, toml_text
from edge.config.site import Site
from edge.config.wording import needed


def reference() -> str:
    """Markdown: a table of keys for each section, in the order of the site file."""
    return "\n".join(_section(section) for section in all_sections())


def all_sections() -> tuple[type[Struct], ...]:
    """Every section type of the site file, then the profile's."""
    found: list[type[Struct]] = [*_within(Site), ProfileFile, *_within(ProfileFile)]
    return tuple(dict.fromkeys(found))


def description(hint: Any) -> str:
    """What a key means, by its type's annotations; the outermost counts."""
    metas = [meta for meta in getattr(hint, "__metadata__", ()) if isinstance(meta, Meta)]
    return next((meta.description for meta in reversed(metas) if meta.description), "")


def _within(section: type[Struct]) -> Iterator[type[Struct]]:
    for field in keys_of(section).values():
        for inner in _sections_in(field.type):
            yield inner
            yield from _within(inner)


def _sections_in(hint: Any) -> tuple[type[Struct], ...]:
    plain = bare(hint)
    if is_section(plain):
        return (plain,)
    if get_origin(plain) is dict:
        return _sections_in(get_args(plain)[1])
    if get_origin(plain) is tuple:
        return _sections_in(get_args(plain)[0])
    return sections_of(plain)


def _section(section: type[Struct]) -> str:
    title, _, text = inspect.cleandoc(section.__doc__ or "").partition(": ")
    lines = [f"### {title}", ""]
    lines += [f"{text[0].upper()}{text[1:]}", ""]
    lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
    for key, field in keys_of(section).items():
        if not _sections_in(field.type):
            cells = (f"`{key}`", needed(field.type), _default(field), description(field.type))
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default is None or field.default == ():
        return "none"
    return f"`{toml_text(msgspec.to_builtins(field.default))}`"


if __name__ == "__main__":
    sys.stdout.write(reference())
