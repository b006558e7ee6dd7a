"""The rig's drivers against emulated ends: Picos, relay board, ssh, uhubctl, tc."""
