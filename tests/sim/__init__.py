"""A seeded world of two gateways, their wires and their faults, which tries to break the pair.

Virtual integer nanoseconds, one seed, no sleeping. `python -m tests.sim --help`.
"""
