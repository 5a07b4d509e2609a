"""The light client: it believes nothing that a node serves."""
