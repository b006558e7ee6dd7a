"""The link between the two gateways: beats, keys, paths, and the farewell of a dead process."""
