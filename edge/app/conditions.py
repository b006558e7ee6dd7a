"""Conditions of the gateway itself, handed to the decisions at each change and never twice."""

from __future__ import annotations

from edge.model.scan import HealthSample


class Conditions:
    """`say` what is so now, as often as wanted; `changes` gives what differs from the last scan."""

    def __init__(self) -> None:
        self._now: dict[str, HealthSample] = {}
        self._given: dict[str, HealthSample] = {}

    def say(self, name: str, text: str, *, severe: bool) -> None:
        """The condition `name` stands with `text`, or has gone (empty text)."""
        self._now[name] = HealthSample(name, severe, text)

    def changes(self) -> tuple[HealthSample, ...]:
        """Changes since the last call, in the order in which they were first said.

        A text that differs (a counter in it, say) is no change: what stands, stands.
        """
        changed = []
        for name, sample in self._now.items():
            before = self._given.get(name)
            if bool(sample.text) != bool(before is not None and before.text):
                self._given[name] = sample
                changed.append(sample)
        return tuple(changed)
