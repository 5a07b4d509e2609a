"""Verifying and storing records beside libsodium's verification alone; and what a home of very many takes."""

from __future__ import annotations

import asyncio
import hashlib
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import million
from nacl import bindings

from cinepeer.adapters.store import RecordStore
from cinepeer.records.bodies import new_body
from cinepeer.records.keys import public_key
from cinepeer.records.record import Record, pack, sign_record, unpack

Pair = tuple[Record, bytes | None]

BATCH = 1_000
BATCHES = 8
AUTHORS = 100
ROUNDS = 5
BORN_MS = 1_700_000_000_000
AHEAD = 2  # batches under way: one is verified while the other is written


def figures(size: str = "1000000") -> dict[str, dict[str, object]]:
    """Verifying and storing, then a home of `size` records."""
    found: dict[str, dict[str, object]] = {}
    for part in (_rates(), million.figures(int(size))):
        for key, values in part.items():
            found.setdefault(key, {}).update(values)
    return found


def _rates() -> dict[str, dict[str, float]]:
    """Medians of some rounds; a round measures the store and its baseline one right after the other."""
    people, batches = _records()
    messages = [_signed(record) for batch in batches for record, _ in batch]
    raw, stored, arrived, pages = [], [], [], []
    for _ in range(ROUNDS):
        raw.append(len(messages) / _verify_raw(messages))
        seconds, size_bytes = asyncio.run(_store(people, batches))
        stored.append(len(messages) / seconds)
        pages.append(size_bytes / len(messages))
        arrived.append(len(messages) / asyncio.run(_arrive(people, batches)))
    return {
        "figures": {
            "verify_store_records_per_s": statistics.median(stored),
            "parse_verify_store_records_per_s": statistics.median(arrived),
            "stored_bytes_per_record": statistics.median(pages),
        },
        "baselines": {"raw_verify_per_s": statistics.median(raw)},
        "ratios": {
            "verify_store": statistics.median(mine / theirs for mine, theirs in zip(stored, raw, strict=True)),
            "parse_verify_store": statistics.median(mine / theirs for mine, theirs in zip(arrived, raw, strict=True)),
        },
    }


def _records() -> tuple[list[Pair], list[list[Pair]]]:
    """The key records of some authors, and batches of single-rating records as their devices go on in turn."""
    people: list[Pair] = []
    heads: list[tuple[bytes, Record, Record | None]] = []
    for number in range(AUTHORS):
        root, device = (hashlib.sha256(f"{sort} {number}".encode()).digest() for sort in ("root", "device"))
        inception = _sign(
            root, None, None, "inception", number, root=public_key(root), next=hashlib.sha256(device).digest()
        )
        delegate = _sign(root, inception[0], inception[0], "delegate", number, device=public_key(device), name="bench")
        people += [inception, delegate]
        heads.append((device, inception[0], None))
    batches = []
    for batch in range(BATCHES):
        pairs = []
        for number in range(BATCH):
            seed, author, prev = heads[number % AUTHORS]
            film = f"movielens:{1 + (batch * BATCH + number) * 7 % 60_000}"
            pairs.append(_sign(seed, author, prev, "rating", number, ratings=[[film, 1 + number % 10]]))
            heads[number % AUTHORS] = (seed, author, pairs[-1][0])
        batches.append(pairs)
    return people, batches


def _sign(seed: bytes, author: Record | None, prev: Record | None, kind: str, salt: int, **fields: Any) -> Pair:
    """One signed record after `prev`."""
    seq = 0 if prev is None else prev.seq + 1
    body = new_body(kind, hashlib.sha256(f"{seq} {salt}".encode()).digest()[:16], **fields)
    record = sign_record(
        seed,
        author=None if author is None else author.id,
        seq=seq,
        prev=None if prev is None else prev.id,
        time=BORN_MS + seq,
        kind=kind,
        body=body,
    )
    return record, body


def _signed(record: Record) -> tuple[bytes, bytes]:
    """A key, and signature and message as libsodium takes them; the header stands for the signed bytes."""
    seed = hashlib.sha256(record.device).digest()
    message = b"cinepeer/record/1\0" + record.block[: len(record.block) - 64 - 20]
    public, secret = bindings.crypto_sign_seed_keypair(seed)
    return public, bindings.crypto_sign(message, secret)


def _verify_raw(messages: Sequence[tuple[bytes, bytes]]) -> float:
    """Seconds that libsodium takes for all signatures, in one thread."""
    start = time.perf_counter()
    for public, signed in messages:
        bindings.crypto_sign_open(signed, public)
    return time.perf_counter() - start


async def _store(people: Sequence[Pair], batches: Sequence[Sequence[Pair]]) -> tuple[float, int]:
    """Seconds to verify and store all batches, durable, and the bytes on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "records.db")
        async with await RecordStore.open(file) as store:
            await store.add(people, BORN_MS)
            start = time.perf_counter()
            await _add_all(store, batches)
            seconds = time.perf_counter() - start
        return seconds, file.stat().st_size


async def _arrive(people: Sequence[Pair], batches: Sequence[Sequence[Pair]]) -> float:
    """Seconds from bytes, as a neighbour sends them, to durable records."""
    packed = [[pack(record, body) for record, body in batch] for batch in batches]
    with tempfile.TemporaryDirectory() as folder:
        async with await RecordStore.open(Path(folder, "records.db")) as store:
            await store.add(people, BORN_MS)
            start = time.perf_counter()
            await _add_all(store, ([unpack(data) for data in batch] for batch in packed))
            return time.perf_counter() - start


async def _add_all(store: RecordStore, batches: Iterable[Sequence[Pair]]) -> None:
    """Adds batches with two under way, as reconciliation does."""
    under_way: list[asyncio.Task[None]] = []
    for batch in batches:
        under_way.append(asyncio.create_task(_add(store, batch)))
        await asyncio.sleep(0)
        if len(under_way) == AHEAD:
            await under_way.pop(0)
    await asyncio.gather(*under_way)


async def _add(store: RecordStore, batch: Sequence[Pair]) -> None:
    """Adds one batch; fails when the store does not take all of it."""
    outcome = await store.add(batch, BORN_MS)
    if len(outcome.added) != len(batch):
        raise SystemExit(f"found {len(outcome.added)} records stored, expected {len(batch)}")


if __name__ == "__main__":
    print(figures())
