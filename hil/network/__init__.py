"""The networks between two gateways: a namespace for each, a switch that can be told to misbehave.

``python -m hil.network.switch --config switch.json`` forwards raw frames between the two units of
each path. Orders (hil.rpc): `cut(path, sender, on)`, `impair(path, sender, ...)`,
`inject(path, sender, payload, port)`, `replay(path, sender, since_ns, until_ns, apart_ms)`,
`recorded(since_ns)`, `counters()`, `stop()`. A `sender` of null means both.
"""
