"""SQLite: the append-only store of records."""

from cinepeer.adapters.store.outcome import Held, Outcome
from cinepeer.adapters.store.records import RecordStore

__all__ = ["Held", "Outcome", "RecordStore"]
