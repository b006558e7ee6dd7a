"""Decisions: the same state and the same inputs give the same outputs, bit for bit.

Nothing here reads a clock, a file or a random number; a machine checks it.
"""
