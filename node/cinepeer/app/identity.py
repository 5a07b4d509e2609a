"""The author of this home and its device: the only place where this node signs records."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence

from cinepeer.app.parts import Announcer, Pair, RecordStore
from cinepeer.errors import BadInput, CheckFailed
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.records.keys import public_key, sign
from cinepeer.records.record import Record, sign_record
from cinepeer.rights.auditor import report_message
from cinepeer.rights.showing import Screener, sign_screener

# The kind and fields of the next record, made from the records of the series before it.
Entry = Callable[[Sequence[Record]], tuple[str, Mapping[str, Value]]]


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
        return await self.sign_series([lambda _, fields=fields: (kind, fields) for fields in bodies])  # type: ignore[misc]

    async def sign_series(self, series: Sequence[Entry]) -> list[Record]:
        """Signs records that may name the ones before them; all are on disk when it returns, or none is."""
        async with self._turn:
            pairs: list[Pair] = []
            head, seq, time = await next_place(self._store, self.device)
            self._check_admitted(seq)
            for entry in series:
                kind, fields = entry([record for record, _ in pairs])
                body = new_body(kind, self._entropy(16), **fields)
                time = max(self._clock_ms(), time)  # times never go back along a feed
                record = sign_record(self._seed, author=self.id, seq=seq, prev=head, time=time, kind=kind, body=body)
                pairs.append((record, body))
                head, seq = record.id, seq + 1
            await keep(self._store, pairs, self._clock_ms())
        if self.announcer is not None:
            await self.announcer.announce(pairs)
        return [record for record, _ in pairs]

    def sign_report(self, sha256: bytes) -> bytes:
        """This device's signature (64 bytes) over the hash of an audit's report; no record can be made of it."""
        return sign(self._seed, report_message(sha256))

    def sign_screener(self, film: Cid, until: int) -> Screener:
        """A screener link of a film until a time (seconds), by this device."""
        return sign_screener(self._seed, film, until)

    @property
    def is_admitted(self) -> bool:
        """Whether the author's root admits this device, as far as is known here."""
        known = self._store.feeds.devices(self.id).get(self.device)
        return known is not None and known.name is not None

    def _check_admitted(self, seq: int) -> None:
        """Raises `BadInput` when a record at `seq` of this device would not count."""
        if not self.is_admitted:
            raise BadInput(
                "found this device not admitted by its author yet, expected the root's word: "
                "connect to a peer that holds the author's records, or see `cinepeer keys`"
            )
        if self._store.feeds.span(self.id, self.device).before <= seq:
            raise BadInput(
                "found this device revoked by its author, expected one that may sign: "
                "restore the author from its phrase in a fresh home"
            )


async def next_place(store: RecordStore, device: bytes) -> tuple[Cid | None, int, int]:
    """(id of the newest record, next seq, its time) of a device's feed; raises `CheckFailed` for a forked one."""
    heads = store.feeds.heads(device)
    if not heads:
        return None, 0, 0
    if len(heads) > 1:
        raise CheckFailed(
            f"found two heads on the feed of our own key {device.hex()[:16]}…, expected one: "
            "go on with a new device of the same author"
        )
    held = await store.get(next(iter(heads)))
    if held is None:
        raise CheckFailed("found the newest record of our own key missing from the store, expected it on disk")
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
    nonce: bytes | None = None,
    is_restored: bool = False,
) -> Author:
    """The author of `root_seed`: found in the store, or begun with an inception and the delegation of this device.

    With a `nonce` from a phrase the id follows from the keys alone, so that a restored author, which never begins
    anew, is known before its records have come.
    """
    root, device = public_key(root_seed), public_key(device_seed)
    for held in await store.by_kind("inception"):
        if held.record.device == root:
            author = held.record.author
            break
    else:
        if not is_restored:
            pairs = new_author(root_seed, next_root_seed, device, clock_ms(), entropy, nonce)
            await keep(store, pairs, clock_ms())
            author = pairs[0][0].author
        elif nonce is not None:
            author = _inception(root_seed, next_root_seed, 0, nonce)[0].author
        else:
            raise CheckFailed("found no record of this home's author, expected those that were restored with its keys")
    return Author(store, author, device_seed, clock_ms, entropy)


def new_author(
    root_seed: bytes,
    next_root_seed: bytes,
    device: bytes,
    now_ms: int,
    entropy: Callable[[int], bytes],
    nonce: bytes | None = None,
) -> list[Pair]:
    """The two records that begin an author: the inception by the root key and the delegation of one device.

    An inception with a `nonce` of its own says no time (0), so that it is the same wherever it is made.
    """
    first = _inception(root_seed, next_root_seed, now_ms if nonce is None else 0, nonce or entropy(16))
    inception = first[0]
    admission = new_body("delegate", entropy(16), device=device, name="node")
    delegate = sign_record(
        root_seed, author=inception.id, seq=1, prev=inception.id, time=now_ms, kind="delegate", body=admission
    )
    return [first, (delegate, admission)]


def _inception(root_seed: bytes, next_root_seed: bytes, time_ms: int, nonce: bytes) -> Pair:
    committed = hashlib.sha256(public_key(next_root_seed)).digest()
    body = new_body("inception", nonce, root=public_key(root_seed), next=committed)
    return sign_record(root_seed, author=None, seq=0, prev=None, time=time_ms, kind="inception", body=body), body
