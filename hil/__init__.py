"""The bench: everything around the gateway that a factory has, played by processes of our own.

It shares no code with ``edge``: a codec used on both sides can not show its own bug.
"""
