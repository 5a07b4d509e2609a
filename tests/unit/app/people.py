"""Real authors and a real store for the application's tests, with a clock and chance of their own."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from cinepeer.adapters.store.records import RecordStore
from cinepeer.app.identity import Author, open_author
from cinepeer.app.library import Library

T = TypeVar("T")
START_MS = 1_790_000_000_000


class World:
    """One store with its library; time passes by a second a call."""

    def __init__(self, store: RecordStore) -> None:
        self.store = store
        self.library = Library(store)
        self._ticks = itertools.count(START_MS, 1000)
        self._nonces = itertools.count()

    def clock_ms(self) -> int:
        return next(self._ticks)

    def pass_ms(self, passed_ms: int) -> None:
        """Lets time pass."""
        self._ticks = itertools.count(next(self._ticks) + passed_ms, 1000)

    def entropy(self, size: int) -> bytes:
        return hashlib.sha256(f"nonce {next(self._nonces)}".encode()).digest()[:size]

    async def author(self, name: str) -> Author:
        seeds = [hashlib.sha256(f"{name} {key}".encode()).digest() for key in ("root", "next", "device")]
        return await open_author(self.store, *seeds, self.clock_ms, self.entropy)


def in_world(path: Path, story: Callable[[World], Awaitable[T]]) -> T:
    """Runs `story` on a fresh store."""

    async def run() -> T:
        store = await RecordStore.open(path / "records.db")
        try:
            return await story(World(store))
        finally:
            await store.close()

    return asyncio.run(run())
