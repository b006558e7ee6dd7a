"""Seeded breaks of the product, each of which a scenario has to catch.

A suite that passes proves something only if it fails where the product is broken.
"""
