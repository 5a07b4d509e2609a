"""Films as bytes: UnixFS, directories, CAR, bitswap messages, playlists."""
