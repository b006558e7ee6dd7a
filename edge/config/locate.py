"""On which line of a TOML text each key and list element stands; the TOML parser does not say.

The text has been accepted by the parser before; this scanner refuses nothing and judges no value.
"""

from __future__ import annotations

import re
from bisect import bisect_left

import tomli

Path = tuple[str | int, ...]

_GAP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}\n#]*")
# A multi-line string may end in up to two quotes of its own before the closing three.
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)


def locate(text: str) -> dict[Path, int]:
    """Line (from 1) of every key, table and list element of a valid TOML `text`.

    A list of tables has each element's own line; a table that is only implied has the line that
    first implies it.
    """
    return _Scanner(text.replace("\r\n", "\n")).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._newlines = [found.start() for found in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self._elements: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        self._skip(_GAP)
        while self._position < len(self._text):
            if self._text[self._position] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_GAP)
        return self._lines

    def _header(self) -> Path:
        line = self._line()
        is_element = self._text.startswith("[[", self._position)
        self._position += 2 if is_element else 1
        keys = self._keys()
        self._position += 2 if is_element else 1
        table: Path = ()
        for key in keys[:-1]:
            table = self._newest((*table, key), line)
        table = (*table, keys[-1])
        if not is_element:
            self._lines[table] = line
            return table
        self._lines.setdefault(table, line)
        index = self._elements.get(table, 0)
        self._elements[table] = index + 1
        self._lines[(*table, index)] = line
        return (*table, index)

    def _newest(self, table: Path, line: int) -> Path:
        """A table on the way to another; of a list of tables the newest element."""
        self._lines.setdefault(table, line)
        count = self._elements.get(table, 0)
        return (*table, count - 1) if count else table

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table
        for key in self._keys():
            path = (*path, key)
            self._lines.setdefault(path, line)
        self._position += 1  # the equals sign
        self._skip(_BLANK)
        self._value(path)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_BLANK)
            quoted = self._take(_STRING)
            keys.append(tomli.loads(f"key = {quoted}")["key"] if quoted else self._take(_BARE_KEY))
            self._skip(_BLANK)
            if self._text[self._position] != ".":
                return keys
            self._position += 1

    def _value(self, path: Path) -> None:
        if self._text[self._position] == "[":
            self._list(path)
        elif self._text[self._position] == "{":
            self._inline_table(path)
        elif not self._take(_STRING):
            self._skip(_BARE_VALUE)

    def _list(self, path: Path) -> None:
        index = 0
        while not self._ends("]"):
            element = (*path, index)
            self._lines[element] = self._line()
            self._value(element)
            index += 1

    def _inline_table(self, path: Path) -> None:
        while not self._ends("}"):
            self._pair(path)

    def _ends(self, bracket: str) -> bool:
        """Step over the opening bracket or a comma; True when the closing one was passed too."""
        self._skip(_GAP)
        if self._text[self._position] != bracket:
            self._position += 1
            self._skip(_GAP)
        if self._text[self._position] != bracket:
            return False
        self._position += 1
        return True

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._position)
        if found is None:
            return ""
        self._position = found.end()
        return found.group()

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._take(pattern)

    def _line(self) -> int:
        return bisect_left(self._newlines, self._position) + 1
