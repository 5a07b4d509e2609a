"""The forms of a bundle of titles without bytes, `cinepeer/audit/2`: an author's, a network's, a catalogue's or one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from cinepeer.content import car
from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, RAW, Cid
from cinepeer.records.dagcbor import Value
from cinepeer.rights.deeds import Deed, Offer
from cinepeer.rights.deployment import NAMES
from cinepeer.rights.events import Log
from cinepeer.rights.fields import Fields, link, listed, row, sized
from cinepeer.rights.further import FurtherSet
from cinepeer.rights.manifest import ledger_part, log_page, log_rows, read_logs, read_page
from cinepeer.rights.proofs import AccountProof
from cinepeer.rights.sequencer import SignedHeader
from cinepeer.rights.succession import Handover

FORMAT = "cinepeer/audit/2"
SORTS = ("author", "network", "catalogue", "title")
DOSSIERS_A_PAGE = 1_000
RECORDS_A_PAGE = 1_000
LEAVES_A_PAGE = 2_000
LOGS_A_PAGE = 500
ID_BYTES = 36

Get = Callable[[Cid], bytes | None]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Signed:
    """What a title's owners signed: its film and version records, the version's root, the deed, and offers taken."""

    film: Cid
    version: Cid
    content: Cid
    deed: Deed
    signature: bytes
    offers: tuple[tuple[Offer, bytes], ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """
    What a collection proves of one title (20 bytes): its own log entries, trie nodes of the contracts' storage that
    lead to its slots (those that it does not share), and what was signed; None when the title is known from the
    ledger alone.
    """

    title: bytes
    logs: tuple[Log, ...]
    nodes: tuple[bytes, ...]
    signed: Signed | None

    def block(self) -> bytes:
        """The dossier as it stands in a bundle."""
        signed: Value = None
        if self.signed is not None:
            one = self.signed
            offers: list[Value] = [[offer.to_map(), signature] for offer, signature in one.offers]
            signed = {
                "film": one.film,
                "version": one.version,
                "content": one.content,
                "deed": one.deed.to_map(),
                "signature": one.signature,
                "offers": offers,
            }
        return dagcbor.encode(
            {"title": self.title, "logs": log_rows(self.logs), "nodes": list(self.nodes), "signed": signed}
        )


@dataclass(frozen=True, slots=True)
class Collection:
    """
    A collection's manifest. `subject` is the author's id, of other sorts the network's; `nodes` the trie nodes that
    dossiers share; `account` whose anchored `leaves` are here, None without any. The rest are pages of lists.
    """

    sort: str
    subject: Cid
    genesis: Cid
    ledger: Cid
    code: tuple[Cid, ...]
    nodes: Cid
    anchors: tuple[Cid, ...]
    dossiers: tuple[Cid, ...]
    records: tuple[Cid, ...]
    account: bytes | None
    leaves: tuple[Cid, ...]

    def block(self) -> bytes:
        """The manifest as it stands first in a bundle."""
        fields: dict[str, Value] = {"format": FORMAT, "sort": self.sort, "subject": self.subject}
        fields |= {"genesis": self.genesis, "ledger": self.ledger, "code": list(self.code), "nodes": self.nodes}
        fields |= {name: list(getattr(self, name)) for name in ("anchors", "dossiers", "records", "leaves")}
        return dagcbor.encode(fields | {"account": self.account})


def parse_collection(block: bytes) -> Collection:
    """Reads a collection's manifest; raises `Refused` (`bad-form`, `not-canonical`)."""
    fields = Fields.of(block, "the manifest")
    form, sort = fields.take("format", str), fields.take("sort", str)
    if form != FORMAT or sort not in SORTS:
        raise Refused("bad-form", f"found the format {form[:40]!r} of {sort[:40]!r}, expected {FORMAT} of {SORTS}")

    def pages(name: str) -> tuple[Cid, ...]:
        return tuple(link(cid, f"the manifest's {name}") for cid in fields.items(name))

    collection = Collection(
        sort,
        fields.cid("subject"),
        fields.cid("genesis"),
        fields.cid("ledger"),
        tuple(link(cid, "the manifest's code") for cid in row(fields.take("code", list), len(NAMES), "code")),
        fields.cid("nodes"),
        pages("anchors"),
        pages("dossiers"),
        pages("records"),
        fields.optional("account", 20),
        pages("leaves"),
    )
    fields.verify_end()
    return collection


def read_dossier(block: bytes) -> Dossier:
    """Reads one title's part; raises `Refused` (`bad-form`, `not-canonical`, `bad-deed`)."""
    fields = Fields.of(block, "a title's part")
    said = fields.value("signed")
    dossier = Dossier(
        fields.data("title", 20),
        tuple(read_logs(fields.items("logs"))),
        tuple(sized(node, None, "a trie node") for node in fields.items("nodes")),
        None if said is None else _signed(said),
    )
    fields.verify_end()
    return dossier


def _signed(value: object) -> Signed:
    fields = Fields(value, "what was signed of a title")
    offers = []
    for one in fields.items("offers"):
        terms, signature = row(one, 2, "an offer")
        if not isinstance(terms, dict):
            raise Refused("bad-form", "an offer: found no map of its terms, expected one")
        offers.append((Offer.from_map(terms), sized(signature, None, "an offer's signature")))
    signed = Signed(
        fields.cid("film"),
        fields.cid("version"),
        fields.cid("content"),
        Deed.from_map(fields.take("deed", dict)),
        fields.data("signature"),
        tuple(offers),
    )
    fields.verify_end()
    return signed


def read_links(block: bytes, what: str) -> list[Cid]:
    """A page of links; raises `Refused`."""
    return [link(one, what) for one in listed(dagcbor.decode(block), what)]


