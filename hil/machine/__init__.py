"""The machine bench: two gateways as emulated machines, the rest of the bench as it is."""
