"""Checkpoints: made of what is held here, taken from others, replayed, and shown with who computed them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from cinepeer.app.identity import Author
from cinepeer.app.parts import Held, Pair
from cinepeer.errors import Absent, CheckFailed, Refused, Unreachable
from cinepeer.ports import IpfsBackend
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.record import Record
from cinepeer.replication import checkpoint
from cinepeer.replication.fingerprints import KEY_BYTES
from cinepeer.replication.introduction import KIND, MOST, Introduction, key_pairs
from cinepeer.replication.scope import Scope
from cinepeer.replication.snapshot import Said, Snapshot, difference, snapshot

T = TypeVar("T")

SHOWN = 100

MADE, REPLAYED, DIFFERS = "made", "replayed", "differs"
NOT_REPLAYED = ", not replayed"
NOT_COUNTED = " on a device that was revoked or forked before"


class Moment(Protocol):
    """One state of the store, as far as checkpoints need it."""

    def keys(self, scope: Scope) -> bytes: ...
    def lacking(self, scope: Scope, keys: bytes) -> tuple[int, int]: ...
    def said(self, scope: Scope, keys: bytes) -> Iterator[Said]: ...


class Store(Protocol):
    """The records that are held here."""

    @property
    def feeds(self) -> Feeds: ...
    async def get(self, record_id: Cid) -> Pair | None: ...
    async def by_kind(self, kind: str, author: Cid | None = None) -> Sequence[Held]: ...
    async def ids(self, device: bytes) -> Sequence[Cid]: ...
    async def records(self, ids: Iterable[Cid]) -> Sequence[Pair]: ...
    async def at_once(self, take: Callable[[Any], T]) -> T: ...


class Fetching(Protocol):
    """The blocks of others; each is checked against its CID."""

    async def block(self, cid: Cid) -> bytes | None: ...
    async def dag(self, root: Cid, addrs: Sequence[str]) -> int: ...


class Outcomes(Protocol):
    """What became of checkpoints that were replayed here, kept by name."""

    def all(self) -> list[dict[str, Any]]: ...
    def save(self, name: str, note: dict[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Stated:
    """What a record says of a checkpoint, how that stands here, and which records of its device contradict it.

    It `counts` unless its device was revoked or forked before it, as far as the records that are held here tell.
    """

    record: Cid
    author: Cid
    device: bytes
    scope: Cid
    moment_ms: int
    records: int
    ratings: int
    root: Cid
    label: str
    contradicts: tuple[Cid, ...] = ()
    counts: bool = True

    @property
    def is_claim(self) -> bool:
        """Whether it is what somebody else says, neither replayed here nor found wrong."""
        return self.label.endswith(NOT_REPLAYED)


@dataclass(frozen=True, slots=True)
class Replay:
    """How a replay ended: `label` as in `Stated`; where something is missing, how many records and bodies."""

    label: str
    missing_records: int = 0
    missing_bodies: int = 0


class Checkpoints:
    """Those that this node knows of. Nothing of one counts here: it is shown, with its label, until it is replayed."""

    def __init__(
        self,
        store: Store,
        author: Author,
        ipfs: IpfsBackend,
        fetching: Fetching,
        outcomes: Outcomes,
        scope: Scope,
        clock_ms: Callable[[], int],
    ) -> None:
        """`scope` is what this node holds, of which it makes checkpoints; `outcomes` keeps what was replayed."""
        self._store = store
        self._author = author
        self._ipfs = ipfs
        self._fetching = fetching
        self._outcomes = outcomes
        self._scope = scope
        self._clock_ms = clock_ms
        self._turn = asyncio.Lock()
        self._known = {note["root"]: note for note in outcomes.all() if {"root", "outcome"} <= note.keys()}
        self._introduced: dict[Cid, Introduction] = {}

    async def make(self) -> Stated:
        """Makes one of all that is held here in this node's scope, keeps its blocks, signs it, lets go of older ones.

        Raises `CheckFailed` while bodies of ratings are missing: others who hold them would come to something else.
        """
        async with self._turn:
            own = [one for one in await self._all() if one.device == self._author.device]
            moment_ms = max([self._clock_ms(), *(before.moment_ms + 1 for before in own)])
            found = await self._store.at_once(lambda moment: _made(moment, self._scope, moment_ms))
            blocks: list[tuple[Cid, bytes]] = []
            root = await asyncio.to_thread(checkpoint.write, found, lambda *block: blocks.append(block))
            for cid, block in blocks:
                await self._ipfs.put_block(cid, block)
            await self._ipfs.pin(root)
            record = await self._author.sign(KIND, checkpoint.statement(found, root))
            self._keep(root, MADE)
            for before in own:
                await self._ipfs.unpin(before.root)
            return (await self._stated([record.id]))[0]

    async def newest_own(self) -> Stated | None:
        """The last one that this device made of what it holds, or None."""
        link = checkpoint.scope_link(self._scope)
        own = [one for one in await self._all() if one.device == self._author.device and one.scope == link]
        return max(own, key=lambda one: one.moment_ms, default=None)

    async def held(self) -> int:
        """How many records of this node's scope are held."""
        return await self._store.at_once(lambda moment: len(moment.keys(self._scope)) // KEY_BYTES)

    async def load(self, record: Cid) -> tuple[Snapshot, Stated]:
        """A checkpoint by its record, fetched if it is not here, with the label under which to show it.

        Raises `Absent` for a record that is not held, `Refused` for blocks that do not hold or are not what the record
        states, `Unreachable` when nobody gives them.
        """
        [stated] = await self._stated([record])
        return await self._loaded(stated, with_digests=False), stated

    async def replay(self, record: Cid) -> Replay:
        """Makes a checkpoint anew from the records that it names, and labels it by what comes of that.

        While some of them are missing here, it stays as it is, and the answer says how many. Raises as `load`.
        """
        [stated] = await self._stated([record])
        found = await self._loaded(stated, with_digests=True)
        keys = b"".join(found.keys())
        records, bodies = await self._store.at_once(lambda moment: moment.lacking(found.scope, keys))
        if records or bodies:
            return Replay(stated.label, records, bodies)
        words = await self._store.at_once(lambda moment: _misfit(moment, found, keys, stated.root))
        self._keep(stated.root, REPLAYED if words is None else DIFFERS, words)
        return Replay((await self._stated([record]))[0].label)

    def introduce(self, introductions: Iterable[Introduction]) -> None:
        """Takes note of verified checkpoints whose records are not held yet, until this run ends."""
        self._introduced.update((one.record.id, one) for one in introductions)
        while len(self._introduced) > SHOWN:
            del self._introduced[next(iter(self._introduced))]

    async def introductions(self) -> list[Introduction]:
        """The newest of each device that are held here and not found wrong, for whoever holds no records yet."""
        newest: dict[bytes, int] = {}
        chosen = []
        for one in await self.listed():
            if one.record in self._introduced or not one.counts or self._outcome(one.root) == DIFFERS:
                continue
            if newest.setdefault(one.device, one.moment_ms) == one.moment_ms:  # its contradictions come along
                chosen.append(one)
        found = []
        for one in chosen[:MOST]:
            held = await self._store.get(one.record)
            if held is not None and held[1] is not None:
                found.append(Introduction(held[0], held[1], key_pairs(await self._keys(one.author))))
        return found

    async def _keys(self, author: Cid) -> Sequence[Pair]:
        """The records of an author's root feeds, in an order in which they can be admitted."""
        roots = [device for device, known in self._store.feeds.devices(author).items() if known.is_root]
        ids = [record for root in roots for record in await self._store.ids(root)]
        return [pair for pair in await self._store.records(ids) if pair[0].author == author]

    async def listed(self) -> list[Stated]:
        """The newest checkpoints that are held, the newest first, with their labels and contradictions."""
        return sorted(await self._all(), key=lambda one: (one.moment_ms, one.record), reverse=True)[:SHOWN]

    async def _loaded(self, stated: Stated, with_digests: bool) -> Snapshot:
        """The snapshot that a record states."""
        top = await self._ipfs.get_block(stated.root) or await self._fetching.block(stated.root)
        if top is None:
            raise Unreachable(f"found nobody connected who gives the checkpoint {stated.root}, expected one neighbour")
        named = checkpoint.outline(stated.root, top)
        if len(await self._ipfs.has([stated.root, *named])) < len(named) + 1:
            await self._fetching.dag(stated.root, ())
        blocks = {stated.root: top}
        for cid in named:
            block = await self._ipfs.get_block(cid)
            if block is None:
                raise Unreachable(f"found the block {cid} of a checkpoint nowhere, expected it from a neighbour")
            blocks[cid] = block
        found = await asyncio.to_thread(checkpoint.read, stated.root, blocks.__getitem__, with_digests=with_digests)
        body = await self._body(stated.record)
        if body is None:
            raise Absent(f"found no body of the checkpoint {stated.record} any more, expected it held")
        checkpoint.verify_statement(parse_body(KIND, body), found, stated.root)
        await self._ipfs.pin(stated.root)
        pinned = await self._ipfs.pins()
        for one in await self._all():  # of each device the newest is kept for others
            is_older = one.device == stated.device and one.scope == stated.scope and one.moment_ms < stated.moment_ms
            if is_older and one.root != stated.root and one.root in pinned:
                await self._ipfs.unpin(one.root)
        return found

    async def _body(self, record: Cid) -> bytes | None:
        """A checkpoint record's body, held or introduced."""
        held = await self._store.get(record)
        introduced = self._introduced.get(record)
        if held is not None and held[1] is not None:
            return held[1]
        return None if introduced is None else introduced.body

    def _keep(self, root: Cid, outcome: str, words: str | None = None) -> None:
        note = self._known[str(root)] = {"root": str(root), "outcome": outcome, "words": words or ""}
        self._outcomes.save(str(root), note)

    def _outcome(self, root: Cid) -> str | None:
        return self._known.get(str(root), {}).get("outcome")

    async def _stated(self, records: Iterable[Cid]) -> list[Stated]:
        found = {one.record: one for one in await self._all()}
        for record in records:
            if record not in found:
                raise Absent(f"found no checkpoint {record} here, expected the id of a record of that kind")
        return [found[record] for record in records]

    async def _all(self) -> list[Stated]:
        """Every checkpoint that is held with its body, and those that were introduced."""
        held = [(one.record, one.body) for one in await self._store.by_kind(KIND) if one.body is not None]
        for record, _ in held:
            self._introduced.pop(record.id, None)
        held += [(one.record, one.body) for one in self._introduced.values()]
        said: dict[tuple[object, ...], list[tuple[Cid, tuple[object, ...]]]] = {}
        parsed: list[tuple[Record, dict[str, Any]]] = []
        for record, body in held:
            fields: dict[str, Any] = parse_body(KIND, body)
            parsed.append((record, fields))
            said.setdefault(_place(record, fields), []).append((record.id, _content(fields)))
        return [
            Stated(
                record.id,
                record.author,
                record.device,
                fields["scope"],
                fields["moment"],
                fields["records"],
                fields["ratings"],
                fields["root"],
                self._label(record, fields["root"]),
                tuple(sorted(one for one, other in said[_place(record, fields)] if other != _content(fields))),
                self._counts(record),
            )
            for record, fields in parsed
        ]

    def _counts(self, record: Record) -> bool:
        """What is known here of its device; of one that is not known yet, its introduction told all that can be."""
        feeds = self._store.feeds
        is_known = record.id not in self._introduced or record.device in feeds.devices(record.author)
        return not is_known or feeds.covers(record)

    def _label(self, record: Record, root: Cid) -> str:
        """How a checkpoint is shown."""
        match self._outcome(root):
            case "made":
                return "computed here"
            case "replayed":
                return "replayed here"
            case "differs":
                words = self._known[str(root)].get("words")
                return f"computed by {record.author}, and not what its records come to here" + (words and f": {words}")
            case _:
                return f"computed by {record.author}{NOT_REPLAYED if self._counts(record) else NOT_COUNTED}"


def _place(record: Record, fields: dict[str, Any]) -> tuple[object, ...]:
    return record.author, record.device, fields["scope"], fields["moment"]


def _content(fields: dict[str, Any]) -> tuple[object, ...]:
    return fields["records"], fields["ratings"], fields["root"]


def _made(moment: Moment, scope: Scope, moment_ms: int) -> Snapshot:
    keys = moment.keys(scope)
    _, bodiless = moment.lacking(scope, keys)
    if bodiless:
        raise CheckFailed(f"found {bodiless} ratings here without their bodies, expected all of them: sync first")
    return snapshot(scope, moment_ms, keys, moment.said(scope, keys))


def _misfit(moment: Moment, found: Snapshot, keys: bytes, root: Cid) -> str | None:
    """None where the same records come to the same root here, else how what was claimed differs."""
    try:
        again = snapshot(found.scope, found.moment_ms, keys, moment.said(found.scope, keys))
    except Refused as error:
        return str(error)
    if checkpoint.write(again, lambda _cid, _block: None) == root:
        return None
    return str(difference(found, again))
