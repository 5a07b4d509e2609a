"""The forms of a bundle's parts: what each block of `cinepeer/audit/1` says, written and read strictly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.rights.deeds import Deed, Offer
from cinepeer.rights.deployment import NAMES
from cinepeer.rights.events import Log
from cinepeer.rights.fields import Fields, link, listed, row, sized, whole
from cinepeer.rights.further import FurtherSet, parse_further
from cinepeer.rights.proofs import AccountProof, SlotProof
from cinepeer.rights.sequencer import SignedHeader
from cinepeer.rights.succession import Handover, parse_handovers

FORMAT = "cinepeer/audit/1"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A bundle's first block: what it is about, and links to its parts."""

    film: Cid
    version: Cid
    title: bytes
    content: Cid
    genesis: Cid
    ledger: Cid
    code: tuple[Cid, ...]
    logs: tuple[Cid, ...]
    rights: Cid
    records: tuple[tuple[Cid, Cid | None], ...]
    ratings: Cid

    def block(self) -> bytes:
        """The manifest as it stands first in a bundle."""
        return dagcbor.encode(
            {
                "format": FORMAT,
                "film": self.film,
                "version": self.version,
                "title": self.title,
                "content": self.content,
                "genesis": self.genesis,
                "ledger": self.ledger,
                "code": list(self.code),
                "logs": list(self.logs),
                "rights": self.rights,
                "records": [list(pair) for pair in self.records],
                "ratings": self.ratings,
            }
        )

    def parts(self) -> Iterator[tuple[Cid, str]]:
        """Every part but the film's bytes, in the order of the format, with what it is."""
        yield self.genesis, "the genesis of the network"
        yield self.ledger, "the header and proofs of the ledger"
        for name, cid in zip(NAMES, self.code, strict=True):
            yield cid, f"the code of {name}"
        for number, cid in enumerate(self.logs, 1):
            yield cid, f"page {number} of the ledger's log"
        yield self.rights, "the deed and the offers"
        for number, (record, body) in enumerate(self.records, 1):
            yield record, f"record {number}"
            if body is not None:
                yield body, f"the body of record {number}"
        yield self.ratings, "the proofs of ratings"


def parse_manifest(block: bytes) -> Manifest:
    """Reads the manifest; raises `Refused` (`bad-form`, `not-canonical`)."""
    fields = Fields.of(block, "the manifest")
    form = fields.take("format", str)
    if form != FORMAT:
        raise Refused("bad-form", f"found the format {form[:40]!r}, expected {FORMAT}")
    what = "the manifest's records"
    pairs = [row(pair, 2, what) for pair in fields.items("records")]
    manifest = Manifest(
        fields.cid("film"),
        fields.cid("version"),
        fields.data("title", 20),
        fields.cid("content"),
        fields.cid("genesis"),
        fields.cid("ledger"),
        tuple(link(cid, "the manifest's code") for cid in row(fields.take("code", list), len(NAMES), "code")),
        tuple(link(cid, "the manifest's log") for cid in fields.items("logs")),
        fields.cid("rights"),
        tuple((link(record, what), None if body is None else link(body, what)) for record, body in pairs),
        fields.cid("ratings"),
    )
    fields.verify_end()
    return manifest


@dataclass(frozen=True, slots=True)
class RatingProof:
    """
    That a rating record existed when its node anchored: the record, the anchoring account (20 bytes), the anchored
    root over `size` leaves, and the RFC 6962 path of the record's id at `index`.
    """

    record: Cid
    account: bytes
    root: bytes
    size: int
    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LedgerPart:
    """
    What a bundle shows of its block: the signed header (no signature on a chain of others), the proofs of the accounts
    of one contract set, the hand-overs that led to the header's signer, and the founder's naming of that set where it
    is not the genesis's own, with those before it.
    """

    header: SignedHeader
    accounts: tuple[AccountProof, ...]
    handovers: tuple[Handover, ...] = ()
    sets: tuple[FurtherSet, ...] = ()


def ledger_part(
    header: SignedHeader,
    accounts: Sequence[AccountProof],
    handovers: Sequence[Handover] = (),
    sets: Sequence[FurtherSet] = (),
) -> bytes:
    """The block of a ledger's part."""
    fields: dict[str, Value] = {
        "header": header.rlp,
        "signature": header.signature,
        "accounts": [_account_row(proof) for proof in accounts],
    }
    if handovers:
        fields["handovers"] = [one.to_map() for one in handovers]
    if sets:
        fields["sets"] = [one.to_map() for one in sets]
    return dagcbor.encode(fields)


