"""The scenarios: what is done to a pair of gateways, and what it must do, on any bench.

Each reads like a test procedure and knows nothing of the bench that it runs on.
"""
