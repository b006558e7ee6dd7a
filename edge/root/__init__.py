"""Small programs that run as root: each does a few things from a list of its own, and nothing that
it was told in words. They use the standard library and `edge.model` alone.
"""
