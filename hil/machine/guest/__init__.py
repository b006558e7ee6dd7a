"""What the bench puts into its guests besides the product: the agent, and a system kept small."""