def read_pairs(block: bytes) -> list[tuple[Cid, Cid | None]]:
    """A page of records: each with its body or None; raises `Refused`."""
    what = "a page of records"
    pairs = [row(pair, 2, what) for pair in listed(dagcbor.decode(block), what)]
    return [(link(record, what), None if body is None else link(body, what)) for record, body in pairs]


def read_leaves(block: bytes) -> list[bytes]:
    """A page of anchored leaves: each a record's id (36 bytes), or the whole record; raises `Refused`."""
    return [sized(one, None, "an anchored leaf") for one in listed(dagcbor.decode(block), "a page of leaves")]


def read_nodes(block: bytes) -> list[bytes]:
    """The trie nodes that dossiers share; raises `Refused`."""
    return [sized(one, None, "a trie node") for one in listed(dagcbor.decode(block), "the shared trie nodes")]


def read_anchor_logs(manifest: Collection, get: Get) -> tuple[Log, ...]:
    """The entries of the contract Anchors; raises `Refused`."""
    return tuple(log for cid in manifest.anchors for log in read_page(needed(cid, get, "a page of anchors")))


def order(root: Cid, get: Get) -> Iterator[tuple[Cid, str]]:
    """Every block of a collection once, in the order of the format, each with what it is; as far as `get` leads."""
    seen: set[Cid] = set()
    for cid, role in _order(root, get):
        if cid not in seen:
            seen.add(cid)
            yield cid, role


def _order(root: Cid, get: Get) -> Iterator[tuple[Cid, str]]:
    yield root, "the manifest"
    block = get(root)
    if block is None:
        return
    manifest = parse_collection(block)
    yield manifest.genesis, "the genesis of the network"
    yield manifest.ledger, "the header and proofs of the ledger"
    yield from ((cid, f"the code of {name}") for name, cid in zip(NAMES, manifest.code, strict=True))
    yield manifest.nodes, "the shared trie nodes"
    yield from ((cid, f"page {number} of the anchors") for number, cid in enumerate(manifest.anchors, 1))
    for number, page in enumerate(manifest.records, 1):
        yield page, f"page {number} of the records"
        for record, body in read_pairs(_block(page, get)):
            yield record, "a record"
            if body is not None:
                yield body, f"the body of the record {record}"
    yield from ((cid, f"page {number} of the anchored leaves") for number, cid in enumerate(manifest.leaves, 1))
    for number, page in enumerate(manifest.dossiers, 1):
        yield page, f"page {number} of the titles"
        for place, cid in enumerate(read_links(_block(page, get), "a page of titles"), 1):
            yield cid, f"title {place} of page {number}"


def _block(cid: Cid, get: Get) -> bytes:
    """A page that others hang on; a missing one leads nowhere."""
    block = get(cid)
    return dagcbor.encode([]) if block is None else block


def needed(cid: Cid, get: Get, role: str) -> bytes:
    """A sound block; raises `Refused` (`missing-block`)."""
    block = get(cid)
    if block is None:
        raise Refused("missing-block", f"found no sound block {cid}, expected {role}")
    return block


@dataclass(frozen=True, slots=True)
class Gathered:
    """
    What a node gathers for a collection. `accounts` prove the four contracts under the header's state root, and the
    slots of the anchoring accounts; `dossiers` are read once, and `nodes`, which they share, after them; `records` are
    (record block, body or None) in an order that `Feeds` admits; `leaves` the ids that `account` anchored, or the
    records.
    """

    sort: str
    subject: Cid
    genesis: bytes
    header: SignedHeader
    accounts: Sequence[AccountProof]
    code: Sequence[bytes]
    anchors: Sequence[Log]
    nodes: Iterable[bytes]
    dossiers: Iterable[Dossier]
    records: Iterable[tuple[bytes, bytes | None]]
    account: bytes | None
    leaves: Iterable[bytes]
    handovers: Sequence[Handover] = ()
    sets: Sequence[FurtherSet] = ()


def build_collection(gathered: Gathered, parts: MutableMapping[Cid, bytes]) -> Iterator[bytes]:
    """The bundle's bytes, the same for the same material; the blocks go through `parts`, which may lie on a disk."""

    def put(block: bytes, codec: int = DAG_CBOR) -> Cid:
        cid = Cid.of(block, codec)
        parts[cid] = block
        return cid

    def pages(items: Iterable[_T], size: int, encode: Callable[[list[_T]], Value]) -> tuple[Cid, ...]:
        return tuple(put(dagcbor.encode(encode(page))) for page in _paged(items, size))

    dossiers = pages(gathered.dossiers, DOSSIERS_A_PAGE, lambda page: [put(one.block()) for one in page])
    root = put(
        Collection(
            sort=gathered.sort,
            subject=gathered.subject,
            genesis=put(gathered.genesis),
            ledger=put(ledger_part(gathered.header, gathered.accounts, gathered.handovers, gathered.sets)),
            code=tuple(put(code, RAW) for code in gathered.code),
            nodes=put(dagcbor.encode(list(gathered.nodes))),
            anchors=tuple(put(log_page(page)) for page in _paged(gathered.anchors, LOGS_A_PAGE)),
            records=pages(
                gathered.records,
                RECORDS_A_PAGE,
                lambda page: [[put(record), None if body is None else put(body)] for record, body in page],
            ),
            account=gathered.account,
            leaves=pages(gathered.leaves, LEAVES_A_PAGE, lambda page: list(page)),
            dossiers=dossiers,
        ).block()
    )

    def blocks() -> Iterator[tuple[Cid, bytes]]:
        for cid, _ in order(root, parts.get):
            yield cid, parts[cid]

    return car.write([root], blocks())


def _paged(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    left = iter(items)
    while page := list(islice(left, size)):
        yield page
