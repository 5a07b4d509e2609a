"""What the store's tests have in common: a story told on a store, and what its outcomes come to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from cinepeer.adapters.store import RecordStore
from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record

Story = Callable[[RecordStore], Awaitable[None]]


def tell(path: Path, story: Story, *, cap_bytes: int | None = None) -> None:
    """Runs `story` on the store at `path`."""

    async def whole() -> None:
        async with await RecordStore.open(path, cap_bytes=cap_bytes) as store:
            await story(store)

    asyncio.run(whole())


def ids(pairs: Iterable[tuple[Record, bytes | None]]) -> list[Cid]:
    """The record ids of `pairs`."""
    return [record.id for record, _ in pairs]


def reasons(refused: Iterable[tuple[Cid, Refused]]) -> dict[Cid, str]:
    """Each refused id with the reason."""
    return {record_id: error.reason for record_id, error in refused}


async def fingerprint(store: RecordStore) -> bytes:
    """What reconciliation says of all records."""
    held = await store.sealed()
    return held.fingerprint(0, len(held))


def forged(record: Record) -> Record:
    """`record` with a signature that does not hold."""
    return record._replace(signature=bytes((record.signature[0] ^ 1,)) + record.signature[1:])
