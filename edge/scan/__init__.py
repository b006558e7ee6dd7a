"""The scan: read, decide, write, feed, at fixed instants. It owns the pace and computes the
health.
"""
