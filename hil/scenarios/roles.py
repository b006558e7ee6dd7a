"""What the gateways say of their roles in a scenario."""

from __future__ import annotations

from hil.suite.scene import Scene


def promotions_count(scene: Scene) -> int:
    """How often a gateway has taken the duty; one that nobody took over from counts too."""
    return sum(
        (event.subject, event.facts.get("to")) == ("role", "active")
        for gateway in scene.bench.gateways.values()
        for event in scene.events(gateway, "twin")
    )
