"""Which held records count, and with what weight."""
