"""A factory held under its target, live, on the bench: `python -m hil.demo`, or `make demo`."""
