"""Rankings with their evidence: arrays in, arrays out."""
