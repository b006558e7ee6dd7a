"""The link between the gateways: bytes, sessions, keys, paths, farewell."""
