"""The dry run: the same decisions over a recorded load, far faster than it happened."""
