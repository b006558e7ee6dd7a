"""What the documents name is there: files, headings, commands with their options, make targets."""

from __future__ import annotations

import re
import shlex
import unicodedata
from pathlib import Path

import click
import pytest

from edge.cli.main import main

ROOT = Path(__file__).parents[2]
# The history of changes tells of what was; all other documents of what is.
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md", *ROOT.glob("*-config/**/*.md")])
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```(?:sh|console|bash)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
_WORD = re.compile(r"[a-z][a-z-]*")
# What a shell makes of the rest of a line is no argument.
_SHELL = re.compile(r"\s*(?:#|\||&&|;|>|<).*")


def _ids() -> list[str]:
    return [page.relative_to(ROOT).as_posix() for page in PAGES]


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them: lower case, no punctuation, hyphens for blanks."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", page.read_text())):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        kept = [c for c in text.strip().lower() if c in " -_" or _is_word(c)]
        anchor = "".join(kept).replace(" ", "-")
        number = 1
        plain = anchor
        while anchor in found:
            anchor = f"{plain}-{number}"
            number += 1
        found.add(anchor)
    return found


def _is_word(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LNM"


def _pieces(page: Path) -> list[str]:
    """Code: each line of a block, and each piece between backticks."""
    text = page.read_text()
    lines = [line.strip() for block in _FENCED.findall(text) for line in block.splitlines()]
    indented = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    return [*lines, *indented, *_CODE.findall(_FENCE.sub("", text))]


def _calls(page: Path, program: str) -> list[list[str]]:
    """Words after `program` in each call of it, with or without sudo before."""
    found = []
    for piece in _pieces(page):
        head = re.match(rf"^(?:[$#] )?(?:sudo )?{program} (.+)$", piece)
        if head:
            found.append(_words(head[1]))
    return found


def _words(text: str) -> list[str]:
    plain = _SHELL.sub("", text).replace("…", "")
    try:
        return shlex.split(plain)
    except ValueError:
        return plain.split()


def _wrong_links(page: Path) -> list[str]:
    wrong = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        is_page = target.suffix == ".md" and target.is_file()
        if not target.exists() or (anchor and is_page and anchor not in _anchors(target)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=_ids())
def test_relative_links_lead_to_files_and_headings(page: Path) -> None:
    assert _wrong_links(page) == []


def _wrong_call(words: list[str]) -> str | None:
    """What of a call of denban does not exist, None where all does."""
    command: click.Command = main
    context = click.Context(main, info_name="denban")
    for word in words:
        if isinstance(command, click.Group) and not word.startswith("-"):
            if not _WORD.fullmatch(word):
                return None  # a placeholder, or prose
            inner = command.get_command(context, word)
            if inner is None:
                return f"no command {word}"
            command = inner
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    known |= {"--help", "-h", "--version"}
    for word in words:
        if word.startswith("--") and word.partition("=")[0] not in known:
            return f"no option {word}"
    return None


@pytest.mark.parametrize("page", PAGES, ids=_ids())
def test_commands_that_are_named_exist_with_their_options(page: Path) -> None:
    wrong = [(words, why) for words in _calls(page, "denban") if (why := _wrong_call(words))]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=_ids())
def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    named = {words[0] for words in _calls(page, "make") if words and _WORD.fullmatch(words[0])}
    assert named - targets == set()


def test_conditions_of_the_twin_in_the_troubleshooting_are_those_of_the_code() -> None:
    """A name that the product no longer says would be looked for in vain."""
    code = "\n".join(path.read_text() for path in (ROOT / "edge").rglob("*.py"))
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    named = set(re.findall(r"`((?:twin|health) [a-z ]+[a-z])`", page))
    unknown = {name for name in named if f'"{name.removeprefix("health ")}"' not in code}
    assert len(named) > 15
    assert unknown == set()


def test_checks_of_the_documents_find_what_is_wrong(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A title\n[good](#a-title) [bad](#b) [gone](gone.md)\n"
        "`denban statsu`, `denban status --jsn`, `denban status --json`\n"
        "```\nsudo denban plan improt FILE | tail\nmake tset\n```\n"
    )
    assert _wrong_links(page) == ["#b", "gone.md"]
    assert [_wrong_call(words) for words in _calls(page, "denban")] == [
        "no command improt",
        "no command statsu",
        "no option --jsn",
        None,
    ]
    assert _calls(page, "make") == [["tset"]]
