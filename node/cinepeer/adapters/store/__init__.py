"""SQLite: the append-only store of records."""
