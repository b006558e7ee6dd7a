"""The table of roles as documents show it: a diagram in Mermaid's words, and a table.

``python -c "from edge.core.twin.diagram import diagram_markdown; print(diagram_markdown())"``
prints the part of docs/twin.md that is between its markers.
"""

from __future__ import annotations

from edge.core.twin.table import TABLE
from edge.model.event import Severity


def diagram_markdown() -> str:
    """Both, in Markdown."""
    return f"```mermaid\n{diagram_mermaid()}\n```\n\n{table_markdown()}"


def diagram_mermaid() -> str:
    """One arrow for each pair of roles, with all of its causes."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for change in TABLE:
        pair = (change.source.name, change.target.name)
        arrows.setdefault(pair, []).append(change.cause.value)
    lines = [f"    {a} --> {b}: {', '.join(causes)}" for (a, b), causes in arrows.items()]
    return "\n".join(["stateDiagram-v2", "    [*] --> BOOT", *lines])


def table_markdown() -> str:
    head = "| from | to | cause | in words | journal |\n|---|---|---|---|---|"
    rows = [
        f"| {change.source.name} | {change.target.name} | `{change.cause.value}` | {change.words} "
        f"| {'warning' if change.severity is Severity.WARNING else 'info'} |"
        for change in TABLE
    ]
    return "\n".join([head, *rows])
