"""The line locator against the TOML parser itself, on generated and on hand-written files."""

from __future__ import annotations

from typing import Any

import tomli
from hypothesis import given
from hypothesis import strategies as st

from edge.config.locate import Path, locate

_KEYS = st.sampled_from(["a", "b-1", "c_2", "漏電", "with space", "dot.ted", 'quo"te', "#x", ""])
_GAPS = st.sampled_from(["", " ", "\n", "\n  # a comment ] } , \" ''' \n", "\r\n"])
_TEXTS = st.sampled_from(
    [
        '"plain # no comment"',
        "'lit [eral]'",
        '"esc \\" ] \\\\"',
        '"""two\nlines \\""" "" ]\n"""""',
        "'''\nraw ''\n\\'''",
        '""',
        "''",
        '""""""',
        "1979-05-27 07:32:00",
        "13:00:00",
        "-1.5e3",
    ]
)


class _Writer:
    """Writes a value as TOML in a style that Hypothesis draws, and counts on which line each is."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[Path, int] = {}

    def mark(self, path: Path, *, explicit: bool = True) -> None:
        line = self.text.count("\n") + 1
        if explicit:
            self.lines[path] = line
        else:
            self.lines.setdefault(path, line)

    def key(self, key: str) -> str:
        bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
        if bare and self.draw(st.booleans()):
            return key
        if self.draw(st.booleans()):
            return f"'{key}'"
        return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def value(self, value: Any, path: Path) -> None:
        if isinstance(value, dict):
            self.text += "{"
            for count, (key, inner) in enumerate(value.items()):
                self.text += ", " if count else " "
                self.mark((*path, key))
                self.text += f"{self.key(key)} = "
                self.value(inner, (*path, key))
            self.text += " }"
        elif isinstance(value, list):
            self.text += "["
            for index, inner in enumerate(value):
                self.text += self.draw(_GAPS)
                self.mark((*path, index))
                self.value(inner, (*path, index))
                self.text += self.draw(_GAPS) + ","
            self.text += self.draw(_GAPS) + "]"
        else:
            self.text += value

    def table(self, table: dict[str, Any], path: Path, header: str) -> None:
        plain = {key: inner for key, inner in table.items() if not _is_headed(inner)}
        for key, inner in plain.items():
            self.text += self.draw(st.sampled_from(["", "\n", "# note\n", "  "]))
            dots = isinstance(inner, dict) and inner and self.draw(st.booleans())
            if dots:
                for name, leaf in inner.items():
                    self.mark((*path, key), explicit=False)
                    self.mark((*path, key, name))
                    self.text += f"{self.key(key)} . {self.key(name)}="
                    self.value(leaf, (*path, key, name))
                    self.text += "\n"
                continue
            self.mark((*path, key))
            self.text += f"{self.key(key)}\t= "
            self.value(inner, (*path, key))
            self.text += self.draw(st.sampled_from(["\n", " # end ]\n", "\r\n"]))
        for key, inner in table.items():
            if key in plain:
                continue
            name = f"{header}{'.' if header else ''}{self.key(key)}"
            for index, one in enumerate(inner["elements"] or [inner["table"]]):
                self.mark((*path, key), explicit=not inner["elements"])
                if inner["elements"]:
                    self.mark((*path, key, index))
                    self.text += f"[[ {name} ]]\n"
                    self.table(one, (*path, key, index), name)
                else:
                    self.text += f"[{name}] # head\n"
                    self.table(one, (*path, key), name)


def _is_headed(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"elements", "table"}


_INLINE = st.recursive(
    _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)
_TABLES = st.recursive(
    st.dictionaries(_KEYS, _INLINE, max_size=3),
    lambda inner: st.dictionaries(
        _KEYS,
        _INLINE
        | st.builds(
            lambda elements, table: {"elements": elements, "table": table},
            st.lists(inner, max_size=2),
            inner,
        ),
        max_size=3,
    ),
    max_leaves=6,
)


def _paths(value: Any, path: Path = ()) -> set[Path]:
    found = {path} if path else set()
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= _paths(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            found |= _paths(inner, (*path, index))
    return found


@given(st.data())
def test_locate_any_style_of_writing_gives_every_path_its_line(data: st.DataObject) -> None:
    writer = _Writer(data.draw)
    writer.table(data.draw(_TABLES), (), "")
    parsed = tomli.loads(writer.text)

    located = locate(writer.text)

    assert located == writer.lines
    assert set(located) == _paths(parsed)


def test_locate_tables_in_lists_of_tables_belong_to_the_newest_element() -> None:
    text = "[[a]]\n[[a.b]]\nx = 1\n[a.c]\n[[a]]\n[[a.b]]\n[[a.b]]\ny.z = [\n  1,\n  { k = 2 },\n]\n"
    assert locate(text) == {
        ("a",): 1,
        ("a", 0): 1,
        ("a", 0, "b"): 2,
        ("a", 0, "b", 0): 2,
        ("a", 0, "b", 0, "x"): 3,
        ("a", 0, "c"): 4,
        ("a", 1): 5,
        ("a", 1, "b"): 6,
        ("a", 1, "b", 0): 6,
        ("a", 1, "b", 1): 7,
        ("a", 1, "b", 1, "y"): 8,
        ("a", 1, "b", 1, "y", "z"): 8,
        ("a", 1, "b", 1, "y", "z", 0): 9,
        ("a", 1, "b", 1, "y", "z", 1): 10,
        ("a", 1, "b", 1, "y", "z", 1, "k"): 10,
    }


def test_locate_a_table_named_after_its_children_has_its_own_line() -> None:
    assert locate("[a.b]\nx = 1\n[a]\ny = 2\n") == {
        ("a",): 3,
        ("a", "b"): 1,
        ("a", "b", "x"): 2,
        ("a", "y"): 4,
    }


def test_locate_empty_text_gives_nothing() -> None:
    assert locate("# only a comment\n") == {}
