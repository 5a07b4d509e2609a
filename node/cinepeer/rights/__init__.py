"""Deeds, licences, royalties, proofs and audit: the ledger's state as a fold of its events."""
