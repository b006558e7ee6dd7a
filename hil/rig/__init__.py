"""The rig: the suite's driver for a table with two real gateways. See docs/rig.md."""
