"""Builds what guests boot: Debian's packages, its kernel, our package by our own steps.

Nothing here runs a guest, and nothing is fetched by one.
"""
