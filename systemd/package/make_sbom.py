"""What a release is made of, as CycloneDX 1.5: each distribution in the environment whose
interpreter runs this, with version and licence. It tells what is there, not what was asked for.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from importlib.metadata import Distribution, distributions
from typing import Any, Final

_PRODUCT: Final = "denban"
_NAMESPACE: Final = uuid.UUID("6f4d2c5e-6a0b-5d53-9f0e-0d1b6a3c9b11")
_CLASSIFIER: Final = "License :: "


def bill(found: list[Distribution], seconds: int) -> dict[str, Any]:
    """Raises ValueError where the product itself is not among them."""
    named: dict[str, dict[str, Any]] = {}
    for part in map(_component, found):
        named.setdefault(part["name"], part)  # of two the first one is imported
    parts = [named[name] for name in sorted(named)]
    products = [part for part in parts if part["name"] == _PRODUCT]
    if len(products) != 1:
        raise ValueError(f"environment: no release: got {len(products)} of {_PRODUCT}, need 1")
    product = {**products[0], "type": "application"}
    libraries = [part for part in parts if part["name"] != _PRODUCT]
    listed = " ".join(str(part["purl"]) for part in parts)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": uuid.uuid5(_NAMESPACE, listed).urn,
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)),
            "component": product,
        },
        "components": libraries,
        "dependencies": [
            {"ref": product["bom-ref"], "dependsOn": [part["bom-ref"] for part in libraries]},
            *({"ref": part["bom-ref"], "dependsOn": []} for part in libraries),
        ],
    }


def _component(part: Distribution) -> dict[str, Any]:
    name = part.metadata["Name"].lower().replace("_", "-").replace(".", "-")
    purl = f"pkg:pypi/{name}@{part.version}"
    licences = _licences(part)
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": part.version,
        "purl": purl,
        **({"licenses": licences} if licences else {}),
    }


def _licences(part: Distribution) -> list[dict[str, Any]]:
    """An SPDX expression where there is one, else what the author wrote."""
    expression = part.metadata.get("License-Expression")
    if expression:
        return [{"expression": expression}]
    classified = [
        line.rsplit(" :: ", 1)[-1]
        for line in part.metadata.get_all("Classifier") or []
        if line.startswith(_CLASSIFIER) and line.count(" :: ") > 1
    ]
    # Some put the whole text there.
    named = (part.metadata.get("License") or "").strip().splitlines()[:1]
    return [{"license": {"name": name}} for name in classified or named if name != "UNKNOWN"]


if __name__ == "__main__":
    whole = bill(list(distributions()), int(sys.argv[1]))
    sys.stdout.write(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
