"""One suite of scenarios for three benches: what a bench can do, what a run leaves, its report."""
