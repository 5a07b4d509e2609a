"""Devices: who may sign for the author of this home, and the one place where its roots sign.

A root that forks its own feed takes the say from itself. So before it signs, every neighbour is reconciled with; and in
a restored home, where another machine may have signed with the same words, the root does not sign before at least one
neighbour was reconciled with whole, unless a person says that there is no other machine.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from cinepeer.app.identity import Author, keep, next_place
from cinepeer.app.parts import RecordStore
from cinepeer.errors import BadInput, CheckFailed, CinepeerError, Conflict, Unreachable
from cinepeer.records.bodies import new_body, parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.records.feed import Device
from cinepeer.records.keys import public_key
from cinepeer.records.record import Record, sign_record
from cinepeer.records.span import ALL, Span

log = logging.getLogger("cinepeer.devices")

SYNC_TIMEOUT_S = 60.0
RETRY_PAUSE_S = 2.0

_ALONE = "found the author's inception alone, expected the delegation that follows it as well"


class Present(Protocol):
    """A neighbour."""

    @property
    def peer_id(self) -> str: ...


class Synced(Protocol):
    """What one reconciliation left undone."""

    @property
    def waiting(self) -> int: ...
    @property
    def withheld(self) -> int: ...
    @property
    def refused(self) -> int: ...


class Devices:
    """The author's keys as the held records have them, and the roots' acts: to admit, to revoke, to follow."""

    def __init__(
        self,
        store: RecordStore,
        author: Author,
        root_seeds: Sequence[bytes],
        clock_ms: Callable[[], int],
        entropy: Callable[[int], bytes],
        is_restored: bool,
        neighbours: Callable[[], Sequence[Present]] = tuple,
        sync: Callable[[str], Awaitable[Synced]] | None = None,
    ) -> None:
        """`root_seeds`: of the first root and, in order, of those that may follow, as far as they are at hand."""
        self._store = store
        self._author = author
        self._roots = {public_key(seed): seed for seed in root_seeds}
        self._clock_ms = clock_ms
        self._entropy = entropy
        self.is_restored = is_restored
        self._neighbours = neighbours
        self._sync = sync
        self._turn = asyncio.Lock()

    # Asking

    async def told(self) -> dict[str, Any]:
        """Who may sign what, as plain values: the author, this device, and every key with its state."""
        devices = self._store.feeds.devices(self._author.id)
        speaking = _speaking(devices)
        return {
            "author": str(self._author.id),
            "device": self._author.device.hex(),
            "admitted": self._author.is_admitted,
            "restored": self.is_restored,
            "following": following[0].hex() if (following := self._followers(speaking)) else None,
            "keys": [await self._key(key, found, key == speaking) for key, found in devices.items()],
        }

    async def _key(self, key: bytes, found: Device, speaks: bool) -> dict[str, Any]:
        records = [record for record, _ in await self._store.records(await self._store.ids(key))]
        own = [record for record in records if record.author == self._author.id]
        fork = self._store.feeds.fork(key)
        if fork is not None:
            state = f"forked at seq {fork.seq}: nothing counts from there on"
        elif found.is_root:
            state = "speaks for the author" if speaks else "followed by another root"
        elif found.span.before < ALL.before:
            state = "revoked" if found.name is not None else "not admitted"
        else:
            state = "admitted"
        return {
            "key": key.hex(),
            "sort": "root" if found.is_root else "device",
            "name": found.name,
            "state": state,
            "signs": "inception, rotation, delegate, revocation" if found.is_root else "everything else",
            "records": len(own),
            "counted": sum(self._store.feeds.counts(record) for record in own),
            "last": _last_of(found.span),
            "here": key in self._roots or key == self._author.device,
        }

    async def state(self, device: bytes) -> dict[str, Any] | None:
        """A device of the author as plain values, with what its next record must carry; None when it is unknown."""
        found = self._store.feeds.devices(self._author.id).get(device)
        if found is None or found.is_root:
            return None
        is_over = found.span.before < ALL.before or self._store.feeds.fork(device) is not None
        place = None
        if not is_over:
            head, seq, time = await next_place(self._store, device)
            # A millisecond later than the last one: of two words of one time the greater id would count.
            place = {"seq": seq, "prev": None if head is None else str(head), "time_ms": time + 1 if seq else 0}
        return {
            "author": str(self._author.id),
            "device": device.hex(),
            "name": found.name or "",
            "delegated": found.name is not None,
            "revoked": is_over and found.name is not None,
            "next": place,
        }

    # The root's acts

    async def admit(self, alone: bool = False) -> Record | None:
        """Has the root admit this home's device; None when it has admitted it before. Raises as `_sign` does."""
        return None if self._author.is_admitted else await self._delegate(self._author.device, None, alone)

    async def delegate(self, device: bytes, name: str, alone: bool = False) -> Record | None:
        """Has the root admit `device`, a key (32 bytes) made elsewhere; None when it is admitted.

        Raises as `_sign` does, and `BadInput` for a key that was revoked, because it never counts again.
        """
        known = self._store.feeds.devices(self._author.id).get(device)
        if known is None or known.name is None:
            return await self._delegate(device, name, alone)
        if known.span.before < ALL.before:
            raise Conflict(f"found the device {device.hex()[:16]}… revoked or forked, expected a fresh key")
        return None

    async def delegated(self, device: bytes, name: str) -> Record:
        """The record by which the root admits `device`, signed now when there is none; raises as `delegate` does."""
        record = await self.delegate(device, name)
        if record is None:
            for held in await self._store.by_kind("delegate", self._author.id):
                if held.body is not None and parse_body("delegate", held.body)["device"] == device:
                    return held.record
            raise CheckFailed("found a device admitted and no record that says so, expected it in the store")
        return record

    async def _delegate(self, device: bytes, name: str | None, alone: bool) -> Record | None:
        """`delegate`, named by its number where no `name` is given."""
        async with self._turn:
            await self._reconcile(alone)
            named = {key: found.name for key, found in self._store.feeds.devices(self._author.id).items() if found.name}
            if device in named:
                return None
            return await self._sign("delegate", {"device": device, "name": name or f"node {len(named) + 1}"})

    async def revoke(self, text: str, after: int | None, reason: str, alone: bool = False) -> Record:
        """Has the root revoke the device whose key begins with `text`: nothing of it counts after the seq `after`.

        None: after its last record held here that counts; -1: nothing of it counts. Raises as `_sign` does.
        """
        device = self._find(text)
        async with self._turn:
            await self._reconcile(alone)
            last = await self._last(device, after)
            fields: dict[str, Value] = {
                "device": device,
                "seq": -1 if last is None else last.seq,
                "head": None if last is None else last.id,
                "reason": reason,
            }
            return await self._sign("revocation", fields)

    def _find(self, text: str) -> bytes:
        """The one device, not this one, whose key in hex begins with `text`; raises `BadInput`."""
        devices = self._store.feeds.devices(self._author.id)
        matching = [key for key, found in devices.items() if not found.is_root and key.hex().startswith(text.lower())]
        if len(text) < 8 or len(matching) != 1:
            raise BadInput(
                f"found {len(matching) if len(text) >= 8 else 'too few signs'} for the device {text[:64]!r}, "
                "expected the first 8 or more signs of one that `cinepeer keys` shows"
            )
        if matching[0] == self._author.device:
            raise BadInput("found this device itself, expected another one: it is revoked from a device that stays")
        return matching[0]

    async def _last(self, device: bytes, after: int | None) -> Record | None:
        """The last record of `device` that shall count, at `after` or the last one held that counts now."""
        records = [record for record, _ in await self._store.records(await self._store.ids(device))]
        counted = [one for one in records if one.author == self._author.id and self._store.feeds.counts(one)]
        if after == -1 or (after is None and not counted):
            return None
        wanted = [record for record in counted if after is None or record.seq == after]
        if not wanted:
            raise BadInput(f"found no record of that device at seq {after} that counts, expected one held here")
        return max(wanted, key=lambda record: record.seq)

    async def _reconcile(self, alone: bool) -> None:
        """Takes up what the neighbours hold; raises `Unreachable` where that is needed and none could be asked."""
        whole = 0
        if self._sync is not None:
            asked = [self._ask(self._sync, neighbour.peer_id) for neighbour in self._neighbours()]
            whole = sum(await asyncio.gather(*asked))
        if self.is_restored and not whole and not alone:
            raise Unreachable(
                "found no neighbour to reconcile the author's records with, expected one before the root signs: "
                "connect to a peer, or say --alone if no other machine has signed with these keys since"
            )

    async def _ask(self, sync: Callable[[str], Awaitable[Synced]], peer_id: str) -> bool:
        """Whether a sync with one neighbour ended with nothing left undone."""
        try:
            async with asyncio.timeout(SYNC_TIMEOUT_S):
                done = await sync(peer_id)
        except (CinepeerError, TimeoutError):
            return False
        return not (done.waiting or done.withheld or done.refused)

    async def rotate(self, alone: bool = False) -> Record:
        """Has the next root follow the one that speaks, whose feed ends with its last record that counts.

        So an author goes on whose root has forked. Raises as `_sign` does, and `BadInput` without further roots.
        """
        async with self._turn:
            await self._reconcile(alone)
            root = self._root()
            following, after = (*self._followers(root), None, None)[:2]
            if following is None or after is None:
                raise BadInput(
                    "found no further root on this machine, expected keys that were made from a phrase: "
                    "begin a new author in a fresh home"
                )
            if self._store.feeds.heads(following):
                raise CheckFailed(
                    "found the next root used before, and forked, expected it fresh: no root of this author can follow"
                )
            last = await self._last(root, None)
            assert last is not None, "an inception always counts"
            if last.seq == 0 and self._store.feeds.fork(root) is None:
                raise Unreachable(_ALONE)
            fields: dict[str, Value] = {
                "root": following,
                "next": hashlib.sha256(after).digest(),
                "previous": {"seq": last.seq, "head": last.id},
            }
            return await self._keep(following, "rotation", fields, None, 0, last.time)

    def _followers(self, root: bytes | None) -> list[bytes]:
        """The roots of this machine that come after `root`, in order."""
        known = list(self._roots)
        return known[known.index(root) + 1 :] if root in self._roots else []

    async def _sign(self, kind: str, fields: Mapping[str, Value]) -> Record:
        """Signs with the root that speaks, stores, announces; raises where that would fork or not count."""
        root = self._root()
        if self._store.feeds.fork(root) is not None:
            raise CheckFailed(
                "found the root's feed forked, expected it whole: `cinepeer keys rotate` has the next root follow"
            )
        head, seq, time = await next_place(self._store, root)
        if seq == 1 and root == next(iter(self._store.feeds.devices(self._author.id))):
            # An author that lived has admitted a device: with the inception alone the rest is missing here.
            raise Unreachable(_ALONE)
        if not self._store.feeds.span(self._author.id, root).covers(seq, Cid()):
            raise CheckFailed(f"found the root's feed ended before seq {seq}, expected one that goes on")
        return await self._keep(root, kind, fields, head, seq, time)

    def _root(self) -> bytes:
        """The root that speaks for the author, when it is on this machine."""
        root = _speaking(self._store.feeds.devices(self._author.id))
        if root is None:
            raise Unreachable(
                f"found no record of the author {self._author.id} here, expected them first: "
                "connect to a peer that holds them, or `cinepeer import` an export"
            )
        if root not in self._roots:
            raise Conflict(
                f"found the root {root.hex()[:16]}… speaking for the author, expected one of this machine: "
                "a page's device is admitted at the author's own node; here the node's device signs for it"
            )
        return root

    async def _keep(
        self, root: bytes, kind: str, fields: Mapping[str, Value], prev: Cid | None, seq: int, time_ms: int
    ) -> Record:
        """Signs with `root` at the place after `prev`, not before `time_ms`; stores and announces."""
        body = new_body(kind, self._entropy(16), **fields)
        time = max(self._clock_ms(), time_ms)
        record = sign_record(
            self._roots[root], author=self._author.id, seq=seq, prev=prev, time=time, kind=kind, body=body
        )
        await keep(self._store, [(record, body)], self._clock_ms())
        if self._author.announcer is not None:
            await self._author.announcer.announce([(record, body)])
        return record


async def admit_when_possible(devices: Devices, admitted: Callable[[], Awaitable[None]]) -> None:
    """Tries again and again until this device is admitted, then calls `admitted`; for a task of its own."""
    while True:
        try:
            if await devices.admit() is not None:
                log.warning("devices.admitted")
                await admitted()
            return
        except CinepeerError as error:
            log.info("devices.waiting reason=%s", error)
        except Exception:  # a task's edge: a mistake here must not keep the device out for ever
            log.exception("devices.failed")
        await asyncio.sleep(RETRY_PAUSE_S)


def _speaking(devices: Mapping[bytes, Device]) -> bytes | None:
    """The root in force now."""
    roots = [key for key, found in devices.items() if found.is_root]
    return roots[-1] if roots else None


def _last_of(span: Span) -> dict[str, Any] | None:
    """The seq, and where it is named the id, of the last record that counts; None where there is no such end."""
    if span.before >= ALL.before:
        return None
    return {"seq": span.before - (span.head is None), "head": None if span.head is None else str(span.head)}
