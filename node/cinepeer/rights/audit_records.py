"""The records' part of an audit: feeds, film and version against the deed, bytes, and when ratings existed."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from cinepeer.errors import Refused
from cinepeer.records import merkle
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.records.feed import Feeds
from cinepeer.records.record import Record, parse_record, verify_body, verify_record
from cinepeer.rights.audit_ledger import LedgerAudit
from cinepeer.rights.bundle import Evidence, Get, film_blocks
from cinepeer.rights.held import HeldRecords
from cinepeer.rights.index import Index, key_of
from cinepeer.rights.inspection import Inspection, address, moment, need
from cinepeer.rights.manifest import RatingProof

_FOLDED_AT_ONCE = 1_000
"""So many records lie in memory as they are folded; then only their places are kept."""


@dataclass(slots=True)
class FeedAudit:
    """What the checks of records established: the feeds (None where they did not hold) and the records by id."""

    held: HeldRecords
    feeds: Feeds | None = None
    witnesses: int = 0
    _titles: tuple[Index, list[Cid]] | None = None

    def titles_of(self, film: Cid) -> list[Record]:
        """The title records that name a film, in the bundle's order."""
        if self._titles is None:
            films, titles = array("Q"), list[Cid]()
            for record, body in self.held.of_kind("title"):
                if body is not None:
                    films.append(key_of(cast(Cid, parse_body("title", body)["film"])))
                    titles.append(record.id)
            self._titles = Index(films), titles
        index, titles = self._titles
        found = (self.held[titles[at]] for at in index.find(key_of(film)))
        return [record for record, body in found if body is not None and parse_body("title", body)["film"] == film]


def audit_records(inspection: Inspection, evidence: Evidence | None, ledger: LedgerAudit, get: Get) -> int:
    """Makes every check of a film's records and bytes; returns how many authors witnessed the block."""
    records = () if evidence is None else evidence.records
    parts = {cid: part for record, body in _readable(records) for cid, part in _parts(record, body)}
    found = audit_feeds(inspection, None if evidence is None else records, parts.get)
    checks = _Checks(inspection, evidence, ledger, found)
    checks.film_checks()
    checks.bytes_checks(get)
    audit_witnesses(inspection, ledger, found)
    return found.witnesses


def audit_listed_film(inspection: Inspection, evidence: Evidence, ledger: LedgerAudit, feeds: FeedAudit) -> str:
    """Makes the checks of one film of a collection, without its bytes; returns its name, "" without a sound record."""
    return _Checks(inspection, evidence, ledger, feeds).film_checks()


def audit_feeds(inspection: Inspection, records: Iterable[tuple[bytes, bytes | None]] | None, get: Get) -> FeedAudit:
    """
    Checks signatures, chains and forks of all records, given in an order in which each follows what it needs; `get`
    gives a record or a body by its id once more.
    """
    found = FeedAudit(HeldRecords(get))

    def run() -> tuple[str, Feeds]:
        feeds = _admitted(need(records, "reading the bundle's parts"), found.held)
        authors = {author for author, _ in found.held.feeds}
        return f"{len(found.held)} records of {len(authors)} authors", feeds

    found.feeds = inspection.check(
        "records",
        "records in their one form, signed by devices that their authors admitted, each following the one before",
        "Ed25519 signatures and the authors' own chains of keys",
        run,
    )
    inspection.check(
        "no forks",
        "no device that signed two records of one place in its feed",
        "the records of this bundle; a fork held elsewhere would show there",
        lambda: _forks(found),
    )
    return found


def audit_witnesses(inspection: Inspection, ledger: LedgerAudit, feeds: FeedAudit) -> None:
    """Checks that nobody witnessed another block; how many witnessed this one goes into `feeds`."""
    inspection.check(
        "witnesses",
        "no witness of another block at this height",
        "the witnesses' Ed25519 signatures",
        lambda: _witnesses(ledger, feeds),
    )


def counted(found: FeedAudit, wanted: Cid, kind: str) -> tuple[Record, dict[str, Value]]:
    """A counted record of a kind with its body's fields; raises `Refused`."""
    feeds = need(found.feeds, "the chains of the records")
    record, body = found.held.get(wanted, (None, None))
    if record is None or body is None:
        raise Refused("missing", f"found no {kind} record {wanted} with its body in the bundle, expected it")
    if record.kind != kind:
        raise Refused("wrong-kind", f"found a record of kind {record.kind}, expected {kind}")
    if not feeds.counts(record):
        raise Refused("not-counted", f"found the {kind} record {wanted} after a fork or revocation of its device")
    return record, parse_body(kind, body)