def rights_part(deed: Deed, signature: bytes, offers: Sequence[tuple[Offer, bytes]]) -> bytes:
    """The block of the deed and the offers, with their signatures."""
    fields: dict[str, Value] = {
        "deed": deed.to_map(),
        "signature": signature,
        "offers": [[offer.to_map(), signed] for offer, signed in offers],
    }
    return dagcbor.encode(fields)


def ratings_part(proofs: Sequence[RatingProof]) -> bytes:
    """The block of the proofs of ratings."""
    return dagcbor.encode([_rating_row(proof) for proof in proofs])


def log_page(logs: Sequence[Log]) -> bytes:
    """One block of log entries."""
    return dagcbor.encode(log_rows(logs))


def log_rows(logs: Sequence[Log]) -> Value:
    """Log entries as a part lists them."""
    return [_log_row(log) for log in logs]


def _log_row(log: Log) -> Value:
    return [log.address, list(log.topics), log.data, log.block, log.index, log.tx]


def _account_row(proof: AccountProof) -> Value:
    slots: list[Value] = [[one.slot.to_bytes(32, "big"), list(one.nodes)] for one in proof.slots]
    return [proof.address, list(proof.nodes), slots]


def _rating_row(proof: RatingProof) -> Value:
    return [proof.record, proof.account, proof.root, proof.size, proof.index, list(proof.path)]


def read_page(block: bytes) -> list[Log]:
    """The log entries of one block; raises `Refused`."""
    return read_logs(listed(dagcbor.decode(block), "a page of the log"))


def read_logs(entries: Sequence[object]) -> list[Log]:
    """The log entries of a part's list; raises `Refused`."""
    what = "a log entry"
    logs = []
    for entry in entries:
        address, topics, data, number, index, tx = row(entry, 6, what)
        logs.append(
            Log(
                sized(address, 20, what),
                tuple(sized(topic, 32, what) for topic in listed(topics, what)),
                sized(data, None, what),
                whole(number, what),
                whole(index, what),
                sized(tx, 32, what),
            )
        )
    return logs


def read_ledger(block: bytes) -> LedgerPart:
    """Reads a ledger's part; raises `Refused`. Whether it holds, the audit says."""
    fields = Fields.of(block, "the ledger's part")
    header, signature = fields.data("header"), fields.data("signature")
    if len(signature) not in (0, 64):
        raise Refused(
            "bad-form", f"the ledger's part: found a signature of {len(signature)} bytes, expected 64, or none"
        )
    accounts = tuple(_read_account(value) for value in fields.items("accounts"))
    handovers = parse_handovers(fields.items("handovers")) if fields.has("handovers") else ()  # type: ignore[arg-type]
    sets = parse_further(fields.items("sets")) if fields.has("sets") else ()  # type: ignore[arg-type]
    fields.verify_end()
    return LedgerPart(SignedHeader(header, signature), accounts, handovers, sets)


def _read_account(value: object) -> AccountProof:
    what = "an account's proof"
    address, nodes, slots = row(value, 3, what)
    proved = []
    for one in listed(slots, what):
        slot, way = row(one, 2, what)
        number = int.from_bytes(sized(slot, 32, what), "big")
        proved.append(SlotProof(number, tuple(sized(node, None, what) for node in listed(way, what))))
    way = tuple(sized(node, None, what) for node in listed(nodes, what))
    return AccountProof(sized(address, 20, what), way, tuple(proved))


def read_rights(block: bytes) -> tuple[Deed, bytes, tuple[tuple[Offer, bytes], ...]]:
    """The deed with its signature, and the offers with theirs; raises `Refused`."""
    fields = Fields.of(block, "the deed and offers")
    deed = Deed.from_map(fields.take("deed", dict))
    signature = fields.data("signature")
    offers = []
    for value in fields.items("offers"):
        terms, signed = row(value, 2, "an offer")
        if not isinstance(terms, dict):
            raise Refused("bad-form", "an offer: found no map of its terms, expected one")
        offers.append((Offer.from_map(terms), sized(signed, None, "an offer's signature")))
    fields.verify_end()
    return deed, signature, tuple(offers)


def read_ratings(block: bytes) -> tuple[RatingProof, ...]:
    """The proofs of ratings; raises `Refused`."""
    what = "a rating's proof"
    proofs = []
    for value in listed(dagcbor.decode(block), "the proofs of ratings"):
        record, account, root, size, index, path = row(value, 6, what)
        proofs.append(
            RatingProof(
                link(record, what),
                sized(account, 20, what),
                sized(root, 32, what),
                whole(size, what),
                whole(index, what),
                tuple(sized(node, 32, what) for node in listed(path, what)),
            )
        )
    return tuple(proofs)
