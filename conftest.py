"""Scenarios of the bench (hil/scenarios) beside the tests of the product (tests)."""

pytest_plugins = ["hil.suite.plugin"]
