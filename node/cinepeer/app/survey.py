"""Surveying: gathers the proof of many titles, an author's, a network's or this node's catalogue, into one bundle."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

from cinepeer.app.catalogue import Film
from cinepeer.app.library import Library
from cinepeer.app.network import Network
from cinepeer.app.parts import Ledger, RecordStore
from cinepeer.app.titles import Titles
from cinepeer.errors import BadInput
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.rights.collection import Dossier, Gathered, Signed, build_collection
from cinepeer.rights.deeds import Deed, Offer
from cinepeer.rights.deployment import NAMES, ContractSet
from cinepeer.rights.events import Entry, decode_all
from cinepeer.rights.gathering import Sharing, anchor_logs, logs_by_title, shared_levels, title_slots
from cinepeer.rights.proofs import AccountProof
from cinepeer.rights.sequencer import SignedHeader
from cinepeer.rights.slots import anchor_slot
from cinepeer.rights.state import fold
from cinepeer.rights.succession import Handover

TITLES_AT_ONCE = 100
"""Titles whose storage proofs are asked for in one question."""

LEAVES_AT_ONCE = 1_000


async def signed_block(ledger: Ledger, network: Network, number: int) -> tuple[SignedHeader, tuple[Handover, ...]]:
    """
    A block's header with its sequencer's signature and the hand-overs that led to that one; of a chain of others the
    header alone. Raises `BadInput` for a ledger of ours that does not show its signature.
    """
    if not network.is_embedded:
        return SignedHeader(await ledger.header(number), b""), ()
    signed = await ledger.signed_header(number)
    if signed is None:
        raise BadInput("found a ledger without a signature of its sequencer, expected one that signs its blocks")
    return signed, tuple(one for one in await ledger.handovers() if number > one.height)


class Surveying:
    """Makes collections; whether they hold, anybody checks without this node."""

    def __init__(self, ledger: Ledger, network: Network, library: Library, store: RecordStore, titles: Titles) -> None:
        self._ledger = ledger
        self._network = network
        self._library = library
        self._store = store
        self._titles = titles

    async def title(self, film_id: str, at: int | None) -> Iterator[bytes]:
        """The bundle of one film's title, without the film's bytes and anchors; raises `BadInput` for no title."""
        film = self._titles.film(film_id)
        contracts = self._titles.home(film)
        return await self.bundle("title", None, at, self._titles.sets.number(contracts), self._titles.title_of(film))

    async def bundle(
        self, sort: str, author: Cid | None, at: int | None, chosen_set: int | None = None, title: bytes | None = None
    ) -> Iterator[bytes]:
        """
        The bundle's bytes, piece by piece, of sort `author` (whose id is given), `network`, `catalogue`, or `title`
        (whose id is given: 20 bytes), at a block
        or the newest one; of the titles of one contract set by its number. Raises `BadInput` for an author without
        records here, a block that is not there, or where there are several sets and none is chosen.
        """
        contracts = self._contracts(chosen_set)
        number, entries = await log_until(self._ledger, contracts, at)
        signed, handovers = await signed_block(self._ledger, self._network, number)
        by_title = logs_by_title(entries)
        films = self._films(contracts, sort, author, by_title)
        if title is not None:
            films = {title: films[title]} if title in films else {}
            if not films:
                raise BadInput(f"found no title 0x{title.hex()} up to block {number}, expected it registered by then")
        chosen = sorted(by_title) if sort == "network" else sorted(films)
        anchoring = [entry for entry in entries if entry.log.address == contracts.anchors and title is None]
        state = fold(anchoring)
        accounts = await self._accounts(contracts, number, sorted(account for _, account in state.anchors))
        genesis = dagcbor.encode(dict(self._network.genesis))
        chain = state.anchored(contracts.anchors, self._titles.address)
        account = self._titles.address if chain else None
        leaves = await self._leaves(sort, chain[-1].size) if chain else []
        sharing = Sharing(shared_levels(4 * len(chosen)))
        dossiers = [one async for one in self._dossiers(contracts, sharing, chosen, by_title, films, number)]
        material = Gathered(
            sort=sort,
            subject=author if author is not None else self._network.id,
            genesis=genesis,
            header=signed,
            accounts=accounts,
            code=[await self._ledger.code(contracts.named()[name]) for name in NAMES],
            anchors=anchor_logs(anchoring),
            nodes=list(sharing.nodes.values()),
            dossiers=dossiers,
            records=await self._records(sort, author, films, number),
            account=account,
            leaves=leaves,
            handovers=handovers,
            sets=self._titles.sets.naming(contracts),
        )
        return build_collection(material, {})

    def _contracts(self, number: int | None) -> ContractSet:
        """The contract set of a number; the only one without."""
        sets = self._titles.sets.sets
        if number is None and len(sets) > 1:
            raise BadInput(
                f"found no number of one of the network's {len(sets)} contract sets, expected it: each set's titles "
                "are proved by themselves"
            )
        if number is not None and not 0 < number <= len(sets):
            raise BadInput(f"found the contract set {number}, expected one from 1 to {len(sets)}")
        return sets[(number or 1) - 1]

    def _films(
        self, contracts: ContractSet, sort: str, author: Cid | None, titles: dict[bytes, list[Entry]]
    ) -> dict[bytes, Film]:
        """The films of the catalogue that have a title on the ledger, by title."""
        if author is not None and not self._store.feeds.devices(author):
            raise BadInput(f"found no record of the author {author} here, expected one that this node knows")
        found: dict[bytes, Film] = {}
        for film in self._library.catalogue.films.values():
            if sort == "author" and film.author != author:
                continue
            for _, fields in film.titles:
                here = (fields["chain"], fields["contract"]) == (contracts.chain_id, contracts.titles)
                if here and bytes(fields["title"]) in titles:
                    found.setdefault(bytes(fields["title"]), film)
        return found

    async def _accounts(self, contracts: ContractSet, number: int, anchoring: Sequence[bytes]) -> list[AccountProof]:
        """The four contracts' proofs, with the slot of every account that anchored."""
        named = contracts.named()
        slots = {"Anchors": [anchor_slot(account) for account in anchoring]}
        return [await self._ledger.proof(named[name], slots.get(name, []), number) for name in NAMES]

    async def _dossiers(
        self,
        contracts: ContractSet,
        sharing: Sharing,
        chosen: Sequence[bytes],
        by_title: dict[bytes, list[Entry]],
        films: dict[bytes, Film],
        number: int,
    ) -> AsyncIterator[Dossier]:
        named = contracts.named()
        for begin in range(0, len(chosen), TITLES_AT_ONCE):
            some = chosen[begin : begin + TITLES_AT_ONCE]
            wanted: dict[str, list[int]] = {}
            for title in some:
                for name, slots in title_slots(title, by_title[title]).items():
                    wanted.setdefault(name, []).extend(slots)
            proofs = {
                name: await self._ledger.proof(named[name], slots, number) for name, slots in wanted.items() if slots
            }
            for title in some:
                yield sharing.dossier(title, by_title[title], proofs, self._signed(title, films.get(title)))

    def _signed(self, title: bytes, film: Film | None) -> Signed | None:
        """What the owners signed of a title, where its records are held."""
        if film is None:
            return None
        fields = next(fields for _, fields in film.titles if bytes(fields["title"]) == title)
        deed = Deed.from_map(fields["deed"])
        version = next((one for one in film.versions if one.root.digest == deed.content), None)
        if version is None:
            return None
        offers = tuple(
            (Offer.from_map(offered["terms"]), bytes(offered["signature"]))
            for _, offered in self._library.catalogue.offers_of(title)
        )
        return Signed(film.record, version.id, version.root, deed, bytes(fields["signature"]), offers)

    async def _records(
        self, sort: str, author: Cid | None, films: dict[bytes, Film], number: int
    ) -> list[tuple[bytes, bytes | None]]:
        """An author's whole feeds; of other sorts the feeds as far as the titles, networks and witnesses need them."""
        feeds = self._store.feeds
        ids: dict[Cid, None] = {}
        if author is not None:
            for device in feeds.devices(author):
                ids.update(dict.fromkeys(await self._store.ids(device)))
        wanted, authors = self._wanted(films), {film.author for film in films.values()}
        kinds = ("witness", "network") if sort == "network" else ("witness",)
        for kind in kinds:
            for held in await self._store.by_kind(kind):
                if kind == "network" or _height(held.body) == number:
                    wanted.add(held.record.id)
                    authors.add(held.record.author)
        for one in sorted(authors):
            for place, device in enumerate(feeds.devices(one)):
                feed = list(await self._store.ids(device))
                last = max((at for at, record in enumerate(feed) if record in wanted), default=-1)
                ids.update(dict.fromkeys(feed if place == 0 else feed[: last + 1]))
        return [(record.block, body) for record, body in await self._store.records(list(ids))]

    def _wanted(self, films: dict[bytes, Film]) -> set[Cid]:
        found: set[Cid] = set()
        for film in films.values():
            found |= {film.record, *(one.id for one in film.versions), *(record.id for record, _ in film.titles)}
        return found

    async def _leaves(self, sort: str, size: int) -> list[bytes]:
        """The ids that this node anchored; of an author the whole records, so that it shows whose they are."""
        ids = list(await self._store.leaves(size))
        if sort != "author":
            return [bytes(one) for one in ids]
        found: list[bytes] = []
        for begin in range(0, len(ids), LEAVES_AT_ONCE):
            some = ids[begin : begin + LEAVES_AT_ONCE]
            blocks = {record.id: record.block for record, _ in await self._store.records(some)}
            found += [blocks.get(one, bytes(one)) for one in some]
        return found


async def log_until(ledger: Ledger, contracts: ContractSet, at: int | None) -> tuple[int, list[Entry]]:
    """
    A block and all entries of a contract set up to it; without `at` the newest that nothing takes back any more, where
    it has them all, else the newest. Raises `BadInput` for a block that is not there.
    """
    head = await ledger.head()
    if at is not None and at > head:
        raise BadInput(f"found the block {at}, expected one up to the ledger's newest, {head}")
    number = head if at is None else at
    logs = await ledger.logs(list(contracts.named().values()), contracts.from_block, number)
    if at is None:
        final = await ledger.final()
        last = max((log.block for log in logs), default=contracts.from_block)
        number = final if last <= final <= head else head
    return number, decode_all(logs, contracts)


def _height(body: bytes | None) -> int | None:
    if body is None:
        return None
    fields = dagcbor.decode(body)
    height = fields.get("height") if isinstance(fields, dict) else None
    return height if isinstance(height, int) else None
