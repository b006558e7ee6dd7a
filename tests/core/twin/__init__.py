"""The pair's decisions, without a wire."""
