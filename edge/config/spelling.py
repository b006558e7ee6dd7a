"""How near two words are: for the suggestion of a known key, and for names that people mix up.

Works on text alone; what is too near is decided by edge.config.checks.names.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

# Letters of other alphabets that print like Latin ones.
_FOREIGN = str.maketrans("АВЕКМНОРСТХУаеорсхуΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEKMHOPCTXYaeopcxyABEZHIKMNOPTYXo")
# Digits and letters that print alike, one of each family; after case folding.
_ALIKE = str.maketrans("01i|58", "olllsb")
_ALIKE_PAIRS = (("rn", "m"), ("vv", "w"))


def distance(first: str, second: str) -> int:
    """Damerau-Levenshtein distance: insertions, deletions, replacements, swaps of neighbours.

    Optimal string alignment: no part is edited twice (Boytsov 2011).
    """
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, start=1):
        older, before, row = before, row, [i]
        for j, other in enumerate(second, start=1):
            cost = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, None if none is near."""
    ranked = sorted((distance(word.casefold(), other.casefold()), other) for other in known)
    if not ranked:
        return None
    apart, other = ranked[0]
    return other if apart <= max(1, len(word) // 3) else None


def look(name: str) -> str:
    """What a tired reader sees: case, width and look-alikes (O/0, l/1/I, rn/m) are gone."""
    text = unicodedata.normalize("NFKC", name).translate(_FOREIGN).casefold().translate(_ALIKE)
    for pair, one in _ALIKE_PAIRS:
        text = text.replace(pair, one)
    return text
