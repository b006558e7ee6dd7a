"""Names that people take for each other at three in the morning.

Of every kind: names that look alike (case, width, O/0, l/1/I, rn/m) and names one slip of the pen
apart are refused; a numbered or lettered series (chiller-1, chiller-2) is how plants name loads and
passes. For units, whose confusion stops the wrong machine, a series is refused too, and so is a
scheme in which only a short code or the order of the parts differs (EG-SV-DU1, DU-SV-DU1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations

from edge.config.findings import Findings
from edge.config.site import Site
from edge.config.spelling import distance, look

# Two unit names differ by at least so many letters.
_UNIT_DISTANCE_MIN = 3
# Within a scheme of three or more parts, one that is no longer than this is a code, not a word.
_CODE_LETTERS_MAX = 3
# Shorter words are too easily one letter apart for that to mean anything (fan, can).
_SLIP_LETTERS_MIN = 5
_PARTS = re.compile(r"[-_]+")
_DIGITS = re.compile(r"\d+")


def check_names(site: Site, findings: Findings) -> None:
    """Refuse confusable names within a kind, and any that looks like a unit's."""
    kinds: tuple[tuple[str, Iterable[str]], ...] = (
        ("bus", site.bus),
        ("meter", site.meter),
        ("pulse", site.pulse),
        ("load", site.load),
    )
    for kind, names in kinds:
        for first, second in combinations(names, 2):
            _judge(kind, second, f"{kind}.{first}", confusion(first, second), findings)
        for unit in site.unit:
            for name in names:
                reason = "looks like it" if look(unit) == look(name) else None
                _judge(kind, name, f"unit.{unit}", reason, findings)
    for first, second in combinations(site.unit, 2):
        _judge("unit", second, f"unit.{first}", unit_confusion(first, second), findings)


def _judge(kind: str, name: str, other: str, reason: str | None, findings: Findings) -> None:
    if reason is not None:
        findings.refuse(
            (kind, name),
            "name is easily taken for another",
            got=f"{name} ({reason})",
            need=f"a name quite unlike {other}",
        )


def confusion(first: str, second: str) -> str | None:
    """Why two loads (meters, pulses, lines) are easily mixed up, None if they are not."""
    if look(first) == look(second):
        return "looks like it"
    # Numbers tell a series apart, so only the words around them can be a slip.
    if len(_DIGITS.split(first)) > 1 or len(_DIGITS.split(second)) > 1:
        if _DIGITS.findall(first) != _DIGITS.findall(second):
            return None
        first, second = _DIGITS.sub("", first), _DIGITS.sub("", second)
    own, others = _different_parts(first, second)
    if len(own) == len(others) == 1 and len(own[0]) == len(others[0]) == 1:
        return None  # a lettered series
    is_long = min(len(first), len(second)) >= _SLIP_LETTERS_MIN
    return "one slip of the pen away" if is_long and _apart(first, second) <= 1 else None


def unit_confusion(first: str, second: str) -> str | None:
    """Why two units are easily mixed up, None if they are not."""
    if look(first) == look(second):
        return "looks like it"
    if _apart(_DIGITS.sub("", first), _DIGITS.sub("", second)) == 0:
        return "differs in digits only"
    apart = min(_apart(first, second), distance(look(first), look(second)))
    if apart < _UNIT_DISTANCE_MIN:
        return f"differs in {apart} letters, need {_UNIT_DISTANCE_MIN}"
    return _scheme_confusion(first.casefold(), second.casefold())


def _scheme_confusion(first: str, second: str) -> str | None:
    own, others = _different_parts(first, second)
    if not own or not others:
        return "one is the other with something added"
    if sorted(own) == sorted(others):
        return "has the same parts in another order"
    is_scheme = len(_PARTS.split(first)) > 2 and len(own) == len(others) == 1
    if is_scheme and min(len(own[0]), len(others[0])) <= _CODE_LETTERS_MAX:
        return "differs in one short code only"
    return None


def _different_parts(first: str, second: str) -> tuple[list[str], list[str]]:
    """Parts of the two names that are not the same at the same end."""
    own, others = _PARTS.split(first), _PARTS.split(second)
    while own and others and own[0] == others[0]:
        own, others = own[1:], others[1:]
    while own and others and own[-1] == others[-1]:
        own, others = own[:-1], others[:-1]
    return own, others


def _apart(first: str, second: str) -> int:
    return distance(first.casefold(), second.casefold())
