"""The breaks as `breaks.toml` has them, and putting one into a copy of the product.

A break whose text is not in the present tree exactly once is an error: it would prove nothing.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

import msgspec

from hil.suite.ability import BenchClass

BREAKS_FILE: Final = Path(__file__).with_name("breaks.toml")
_EVERYWHERE: Final = (BenchClass.PROCESS, BenchClass.MACHINE)


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`file` as seen from the top of the tree."""

    file: str
    old: str
    new: str


class Catch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario, as `FILE::FUNCTION` within hil/scenarios, and what its failure has to say."""

    scenario: str
    says: str


class Break(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing wrong with the product; `what` is a sentence for the report."""

    name: str
    what: str
    edits: list[Edit]
    caught_by: list[Catch]
    benches: tuple[BenchClass, ...] = _EVERYWHERE


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    breaks: list[Break]


def read_breaks(path: Path = BREAKS_FILE) -> list[Break]:
    """Raises ValueError for a file that is none, with the place in it."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), _File).breaks
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path.name}: not a list of breaks: {error}") from None


def choose(breaks: list[Break], names: list[str]) -> list[Break]:
    """Those of `names`, or all without any. Raises ValueError for a name that is none."""
    known = {each.name: each for each in breaks}
    if wrong := [name for name in names if name not in known]:
        raise ValueError(f"no such break: {', '.join(wrong)}; there are {', '.join(known)}")
    return [known[name] for name in names] or breaks


def broken_texts(seeded: Break, tree: Path) -> dict[str, str]:
    """The broken text of each file, by its place in the tree; each compiles.

    Raises ValueError where a break does not fit the tree.
    """
    texts: dict[str, str] = {}
    for edit in seeded.edits:
        path = tree / edit.file
        if not path.is_file():
            raise ValueError(f"{seeded.name}: {edit.file}: no such file; mend the break")
        text = texts.get(edit.file) or path.read_text()
        if (count := text.count(edit.old)) != 1:
            raise ValueError(
                f"{seeded.name}: {edit.file}: text to replace: got {count} times, need once;"
                f" mend the break: {edit.old!r}"
            )
        texts[edit.file] = text.replace(edit.old, edit.new)
    for name, text in texts.items():
        try:
            compile(text, name, "exec", dont_inherit=True)
        except SyntaxError as error:
            raise ValueError(f"{seeded.name}: {name}: does not compile: {error}") from None
    return texts
