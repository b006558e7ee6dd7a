"""JSON Schema of the site file for editors, from the same types that validate it.

`python -m edge.config.schema > docs/site.schema.json` writes it; nothing else here does I/O.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

import msgspec

from edge.config.sections.metering import RtuBus
from edge.config.site import Site


def site_schema() -> str:
    """The schema as JSON text, indented, with a newline at its end."""
    schema = msgspec.json.schema(Site)
    definitions = schema["$defs"]
    definitions[RtuBus.__name__]["required"].remove("kind")  # a line without a kind is serial
    # An editor's schema tells apart by what fits; a discriminator would insist on the key.
    definitions["Site"]["properties"]["bus"]["additionalProperties"].pop("discriminator", None)
    titled = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Denban site file",
        **schema,
    }
    _clean(titled)
    return msgspec.json.format(msgspec.json.encode(titled), indent=2).decode() + "\n"


def _clean(node: Any) -> None:
    """Descriptions are docstrings: without the indentation that some releases of msgspec leave."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for each in inner:
        _clean(each)
    if isinstance(node, dict) and isinstance(text := node.get("description"), str):
        node["description"] = inspect.cleandoc(text)


if __name__ == "__main__":
    sys.stdout.write(site_schema())
