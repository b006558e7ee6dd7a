"""Denban: an edge controller that holds a factory's power demand under contract and plan."""

__version__ = "0.1.0"
