"""How effects are taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Undo = Callable[[], object] | None


def count_up(target: Any, name: str) -> Callable[[], None]:
    """A cause more; ended, one less: the same may befall the same thing twice at a time."""
    setattr(target, name, getattr(target, name) + 1)
    return lambda: setattr(target, name, getattr(target, name) - 1)


def set_for(targets: list[Any], name: str, value: float) -> Callable[[], None]:
    for target in targets:
        setattr(target, name, value)
    return lambda: _reset(targets, name)


def _reset(targets: list[Any], name: str) -> None:
    for target in targets:
        setattr(target, name, 0.0)


def all_of(*undos: Undo) -> Undo:
    return lambda: [undo() for undo in undos if undo is not None]
