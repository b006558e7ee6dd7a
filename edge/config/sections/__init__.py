"""The sections of the site file as types, one room of the plant a file.

The types, their limits and descriptions are the only source of the validation, the JSON Schema and
the reference in docs/configuration.md. Their meaning together is for edge.config.checks.
"""
