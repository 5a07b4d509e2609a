"""The ledger: embedded EVM, JSON-RPC client, contract artifacts."""
