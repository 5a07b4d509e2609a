"""Titles, licences and royalties: what people do on the ledger, each step told with the block it stands in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cinepeer.app.catalogue import Film
from cinepeer.app.contracts import Contracts
from cinepeer.app.identity import Author
from cinepeer.app.library import Library
from cinepeer.app.network import Network
from cinepeer.app.parts import Ledger, Receipt, RecordStore, Underway
from cinepeer.app.profile import Wallet
from cinepeer.app.standing import title_told
from cinepeer.app.terms import Terms
from cinepeer.errors import BadInput
from cinepeer.records import merkle
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import DAG_PB, Cid
from cinepeer.records.record import Record
from cinepeer.rights import deeds
from cinepeer.rights.deeds import WHOLE, Deed, Offer, sign_deed, sign_offer
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.events import Entry
from cinepeer.rights.proofs import parse_header
from cinepeer.rights.royalties import statements
from cinepeer.rights.signatures import address_of
from cinepeer.rights.state import State, Title, fold

ROYALTY_BP = 500
DAY_S = 86_400

Owners = list[tuple[bytes, int]]


def parse_owners(found: Sequence[tuple[str, int]]) -> Owners:
    """Co-owners as (address, shares); raises `BadInput` when one is there twice or they take more than the whole."""
    owners = [(bytes.fromhex(holder.removeprefix("0x")), shares) for holder, shares in found]
    if len({holder for holder, _ in owners}) != len(owners):
        raise BadInput("found a co-owner twice, expected each once")
    taken = sum(shares for _, shares in owners)
    if taken > WHOLE:
        raise BadInput(f"found shares of {taken:,} in all, expected at most {WHOLE:,}: the rest is yours")
    return owners


class Titles:
    """The ledger's contracts as this home's account uses and reads them."""

    def __init__(
        self,
        ledger: Ledger,
        network: Network,
        author: Author,
        library: Library,
        store: RecordStore,
        key: bytes,
        clock_ms: Callable[[], int],
        entropy: Callable[[int], bytes],
    ) -> None:
        self.ledger = ledger
        self._author = author
        self._library = library
        self._store = store
        self._key = key
        self._clock_ms = clock_ms
        self._entropy = entropy
        self._turn = asyncio.Lock()
        self.sets = Contracts(network)
        self.address = address_of(key)
        self.wallet = Wallet(key, self.contracts)

    @property
    def contracts(self) -> ContractSet:
        """The contract set into which new titles go."""
        return self.sets.newest

    async def account(self) -> dict[str, Any]:
        """This home's account on the ledger."""
        return {
            "address": _hex(self.address),
            "balance": str(await self.ledger.balance(self.address)),
            "chain_id": self.contracts.chain_id,
            "author": str(self._author.id),
        }

    async def take_credits(self) -> dict[str, Any]:
        """Asks an embedded ledger for test credits; they are not money."""
        receipt = await self.ledger.faucet(self.address)
        return {**await self.account(), **_done(receipt)}

    async def register(self, film_id: str, owners: Owners) -> dict[str, Any]:
        """Registers the title of a film of this author; what no co-owner takes is this account's.

        Safe to repeat: a title that stands on the ledger already, in whichever contract set, is announced, not
        registered again.
        """
        film = self.own_film(film_id)
        deed = self.deed(film, owners)
        title, done = await self.standing(deed), {}
        if title is None:
            receipt = await self.send(self.contracts.titles, deeds.register_call(deed, self.sign(deed)))
            done = _done(receipt)
            title = await self.standing(deed)
            assert title is not None, "a registration that held has its entry"
        elif title.metadata != deed.metadata or title.shares != _shares(deed):
            raise BadInput(
                f"found these bytes registered already as {_hex(title.id)} with other owners or for another film "
                "record, expected a new film, or shares moved on the ledger"
            )
        for record, fields in film.titles:
            if fields["title"] == title.id:
                return {"title": _hex(title.id), "record": str(record.id), **done}
        contracts = self.sets.at(title.registry) or self.contracts
        record = await self.announce(film, title.id, deed, self.sign(deed, contracts), contracts)
        return {"title": _hex(title.id), "record": str(record.id), **done}

    async def announce(self, film: Film, title: bytes, deed: Deed, signature: bytes, contracts: ContractSet) -> Record:
        """Signs the record that says under which title a film stands, with the deed that anybody may check."""
        fields: dict[str, Any] = {
            "film": film.record,
            "chain": contracts.chain_id,
            "contract": contracts.titles,
            "title": title,
            "deed": deed.to_map(),
            "signature": signature,
        }
        record = await self._author.sign("title", fields)
        await self._library.refresh()
        return record

    async def standing(self, deed: Deed) -> Title | None:
        """The title of a deed's creator and content, when it stands on the ledger."""
        state, _ = await self.state()
        for title in reversed(state.titles.values()):
            if (title.deed.creator, title.deed.content) == (deed.creator, deed.content):
                return title
        return None

    def sign(self, deed: Deed, contracts: ContractSet | None = None) -> bytes:
        """
        This account's signature (65 bytes) over a deed, as its creator or as one who agrees to a share; for a contract
        set, or the newest.
        """
        return sign_deed(self._key, deed, contracts or self.contracts)

    def deed(self, film: Film, owners: Owners, days: int = 1) -> Deed:
        """The deed of a film's first version, for `days` to carry it; what no co-owner takes is this account's."""
        rest = WHOLE - sum(shares for _, shares in owners)
        everyone = [(self.address, rest), *owners] if rest else owners
        if len({holder for holder, _ in everyone}) != len(everyone):
            raise BadInput("found this account among the co-owners, expected it to take what they leave")
        version = min(film.versions, key=lambda one: (one.time, one.id))
        return Deed(
            creator=self.address,
            content=version.root.digest,
            metadata=film.record.digest,
            fingerprint=bytes(version.fields["source"]),
            codec=DAG_PB,
            royalty=ROYALTY_BP,
            deadline=self._clock_ms() // 1000 + days * DAY_S,
            holders=tuple(holder for holder, _ in everyone),
            shares=tuple(shares for _, shares in everyone),
        )

    async def offer(self, film_id: str, terms: Terms) -> dict[str, Any]:
        """Signs and announces a licence offer; it costs nothing until somebody takes it."""
        offer, contracts = self.draft(film_id, terms), self.home(self.film(film_id))
        signature = sign_offer(self._key, offer, contracts)
        record = await self._author.sign(
            "offer",
            {
                "chain": contracts.chain_id,
                "contract": contracts.licences,
                "terms": offer.to_map(),
                "signature": signature,
            },
        )
        await self._library.refresh()
        return {"offer": str(record.id), "digest": _hex(offer.digest(contracts)), "price": str(terms.price)}

    def draft(self, film_id: str, terms: Terms) -> Offer:
        """The offer that would be signed; raises `BadInput` for terms that no licence can have."""
        title = self.title_of(self.own_film(film_id))
        return terms.offer(title, self.address, self._clock_ms() // 1000, int.from_bytes(self._entropy(32)))

    def offers(self, film_id: str) -> list[Record]:
        """The licence offers of a film that are held, oldest first."""
        return [record for record, _ in self._library.catalogue.offers_of(self.title_of(self.film(film_id)))]

    async def held_offer(self, offer_record: Cid) -> tuple[Offer, bytes, ContractSet]:
        """An offer by its record, with its seller's signature and its contract set; raises `BadInput`."""
        held = await self._store.get(offer_record)
        if held is None or held[1] is None or held[0].kind != "offer":
            raise BadInput(f"found no offer {offer_record} here, expected the id of an offer's record")
        fields: dict[str, Any] = parse_body("offer", held[1])
        return Offer.from_map(fields["terms"]), bytes(fields["signature"]), self.offered_in(fields)

    def offered_in(self, fields: Mapping[str, Any]) -> ContractSet:
        """The contract set of an offer's record; raises `BadInput` for one of elsewhere."""
        contracts = self.sets.named_by(fields)
        if contracts is None or contracts.licences != fields["contract"]:
            raise BadInput(
                f"found an offer on chain {fields['chain']} at 0x{bytes(fields['contract']).hex()}, expected one of "
                f"this network: chain {self.contracts.chain_id} at {_hex(self.contracts.licences)}"
            )
        return contracts

    async def buy(self, offer_record: Cid) -> dict[str, Any]:
        """Buys a licence for this account; the signed offer goes to the ledger with the payment."""
        offer, signature, contracts = await self.held_offer(offer_record)
        data = deeds.buy_call(offer, signature, self.address)
        receipt = await self.send(contracts.licences, data, offer.price)
        return {"licensee": _hex(self.address), "digest": _hex(offer.digest(contracts)), **_done(receipt)}

    async def pay(self, film_id: str, amount: int, memo: str) -> dict[str, Any]:
        """Pays into a film's purse."""
        film = self.film(film_id)
        title = self.title_of(film)
        data = deeds.pay_call(title, memo.encode()[:32].ljust(32, b"\0"))
        receipt = await self.send(self.home(film).titles, data, amount)
        return {"title": _hex(title), "amount": str(amount), **_done(receipt)}

    async def withdraw(self, film_id: str, holder: bytes) -> dict[str, Any]:
        """Has a holder's royalties paid out to that holder."""
        film = self.film(film_id)
        title = self.title_of(film)
        due = await self.due(title, holder)
        receipt = await self.send(self.home(film).titles, deeds.withdraw_call(title, holder))
        return {"title": _hex(title), "holder": _hex(holder), "amount": str(due), **_done(receipt)}

    async def due(self, title: bytes, holder: bytes) -> int:
        """The royalties that wait for a holder; raises `BadInput` when there are none."""
        state, _ = await self.state()
        found = statements(state.titles[title]) if title in state.titles else []
        due = next((one.claimable for one in found if one.holder == holder), 0)
        if due == 0:
            raise BadInput(f"found no royalties due to {_hex(holder)}, expected some: nothing was sent")
        return due

    async def anchor(self) -> dict[str, Any]:
        """
        Anchors the Merkle root over everything that this node holds, in the order of its arrival; in each contract set,
        because the audit of a title rests on its own set alone.
        """
        leaves = await self._store.leaves()
        root = await asyncio.to_thread(merkle.root, leaves)
        for one in self.sets.sets:
            receipt = await self.send(one.anchors, deeds.anchor_call(root, len(leaves)))
        return {"root": root.hex(), "size": len(leaves), **_done(receipt)}

    async def rights(self, film_id: str) -> dict[str, Any]:
        """A film's rights as they stand: what the ledger's log says, folded."""
        title = self.title_of(self.film(film_id))
        state, block = await self.state()
        found = state.titles.get(title)
        if found is None:
            raise BadInput(f"found no title {_hex(title)} on the ledger up to block {block}, expected it registered")
        told = title_told(state, found, block, await self.now_s(block))
        return {**told, "offers": [str(record.id) for record in self.offers(film_id)]}

    async def state(self) -> tuple[State, int]:
        """The contracts' state and the block up to which it holds."""
        entries, head = await self.entries()
        return fold(entries), head

    async def now_s(self, block: int) -> int:
        """
        Seconds since 1970 by this node's clock, or by the ledger's newest block where it is ahead: each block is at
        least a second after the one before, so a licence of a busy minute may begin a few seconds from now.
        """
        return max(self._clock_ms() // 1000, parse_header(await self.ledger.header(block)).time)

    async def entries(self) -> tuple[list[Entry], int]:
        """Every entry of the log of all contract sets, and the block up to which they were read."""
        return await self.sets.history(self.ledger)

    async def drop(self, tx: bytes) -> Underway:
        """Takes the number of a stuck transaction of this account by one that does nothing; what came of it."""
        return await self.ledger.drop(self._key, tx)

    async def again(self, tx: bytes) -> Underway:
        """Offers a stuck transaction of this account once more; what it has come to so far."""
        return await self.ledger.again(self._key, tx)

    async def send(self, to: bytes, data: bytes, value: int = 0) -> Receipt:
        """A transaction of this account, one after the other."""
        async with self._turn:
            return await self.ledger.send(self._key, to, data, value)

    def film(self, film_id: str) -> Film:
        """A film that this node has a record of; raises `BadInput`."""
        film = self._library.catalogue.films.get(film_id)
        if film is None:
            raise BadInput(
                f"found no film {film_id[:80]!r} here, expected the id of one that this node has a record of"
            )
        return film

    def own_film(self, film_id: str) -> Film:
        """A film of this node's author with a version; raises `BadInput`."""
        film = self.film(film_id)
        if film.author != self._author.id or not film.versions:
            raise BadInput(f"found the film {film_id} of another author or without a version, expected one of your own")
        return film

    def registered(self, film: Film) -> tuple[Record, dict[str, Any]]:
        """The record and body of a film's title in this network; raises `BadInput` when there is none."""
        for record, body in film.titles:
            contracts = self.sets.named_by(body)
            if contracts is not None and contracts.titles == body["contract"]:
                return record, body
        raise BadInput(f"found no title of {film.name!r} in this network, expected it registered first")

    def title_of(self, film: Film) -> bytes:
        """A film's title (20 bytes) in this network; raises `BadInput`."""
        return bytes(self.registered(film)[1]["title"])

    def home(self, film: Film) -> ContractSet:
        """The contract set in which a film's title stands; raises `BadInput` for a film without one."""
        contracts = self.sets.named_by(self.registered(film)[1])
        assert contracts is not None, "a title in this network is in one of its sets"
        return contracts


def _shares(deed: Deed) -> dict[bytes, int]:
    return dict(zip(deed.holders, deed.shares, strict=True))


def _done(receipt: Receipt) -> dict[str, Any]:
    return {"tx": _hex(receipt.tx), "block": receipt.block, "gas": receipt.gas}


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