def _readable(records: Iterable[tuple[bytes, bytes | None]]) -> Iterator[tuple[Record, bytes | None]]:
    """Records that can be read, with their own bodies; what is none is told by the check of all."""
    for block, body in records:
        with suppress(Refused):
            record = parse_record(block)
            if body is not None:
                verify_body(record, body)
            yield record, body


def _parts(record: Record, body: bytes | None) -> Iterator[tuple[Cid, bytes]]:
    yield record.id, record.block
    if body is not None:
        yield record.header.body, body


def _admitted(records: Iterable[tuple[bytes, bytes | None]], held: HeldRecords) -> Feeds:
    feeds, folded = Feeds(held), list[tuple[Record, bool]]()
    for number, (block, body) in enumerate(records, 1):
        try:
            record = parse_record(block)
            verify_record(record)
            missing = feeds.missing(record, record.time)
            if missing is not None:
                raise Refused("missing", f"found its {missing} not among the records before it")
            feeds.verify(record, body)
            if body is not None:
                verify_body(record, body)
        except Refused as refused:
            held.take(feeds, folded)
            raise Refused(refused.reason, f"record {number}: {refused}") from refused
        feeds.apply(record, body)
        folded.append((record, body is not None))
        if len(folded) == _FOLDED_AT_ONCE:
            held.take(feeds, folded)
            feeds, folded = Feeds(held), []
    held.take(feeds, folded)
    return Feeds(held)


def _forks(found: FeedAudit) -> tuple[str, bool]:
    feeds = need(found.feeds, "the chains of the records")
    devices = {device for _, device in found.held.feeds}
    for device in sorted(devices):
        fork = feeds.fork(device)
        if fork is not None:
            raise Refused(
                "fork", f"found two records of place {fork[0].seq} by the device {device.hex()}: {fork[0].id} and "
                f"{fork[1].id}; nothing of it counts from there on"
            )  # fmt: skip
    return f"{len(devices)} devices, no fork among their records here", True


def _witnesses(ledger: LedgerAudit, found: FeedAudit) -> tuple[str, bool]:
    feeds, header = need(found.feeds, "the chains of the records"), need(ledger.header, "the block")
    chain = need(ledger.genesis, "the network's genesis").contracts.chain_id
    authors: set[Cid] = set()
    for record, body in found.held.of_kind("witness"):
        if body is None or not feeds.counts(record):
            continue
        fields = parse_body("witness", body)
        if (fields["chain"], fields["height"]) != (chain, header.number):
            continue
        if fields["hash"] != header.hash:
            raise Refused("fork", f"found that {record.author} witnessed another block {header.number}")
        authors.add(record.author)
    found.witnesses = len(authors)
    return f"{len(authors)} authors signed that they saw block {header.number} as it is here", True


