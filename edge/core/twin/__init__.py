"""Which of the two gateways has the duty: pure decisions from what was heard, at given times."""

from edge.core.twin.machine import Twin

__all__ = ["Twin"]
