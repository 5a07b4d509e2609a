"""Auditing: gathers everything that proves a film's rights, bytes and ratings into one portable bundle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from cinepeer.app.catalogue import Film, Version
from cinepeer.app.library import Library
from cinepeer.app.network import Network
from cinepeer.app.parts import Ledger, RecordStore
from cinepeer.app.survey import Surveying, log_until, signed_block
from cinepeer.app.titles import Titles
from cinepeer.app.witness import Witnessed, last_witnessed
from cinepeer.errors import BadInput
from cinepeer.ports import IpfsBackend
from cinepeer.records import dagcbor, merkle
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record
from cinepeer.rights.audit import Material, RatingProof, build, wanted_slots
from cinepeer.rights.deeds import Deed, Offer
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.gathering import film_logs
from cinepeer.rights.proofs import AccountProof, parse_header
from cinepeer.rights.state import Anchor, State, fold


class Auditing:
    """Makes bundles; whether they hold, anybody checks without this node."""

    def __init__(
        self,
        ledger: Ledger,
        network: Network,
        library: Library,
        store: RecordStore,
        ipfs: IpfsBackend,
        titles: Titles,
    ) -> None:
        self._ledger = ledger
        self._network = network
        self._library = library
        self._store = store
        self._ipfs = ipfs
        self._titles = titles
        self.surveying = Surveying(ledger, network, library, store, titles)

    async def bundle(self, film_id: str, raters: Sequence[Cid], at: int | None = None) -> Iterator[bytes]:
        """The bundle's bytes, piece by piece, at a block or the newest; to be read in another thread than the loop's.

        Raises `BadInput` when the film is not held whole, has no title at that block, or a rater's rating is not
        anchored.
        """
        film, version = await self._subject(film_id)
        record, fields = self._titles.registered(film)
        contracts = self._titles.home(film)
        head, entries = await log_until(self._ledger, contracts, at)
        logs = [entry.log for entry in entries]
        first = head if at is not None else max((log.block for log in logs), default=0)
        witnessed = await self._witnessed(first, head)
        number = witnessed.height if witnessed else head
        signed, handovers = await signed_block(self._ledger, self._network, number)
        state = fold(entries)
        if bytes(fields["title"]) not in state.titles:
            raise BadInput(f"found no title of {film.name!r} up to block {head}, expected it registered by then")
        title, account = bytes(fields["title"]), self._titles.address
        accounts = [account] if raters else []
        material = Material(
            film=film.record,
            version=version.id,
            title=title,
            content=version.root,
            genesis=dagcbor.encode(dict(self._network.genesis)),
            header=signed,
            accounts=await self._proofs(contracts, state, title, accounts, number),
            code={name: await self._ledger.code(at) for name, at in contracts.named().items()},
            logs=film_logs(entries, title, accounts),
            deed=Deed.from_map(fields["deed"]),
            deed_signature=bytes(fields["signature"]),
            offers=self._offers(contracts, state, title),
            records=await self._records(film, version, record.id, raters, witnessed.records if witnessed else ()),
            ratings=await self._ratings(film, raters, state.anchored(contracts.anchors, account)),
            block=self._getter(),
            handovers=handovers,
            sets=self._titles.sets.naming(contracts),
        )
        return build(material)

    async def _subject(self, film_id: str) -> tuple[Film, Version]:
        film = self._library.catalogue.films.get(film_id)
        if film is None or not film.versions:
            raise BadInput(f"found no film {film_id[:80]!r} with a version here, expected one")
        pins = await self._ipfs.pins()
        for version in film.versions:
            if version.root in pins:
                return film, version
        raise BadInput(
            f"found no version of {film.name!r} held whole by this node, expected one: its bytes are proved too"
        )

    async def _witnessed(self, last: int, head: int) -> Witnessed | None:
        """The newest block that others signed too, of those with the same entries before them as the head."""

        async def block_hash(height: int) -> bytes:
            return parse_header(await self._ledger.header(height)).hash

        return await last_witnessed(self._store, self._network.chain_id, range(last, head + 1), block_hash)

    async def _proofs(
        self, contracts: ContractSet, state: State, title: bytes, accounts: Sequence[bytes], number: int
    ) -> list[AccountProof]:
        addresses = contracts.named()
        slots = wanted_slots(state, title, accounts)
        return [await self._ledger.proof(addresses[name], wanted, number) for name, wanted in slots.items()]

    def _offers(self, contracts: ContractSet, state: State, title: bytes) -> list[tuple[Offer, bytes]]:
        """The signed offers behind the title's licences, where their records are held."""
        taken = {licence.offer for licence in state.licences if licence.title == title}
        found = []
        for _, fields in self._library.catalogue.offers_of(title):
            offer = Offer.from_map(fields["terms"])
            if offer.digest(contracts) in taken:
                found.append((offer, bytes(fields["signature"])))
        return found

    async def _records(
        self, film: Film, version: Version, title: Cid, raters: Sequence[Cid], witnesses: Sequence[Record]
    ) -> list[tuple[bytes, bytes | None]]:
        """The records in question with all before them in their feeds, and their authors' key records."""
        wanted = {film.record, version.id, title, *(record.id for record in witnesses)}
        for rater in raters:
            wanted.add(self._rating(film, rater))
        ids: dict[Cid, None] = {}
        for author in dict.fromkeys([film.author, *raters, *(record.author for record in witnesses)]):
            for device in self._store.feeds.devices(author):
                feed = list(await self._store.ids(device))
                last = max((place for place, record in enumerate(feed) if record in wanted), default=-1)
                keys = device == self._root(author)
                ids.update(dict.fromkeys(feed if keys else feed[: last + 1]))
        return [(record.block, body) for record, body in await self._store.records(list(ids))]

    def _root(self, author: Cid) -> bytes | None:
        """The device whose feed holds the author's key records: the first."""
        return next(iter(self._store.feeds.devices(author)), None)

    def _rating(self, film: Film, rater: Cid) -> Cid:
        given = self._library.counted.given(rater, film.id)
        if given is None:
            raise BadInput(f"found no rating of {film.name!r} by {rater} here, expected one to prove")
        return given.record

    async def _ratings(self, film: Film, raters: Sequence[Cid], anchors: Sequence[Anchor]) -> list[RatingProof]:
        if not raters:
            return []
        if not anchors:
            raise BadInput("found nothing anchored by this node, expected an anchor that covers the rating")
        anchor = anchors[-1]
        leaves = list(await self._store.leaves(anchor.size))
        return [await asyncio.to_thread(_proof, self._rating(film, rater), leaves, anchor) for rater in raters]

    def _getter(self) -> Callable[[Cid], bytes | None]:
        """Blocks for a thread beside the loop, from whichever backend holds them."""
        loop = asyncio.get_running_loop()

        def get(cid: Cid) -> bytes | None:
            return asyncio.run_coroutine_threadsafe(self._ipfs.get_block(cid), loop).result()

        return get


def _proof(record: Cid, leaves: list[Cid], anchor: Anchor) -> RatingProof:
    try:
        index = leaves.index(record)
    except ValueError:
        raise BadInput(
            f"found the rating {record} newer than the last anchor, expected it anchored: anchor first"
        ) from None
    path = merkle.inclusion(leaves, index)
    return RatingProof(record, anchor.account, anchor.root, anchor.size, index, tuple(path))
