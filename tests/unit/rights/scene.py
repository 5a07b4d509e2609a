"""A film's whole story on a real ledger in memory, as the material of an audit bundle."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from cinepeer.adapters.chain.evm import Evm
from cinepeer.adapters.chain.faucet import Faucet
from cinepeer.adapters.chain.founding import found
from cinepeer.adapters.chain.genesis import deployer_key, new_genesis
from cinepeer.adapters.chain.rpc import Rpc
from cinepeer.adapters.chain.sequencer import Sequencer
from cinepeer.adapters.chain.signing import sign_transaction
from cinepeer.content import unixfs
from cinepeer.records import dagcbor, keys, merkle
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import RAW, Cid
from cinepeer.records.record import Record, sign_record
from cinepeer.rights import deeds
from cinepeer.rights.audit import Expectations, Report, verify
from cinepeer.rights.bundle import Material, build
from cinepeer.rights.deployment import NAMES, ContractSet, predict
from cinepeer.rights.events import Log, decode_all
from cinepeer.rights.licences import medium_bit
from cinepeer.rights.manifest import RatingProof
from cinepeer.rights.proofs import AccountProof, SlotProof, parse_header
from cinepeer.rights.sequencer import SignedHeader
from cinepeer.rights.shipped import SHIPPED
from cinepeer.rights.signatures import address_of
from cinepeer.rights.state import State, fold
from cinepeer.rights.territories import WORLD
from cinepeer.rights.wanted import wanted_slots

SEED = bytes(range(32))
BORN = 1_700_000_000
CHAIN = 7373
EXPECTATIONS = Expectations(SHIPPED)
CREATOR, PARTNER, CINEMA, RELAYER = (bytes([number]) * 32 for number in (11, 12, 13, 14))
PRICE = 5_000_000_000_000_001
TIP = 333


def hexed(value: bytes) -> str:
    return "0x" + value.hex()


def unhexed(text: str) -> bytes:
    return bytes.fromhex(text[2:])


class Chain:
    """The embedded ledger with the shipped contracts, driven without sockets."""

    def __init__(self) -> None:
        deployer = address_of(deployer_key(SEED))
        credits = {address_of(key): 1_000 for key in (CREATOR, PARTNER, CINEMA, RELAYER)}
        self.genesis = new_genesis("Test", CHAIN, BORN, keys.public_key(SEED), deployer, credits)
        self.now = float(BORN + 1000)
        self.evm = Evm(":memory:", self.genesis)
        self.sequencer = Sequencer(self.evm, SEED, self.clock)
        self.rpc = Rpc(self.sequencer, Faucet(self.sequencer, SEED, self.clock), self.clock)
        found(self.sequencer, SEED)
        self.contracts: ContractSet = predict(deployer, CHAIN)

    def clock(self) -> float:
        self.now += 0.4
        return self.now

    def ask(self, method: str, *parameters: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        said = json.loads(asyncio.run(self.rpc.answer(json.dumps(body).encode())))
        assert "result" in said, said
        return said["result"]

    def send(self, key: bytes, to: bytes, data: bytes, value: int = 0) -> dict[str, Any]:
        """Executes one call in a block of its own; it must hold."""
        nonce = self.sequencer.nonce(address_of(key))
        raw = sign_transaction(key, CHAIN, nonce, to=to, value=value, payload=data, gas=3_000_000).encode()
        tx = self.sequencer.submit(raw)
        assert self.sequencer.seal() is not None
        receipt = self.ask("eth_getTransactionReceipt", hexed(tx))
        assert receipt["status"] == "0x1", self.error(key, to, data, value)
        return dict(receipt)

    def error(self, key: bytes, to: bytes, data: bytes, value: int = 0) -> str:
        """What an endpoint says of a call that reverts."""
        fields = {"from": hexed(address_of(key)), "to": hexed(to), "data": hexed(data), "value": hex(value)}
        body = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [fields, "latest"]}
        return asyncio.run(self.rpc.answer(json.dumps(body).encode())).decode()

    def view(self, to: bytes, data: bytes) -> bytes:
        return unhexed(self.ask("eth_call", {"to": hexed(to), "data": hexed(data)}, "latest"))

    def logs(self) -> list[Log]:
        wanted = {"address": [hexed(one) for one in self.contracts.named().values()], "fromBlock": "0x0"}
        return [
            Log(
                unhexed(one["address"]), tuple(unhexed(topic) for topic in one["topics"]), unhexed(one["data"]),
                int(one["blockNumber"], 16), int(one["logIndex"], 16), unhexed(one["transactionHash"]),
            )
            for one in self.ask("eth_getLogs", wanted)
        ]  # fmt: skip

    def header(self) -> SignedHeader:
        said = self.ask("cinepeer_signedHeader", "latest")
        return SignedHeader(unhexed(said["header"]), unhexed(said["signature"]))

    def proof(self, address: bytes, slots: list[int]) -> AccountProof:
        said = self.ask("eth_getProof", hexed(address), [f"0x{slot:064x}" for slot in slots], "latest")
        proved = tuple(
            SlotProof(slot, tuple(unhexed(node) for node in one["proof"]))
            for slot, one in zip(slots, said["storageProof"], strict=True)
        )
        return AccountProof(address, tuple(unhexed(node) for node in said["accountProof"]), proved)

    def state(self) -> State:
        return fold(decode_all(self.logs(), self.contracts))


class Person:
    """An author with a root and one device, whose records follow one another."""

    def __init__(self, number: int) -> None:
        root, following, self.device = (bytes([number]) * 31 + bytes([part]) for part in (1, 2, 3))
        committed = hashlib.sha256(keys.public_key(following)).digest()
        body = self._body("inception", root=keys.public_key(root), next=committed)
        first = sign_record(root, author=None, seq=0, prev=None, time=BORN * 1000, kind="inception", body=body)
        admits = self._body("delegate", device=keys.public_key(self.device), name="node")
        second = sign_record(
            root, author=first.id, seq=1, prev=first.id, time=BORN * 1000, kind="delegate", body=admits
        )
        self.id = first.id
        self.records: list[tuple[Record, bytes]] = [(first, body), (second, admits)]
        self._own: list[Record] = []

    def sign(self, kind: str, seq: int | None = None, **fields: Any) -> Record:
        """The next record of the device, or another one at `seq`."""
        body = self._body(kind, **fields)
        seq = len(self._own) if seq is None else seq
        prev = self._own[seq - 1].id if seq else None
        time = (BORN + 60 + len(self._own)) * 1000
        record = sign_record(self.device, author=self.id, seq=seq, prev=prev, time=time, kind=kind, body=body)
        self._own.append(record)
        self.records.append((record, body))
        return record

    def _body(self, kind: str, **fields: Any) -> bytes:
        return new_body(kind, hashlib.sha256(repr(sorted(fields)).encode() + kind.encode()).digest()[:16], **fields)


@dataclass
class Story:
    """The film, its people and its ledger."""

    chain: Chain
    creator: Person
    viewer: Person
    host: Person
    film: Record
    version: Record
    rating: Record
    deed: deeds.Deed
    deed_signature: bytes
    offer: deeds.Offer
    offer_signature: bytes
    title: bytes
    content: Cid
    blocks: dict[Cid, bytes]
    leaves: list[Cid]
    extra: list[tuple[Record, bytes]] = field(default_factory=list)

    def material(self, *, witnessed: bool = True, **changes: Any) -> Material:
        """Everything gathered at the ledger's newest block; `changes` replace fields of it."""
        chain = self.chain
        state = chain.state()
        account = address_of(RELAYER)
        wanted = wanted_slots(state, self.title, [account])
        signed = chain.header()
        header = parse_header(signed.rlp)
        people = [self.creator, self.viewer]
        if witnessed:
            host = Person(4)
            host.sign("witness", chain=CHAIN, height=header.number, hash=header.hash)
            people.append(host)
        records = [(record.block, body) for one in people for record, body in one.records]
        records += [(record.block, body) for record, body in self.extra]
        index = self.leaves.index(self.rating.id)
        proof = RatingProof(
            self.rating.id, account, merkle.root(self.leaves), len(self.leaves), index,
            tuple(merkle.inclusion(self.leaves, index)),
        )  # fmt: skip
        named = chain.contracts.named()
        material = Material(
            film=self.film.id,
            version=self.version.id,
            title=self.title,
            content=self.content,
            genesis=dagcbor.encode(chain.genesis),
            header=signed,
            accounts=[chain.proof(named[name], wanted[name]) for name in NAMES],
            code={name: unhexed(chain.ask("eth_getCode", hexed(named[name]), "latest")) for name in NAMES},
            logs=chain.logs(),
            deed=self.deed,
            deed_signature=self.deed_signature,
            offers=[(self.offer, self.offer_signature)],
            records=records,
            ratings=[proof],
            block=self.blocks.get,
        )
        return replace(material, **changes)

    def anchor(self, leaves: list[Cid]) -> None:
        """Anchors once more, over these leaves."""
        self.chain.send(RELAYER, self.chain.contracts.anchors, deeds.anchor_call(merkle.root(leaves), len(leaves)))
        self.leaves = leaves

    def bundle(self, **changes: Any) -> bytes:
        return b"".join(build(self.material(**changes)))


