"""One RS-485 line of the bench: the copper, the adapters on it and what they hear."""
