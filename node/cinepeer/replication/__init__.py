"""How record sets meet: frames, differences, batches, budgets. No clock, no sockets."""