def film_bytes(blocks: dict[Cid, bytes]) -> Cid:
    """A version's folder: a playlist and two segments, one of which needs two leaves."""
    put = blocks.__setitem__
    long = b"".join(hashlib.sha256(bytes([at & 255, at >> 8])).digest() for at in range(9_000))
    entries = [
        ("master.m3u8", unixfs.import_file([b"#EXTM3U\n"], put)),
        ("a.m4s", unixfs.import_file([long], put)),
        ("b.m4s", unixfs.import_file([b"short"], put)),
    ]
    return unixfs.directory(entries, put).cid


def new_story(film_of: Callable[[dict[Cid, bytes]], Cid] = film_bytes) -> Story:
    """Publishes, registers 70/30, sells a licence, pays, withdraws, rates and anchors."""
    chain, creator, viewer, host = Chain(), Person(1), Person(2), Person(3)
    contracts = chain.contracts
    blocks: dict[Cid, bytes] = {}
    content = film_of(blocks)
    source = hashlib.sha256(b"film.mp4").digest()
    film = creator.sign(
        "film", name="A Film", year=2026, external=["imdb:tt0111161"], credits=[], genres=["drama"], synopsis="",
        languages=["en"],
    )  # fmt: skip
    version = creator.sign(
        "version", film=film.id, label="original cut", root=content, duration_ms=20_000,
        size_bytes=sum(map(len, blocks.values())), blocks=len(blocks), renditions=[], source=source,
    )  # fmt: skip
    deed = deeds.Deed(
        creator=address_of(CREATOR), content=content.digest, metadata=film.id.digest, fingerprint=source, royalty=500,
        deadline=BORN + 10**6, holders=(address_of(CREATOR), address_of(PARTNER)), shares=(7000, 3000),
    )  # fmt: skip
    signature = deeds.sign_deed(CREATOR, deed, contracts)
    receipt = chain.send(RELAYER, contracts.titles, deeds.register_call(deed, signature))
    title = unhexed(receipt["logs"][0]["topics"][1])[12:]
    creator.sign(
        "title", film=film.id, chain=CHAIN, contract=contracts.titles, title=title, deed=deed.to_map(),
        signature=signature,
    )  # fmt: skip
    offer = deeds.Offer(
        title=title, seller=address_of(CREATOR), token=deeds.NATIVE, price=PRICE, opens=0, closes=BORN + 10**8, start=0,
        end=0, term=30 * 86_400, supply=10, media=medium_bit("cinema"), remixShares=0, exclusive=False, revocable=False,
        territory=WORLD, terms=bytes(32), salt=2**200 + 7,
    )  # fmt: skip
    offered = deeds.sign_offer(CREATOR, offer, contracts)
    creator.sign("offer", chain=CHAIN, contract=contracts.licences, terms=offer.to_map(), signature=offered)
    chain.send(CINEMA, contracts.licences, deeds.buy_call(offer, offered, address_of(CINEMA)), PRICE)
    chain.send(RELAYER, contracts.titles, deeds.pay_call(title, b"tip".ljust(32, b"\0")), TIP)
    chain.send(RELAYER, contracts.titles, deeds.withdraw_call(title, address_of(PARTNER)))
    viewer.sign("rating", ratings=[["imdb:tt0000001", 3]])
    rating = viewer.sign("rating", ratings=[[str(film.id), 9], ["imdb:tt0000002", None]])
    leaves = [record.id for person in (creator, viewer) for record, _ in person.records]
    chain.send(RELAYER, contracts.anchors, deeds.anchor_call(merkle.root(leaves[:4]), 4))
    chain.send(RELAYER, contracts.anchors, deeds.anchor_call(merkle.root(leaves), len(leaves)))
    return Story(
        chain, creator, viewer, host, film, version, rating, deed, signature, offer, offered, title, content, blocks,
        leaves,
    )  # fmt: skip


@cache
def story() -> Story:
    """The story that tests read and do not change."""
    return new_story()


@cache
def sound_bundle() -> bytes:
    """Its bundle, which holds."""
    return story().bundle()


def raw_leaf(blocks: dict[Cid, bytes]) -> Cid:
    """The largest raw block of a film."""
    return max((cid for cid in blocks if cid.codec == RAW), key=lambda cid: len(blocks[cid]))


def audited(**changes: Any) -> Report:
    """The audit of the story's bundle, with parts of its material replaced."""
    return verify(story().bundle(**changes), EXPECTATIONS)


def failed(report: Report) -> list[str]:
    """The checks of a report that did not hold; there must be some."""
    assert not report.ok
    return [line.check for line in report.failures]


def sentence(report: Report, check: str) -> str:
    """What a check found."""
    return next(line.found for line in report.lines if line.check == check)
