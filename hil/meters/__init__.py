"""Meters on the bench: their registers, their faults, and servers that are not ours behind them."""
