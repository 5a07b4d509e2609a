"""The author of this home and its device: the only place where this node signs records."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence

from cinepeer.app.parts import Announcer, Pair, RecordStore
from cinepeer.errors import CheckFailed
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.records.keys import public_key
from cinepeer.records.record import Record, sign_record


class Author:
    """Signs this device's records one after another: each is stored before anybody hears of it."""

    def __init__(
        self, store: RecordStore, author: Cid, seed: bytes, clock_ms: Callable[[], int], entropy: Callable[[int], bytes]
    ) -> None:
        self.id = author
        self.device = public_key(seed)
        self.announcer: Announcer | None = None
        self._store = store
        self._seed = seed
        self._clock_ms = clock_ms
        self._entropy = entropy
        self._turn = asyncio.Lock()

    async def sign(self, kind: str, fields: Mapping[str, Value]) -> Record:
        """Signs, stores and announces one record of this device; returns it once it is on disk."""
        return (await self.sign_all(kind, [fields]))[0]

    async def sign_all(self, kind: str, bodies: Sequence[Mapping[str, Value]]) -> list[Record]:
        """Like `sign`, for several bodies of one kind in one transaction."""
        async with self._turn:
            pairs: list[Pair] = []
            head, seq, time = await self._head()
            for fields in bodies:
                body = new_body(kind, self._entropy(16), **fields)
                time = max(self._clock_ms(), time)  # times never go back along a feed
                record = sign_record(self._seed, author=self.id, seq=seq, prev=head, time=time, kind=kind, body=body)
                pairs.append((record, body))
                head, seq = record.id, seq + 1
            await keep(self._store, pairs, self._clock_ms())
        if self.announcer is not None:
            await self.announcer.announce(pairs)
        return [record for record, _ in pairs]

    async def _head(self) -> tuple[Cid | None, int, int]:
        """(id of the newest record, next seq, its time) of this device's feed."""
        heads = self._store.feeds.heads(self.device)
        if not heads:
            return None, 0, 0
        if len(heads) > 1:
            raise CheckFailed(
                "found two heads on this device's own feed, expected one: go on with a new device of the same author"
            )
        held = await self._store.get(next(iter(heads)))
        if held is None:
            raise CheckFailed("found this device's newest record missing from the store, expected it on disk")
        record, _ = held
        return record.id, record.seq + 1, record.time


async def keep(store: RecordStore, pairs: Sequence[Pair], now_ms: int) -> None:
    """Stores records that this node made itself; raises `CheckFailed` when the store does not take one."""
    outcome = await store.add(pairs, now_ms)
    if outcome.refused or outcome.waiting:
        reasons = [str(error) for _, error in outcome.refused] + [why for _, _, why in outcome.waiting]
        raise CheckFailed(
            f"found a record of our own that the store refuses ({'; '.join(reasons)}), expected it to hold"
        )


async def open_author(
    store: RecordStore,
    root_seed: bytes,
    next_root_seed: bytes,
    device_seed: bytes,
    clock_ms: Callable[[], int],
    entropy: Callable[[int], bytes],
) -> Author:
    """The author of `root_seed`: found in the store, or begun with an inception and the delegation of this device."""
    root, device = public_key(root_seed), public_key(device_seed)
    for held in await store.by_kind("inception"):
        if held.record.device == root:
            author = held.record.author
            break
    else:
        author = await _begin(store, root_seed, next_root_seed, device, clock_ms, entropy)
    return Author(store, author, device_seed, clock_ms, entropy)


async def _begin(
    store: RecordStore,
    root_seed: bytes,
    next_root_seed: bytes,
    device: bytes,
    clock_ms: Callable[[], int],
    entropy: Callable[[int], bytes],
) -> Cid:
    pairs = new_author(root_seed, next_root_seed, device, clock_ms(), entropy)
    await keep(store, pairs, clock_ms())
    return pairs[0][0].author


def new_author(
    root_seed: bytes, next_root_seed: bytes, device: bytes, now_ms: int, entropy: Callable[[int], bytes]
) -> list[Pair]:
    """The two records that begin an author: the inception by the root key and the delegation of one device."""
    committed = hashlib.sha256(public_key(next_root_seed)).digest()
    body = new_body("inception", entropy(16), root=public_key(root_seed), next=committed)
    inception = sign_record(root_seed, author=None, seq=0, prev=None, time=now_ms, kind="inception", body=body)
    admission = new_body("delegate", entropy(16), device=device, name="node")
    delegate = sign_record(
        root_seed, author=inception.id, seq=1, prev=inception.id, time=now_ms, kind="delegate", body=admission
    )
    return [(inception, body), (delegate, admission)]
