"""Signed facts: canonical bytes, content ids, keys, headers and bodies, feeds, Merkle trees."""
