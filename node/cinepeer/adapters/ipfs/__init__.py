"""IPFS: the sharded block store, the embedded backend, a Kubo over its RPC."""