@dataclass(slots=True)
class _Checks:
    inspection: Inspection
    bundle: Evidence | None
    ledger: LedgerAudit
    records: FeedAudit
    film: tuple[Record, dict[str, Value]] | None = None
    version: dict[str, Value] | None = None

    @property
    def evidence(self) -> Evidence:
        return need(self.bundle, "reading the bundle's parts")

    def film_checks(self) -> str:
        """The film, its version and its author's account; returns the film's name."""
        check = self.inspection.check
        self.film = check(
            "film record",
            "a counted film record, whose digest the deed holds as metadata",
            "its author's signature, and the deed's",
            self._film,
        )
        self.version = check(
            "version record",
            "a counted version of the film by the same author, whose root and source the deed holds",
            "its author's signature, and the deed's",
            lambda: self._version(need(self.film, "the film record")),
        )
        check(
            "author and account",
            "a title record by the film's author that states this deed, signature and title",
            "the author's signature over the account's, and the account's over the film record",
            lambda: self._binding(need(self.film, "the film record")),
        )
        return "" if self.film is None else str(self.film[1]["name"])

    def bytes_checks(self, get: Get) -> None:
        """The film's bytes, and the ratings that the bundle proves."""
        self.inspection.check(
            "bytes of the film",
            "every block under the version's root, and the counts that the version states",
            "SHA-256 of every block, from the root on",
            lambda: self._bytes(need(self.version, "the version record"), get),
        )
        for number, proof in enumerate(self.bundle.ratings if self.bundle else (), 1):
            self.inspection.check(
                f"rating {number}",
                "a counted rating of this film within a root that was anchored by the block",
                "its author's signature, the RFC 6962 path to the root, and the proven chain of anchors",
                lambda proof=proof: self._rating(proof, need(self.film, "the film record")),  # type: ignore[misc]
            )

    # -- film, version, account -------------------------------------------------------------------

    def _film(self) -> tuple[str, tuple[Record, dict[str, Value]]]:
        record, fields = counted(self.records, self.evidence.film, "film")
        if self.evidence.deed.metadata != record.id.digest:
            found = self.evidence.deed.metadata.hex()
            raise Refused("bad-deed", f"found the metadata {found} in the deed, expected {record.id.digest.hex()}")
        name = str(fields["name"])
        return f"{name!r}, signed {moment(record.time // 1000)} by {record.author}", (record, fields)

    def _version(self, film: tuple[Record, dict[str, Value]]) -> tuple[str, dict[str, Value]]:
        record, fields = counted(self.records, self.evidence.version, "version")
        deed, root = self.evidence.deed, fields["root"]
        if fields["film"] != film[0].id or record.author != film[0].author:
            raise Refused(
                "wrong-film", f"found a version of {_text(fields['film'])} by {record.author}, expected this film's"
            )
        if not isinstance(root, Cid) or root != self.evidence.content:
            raise Refused(
                "wrong-root", f"found the root {_text(root)} in the version, expected {self.evidence.content}"
            )
        if (deed.content, deed.codec) != (root.digest, root.codec):
            raise Refused(
                "bad-deed", f"found the content {deed.content.hex()} in the deed, expected {root.digest.hex()}"
            )
        if deed.fingerprint != fields["source"]:
            raise Refused("bad-deed", "found another fingerprint in the deed than the version's source, expected it")
        return f"{_text(fields['label'])}, root {root}, source sha256:{deed.fingerprint.hex()}", fields

    def _binding(self, film: tuple[Record, dict[str, Value]]) -> tuple[str, bool]:
        evidence = self.evidence
        contracts = need(self.ledger.genesis, "the network's genesis").contracts
        wanted: dict[str, Value] = {
            "film": film[0].id,
            "chain": contracts.chain_id,
            "contract": contracts.titles,
            "title": evidence.title,
            "deed": evidence.deed.to_map(),
            "signature": evidence.deed_signature,
        }
        for record in self.records.titles_of(film[0].id):
            if record.author == film[0].author:
                _, fields = counted(self.records, record.id, "title")
                if all(fields[name] == value for name, value in wanted.items()):
                    return f"{record.author} and {address(evidence.deed.creator)} each signed for the other", True
        raise Refused("missing", f"found no title record of {film[0].author} that states this deed, expected one")

    # -- bytes ------------------------------------------------------------------------------------

    def _bytes(self, version: dict[str, Value], get: Get) -> tuple[str, bool]:
        count = size = 0
        for cid, path in film_blocks(self.evidence.content, get):
            block = get(cid)
            if block is None:
                raise Refused("missing-block", f"found no sound block {cid} of {path}, expected all under the root")
            count += 1
            size += len(block)
        stated = (version["blocks"], version["size_bytes"])
        if stated != (count, size):
            raise Refused(
                "bad-version",
                f"found {count} blocks of {size} bytes, expected {_text(stated[0])} of {_text(stated[1])}",
            )
        return f"{count} blocks of {size} bytes under {self.evidence.content}", True

    # -- ratings ----------------------------------------------------------------------------------

    def _rating(self, proof: RatingProof, film: tuple[Record, dict[str, Value]]) -> tuple[str, bool]:
        record, fields = counted(self.records, proof.record, "rating")
        names = {str(film[0].id)}
        external = film[1]["external"]
        names |= {str(one) for one in external} if isinstance(external, list) else set()
        ratings = fields["ratings"] if isinstance(fields["ratings"], list) else []
        stars = [pair[1] for pair in ratings if isinstance(pair, list) and pair[0] in names]
        if not stars:
            raise Refused("wrong-film", f"found no rating of this film in the record {record.id}, expected one")
        merkle.verify_inclusion(bytes(proof.record), proof.index, proof.size, list(proof.path), proof.root)
        state = need(self.ledger.state, "the replay of the log")
        contract = need(self.ledger.genesis, "the network's genesis").contracts.anchors
        chain = state.anchored(contract, proof.account)
        anchored = [one for one in chain if (one.root, one.size) == (proof.root, proof.size)]
        if not anchored:
            raise Refused("not-anchored", f"found no anchor of {proof.root.hex()} over {proof.size} by that account")
        said = "withdrawn" if stars[0] is None else f"{_text(stars[0])} of 10"
        dated, existed = moment(record.time // 1000), moment(anchored[0].time)
        return (
            f"{said} by {record.author}, dated {dated}; it existed by {existed}, when {address(proof.account)} "
            f"anchored it in block {anchored[0].block}",
            True,
        )


def _text(value: Value) -> str:
    return value.hex() if isinstance(value, bytes) and not isinstance(value, Cid) else str(value)
