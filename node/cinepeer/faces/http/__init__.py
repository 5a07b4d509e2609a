"""The HTTP interfaces: API, gateway, Kubo RPC, ledger RPC."""
