"""The operating system's words for why something failed, as they go into a Problem's `got`."""

from __future__ import annotations


def reason(error: Exception) -> str:
    """The text of `error`, without number and path."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
