"""libp2p in one trio thread behind a bridge."""
