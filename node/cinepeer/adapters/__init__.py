"""The outside world, one folder each; adapters do not know each other."""
