"""Verifies a collection (`cinepeer/audit/2`): the block, the feeds, the anchors, and every title, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cinepeer.errors import Refused
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.rights import collection as forms
from cinepeer.rights.anchored import Anchored, read_anchored, verify_complete, verify_growth, verify_included
from cinepeer.rights.audit_ledger import LedgerAudit, audit_block, audit_head, audit_replay
from cinepeer.rights.audit_records import FeedAudit, audit_feeds, audit_listed_film, audit_witnesses
from cinepeer.rights.audit_title import audit_anchors, audit_listed
from cinepeer.rights.binding import recover_bound
from cinepeer.rights.bundle import Evidence
from cinepeer.rights.claims import Claims
from cinepeer.rights.code import Shipped
from cinepeer.rights.collection import Collection, Dossier, Get
from cinepeer.rights.deeds import NATIVE, Deed
from cinepeer.rights.deployment import NAMES
from cinepeer.rights.events import decode_all
from cinepeer.rights.film_table import film_row
from cinepeer.rights.further import FurtherSet
from cinepeer.rights.inspection import Inspection, address, need
from cinepeer.rights.manifest import read_ledger
from cinepeer.rights.packed import Packed
from cinepeer.rights.proofs import AccountProof, pooled_slot
from cinepeer.rights.report import FilmRow, Line, packed_rows
from cinepeer.rights.sequencer import SignedHeader
from cinepeer.rights.state import State, fold
from cinepeer.rights.succession import Handover
from cinepeer.rights.trie import Pool
from cinepeer.rights.wanted import wanted_slots

_SHOWN_FAILURES = 5
_NO_CID = Cid.of(b"", 0x55)
_NO_DEED = Deed(bytes(20), bytes(32), bytes(32), bytes(32), 0, 0, (), ())


@dataclass(frozen=True, slots=True)
class Block:
    """What a collection shows of its block."""

    genesis: Cid
    header: SignedHeader
    accounts: tuple[AccountProof, ...]
    code: tuple[bytes, ...]
    handovers: tuple[Handover, ...]
    sets: tuple[FurtherSet, ...]


@dataclass(slots=True)
class Found:
    """What the audit of a collection established."""

    manifest: Collection | None
    ledger: LedgerAudit
    witnesses: int = 0
    rows: Packed[FilmRow] = field(default_factory=packed_rows)


def audit_collection(
    inspection: Inspection, root: Cid | None, get: Get, shipped: Shipped, network: Cid | None
) -> Found:
    """Makes every check of a collection; the memory that it takes grows with records and titles, not with proofs."""

    def read() -> tuple[str, tuple[Collection, Block]]:
        manifest = forms.parse_collection(forms.needed(need(root, "the CAR's header"), get, "the manifest"))
        ledger = read_ledger(forms.needed(manifest.ledger, get, "the ledger's part"))
        code = tuple(
            forms.needed(cid, get, f"the code of {name}") for name, cid in zip(NAMES, manifest.code, strict=True)
        )
        said = f"{manifest.sort}: {len(manifest.dossiers)} pages of titles, {len(manifest.records)} of records"
        shown = Block(manifest.genesis, ledger.header, ledger.accounts, code, ledger.handovers, ledger.sets)
        return said, (manifest, shown)

    parts = inspection.check(
        "the bundle's parts can be read", f"the forms of {forms.FORMAT}", "the specification of the format", read
    )
    manifest, block = parts or (None, None)
    found = Found(manifest, audit_block(inspection, block, get, shipped, network))
    feeds = audit_feeds(inspection, None if manifest is None else _records(manifest, get), get)
    if manifest is None:
        return found
    checks = _Checks(inspection, manifest, get, shipped, found, feeds)
    checks.subject_checks()
    checks.anchor_checks()
    audit_witnesses(inspection, found.ledger, feeds)
    checks.title_checks()
    found.witnesses = feeds.witnesses
    return found


def _records(manifest: Collection, get: Get) -> Iterator[tuple[bytes, bytes | None]]:
    for page in manifest.records:
        for record, body in forms.read_pairs(forms.needed(page, get, "a page of the records")):
            block = forms.needed(record, get, "a record")
            yield block, None if body is None else forms.needed(body, get, f"the body of the record {record}")


@dataclass(slots=True)
class _Checks:
    inspection: Inspection
    manifest: Collection
    get: Get
    shipped: Shipped
    found: Found
    feeds: FeedAudit
    pool: Pool | None = None
    claims: Claims = field(default_factory=Claims)
    purse: int = 0

    # -- the subject ------------------------------------------------------------------------------

    def subject_checks(self) -> None:
        """What the collection is about, and whose accounts its authors say they have."""
        if self.manifest.sort == "author":
            self.inspection.check(
                "the author's feeds are whole",
                "every feed of the author from its first place on, none left out between two",
                "each record names the one before it",
                self._whole,
            )
        else:
            self.inspection.check(
                "subject", "the id of the bundle's network", "the manifest, which the CAR's header names", self._subject
            )
        if self.manifest.sort == "network":
            self.inspection.check(
                "network records",
                "no counted network record of this chain that names another genesis",
                "their authors' Ed25519 signatures",
                self._networks,
            )
        self.inspection.check(
            "authors and accounts",
            "each account that an author's newest profile names signed for that author",
            "the author's Ed25519 signature over the account, and the account's secp256k1 signature over the author",
            self._accounts,
        )

    def _subject(self) -> tuple[str, bool]:
        if self.manifest.subject != self.manifest.genesis:
            raise Refused("bad-form", f"found {self.manifest.subject} as subject, expected {self.manifest.genesis}")
        return f"{self.manifest.sort} of the network {self.manifest.genesis}", True

    def _whole(self) -> tuple[str, bool]:
        author = self.manifest.subject
        feeds = need(self.feeds.feeds, "the chains of the records")
        places: dict[bytes, list[int]] = {}
        for place in self.feeds.held.places():
            if place.author == author:
                places.setdefault(place.device, []).append(place.seq)
        if not places:
            raise Refused("missing", f"found no record of {author}, expected all of them")
        silent = [device.hex()[:16] for device in feeds.devices(author) if device not in places]
        ends = ", ".join(f"{device.hex()[:16]} 0 to {max(seqs)}" for device, seqs in sorted(places.items()))
        return f"{author}: {ends}" + (f"; nothing by {', '.join(silent)}" if silent else ""), True

    def _networks(self) -> tuple[str, bool]:
        feeds, count = need(self.feeds.feeds, "the chains of the records"), 0
        for record, body in self.feeds.held.of_kind("network"):
            if body is None or not feeds.counts(record):
                continue
            fields = parse_body("network", body)
            if fields["genesis"] != self.manifest.genesis:
                raise Refused("wrong-network", f"found the record {record.id} of the network {fields['genesis']!s}")
            count += 1
        return f"{count} network records name this genesis", True

    def _accounts(self) -> tuple[str, bool]:
        feeds = need(self.feeds.feeds, "the chains of the records")
        newest: dict[Cid, tuple[int, Cid, bytes]] = {}
        for record, body in self.feeds.held.of_kind("profile"):
            if body is not None and feeds.counts(record):
                newest[record.author] = max(
                    newest.get(record.author, (-1, record.id, b"")), (record.time, record.id, body)
                )
        bound = []
        for author, (_, _, body) in sorted(newest.items()):
            account = parse_body("profile", body).get("account")
            if isinstance(account, dict):
                bound.append(f"{author} and {address(recover_bound(author, account))}")
        return ("; ".join(bound) + " each signed for the other") if bound else "no profile here names an account", True

    # -- anchors ----------------------------------------------------------------------------------

    def anchor_checks(self) -> None:
        """The anchors' chain, and the feeds against them."""
        check, manifest = self.inspection.check, self.manifest
        self.found.ledger.state = check(
            "log of anchors",
            "entries of Anchors in the ledger's order, none after the block, each following the account's last",
            "the replay of the log by this verifier",
            self._anchor_log,
        )
        state = self.found.ledger.state
        anchoring = sorted({account for _, account in state.anchors}) if state else ()
        audit_anchors(self.inspection, self.found.ledger, self.shipped, anchoring)
        if manifest.account is None:
            return
        account = manifest.account
        read = check(
            "anchored trees",
            "each anchored root is the RFC 6962 tree over the first leaves here, so that each began the next",
            "SHA-256 over all leaves, and the proven chain of anchors",
            lambda: self._growth(account),
        )
        check(
            "feeds and anchors",
            "the anchored records of each feed here are its first ones",
            "the leaves' places in the anchored tree",
            lambda: (verify_included(need(read, "the anchored trees"), self._seqs()), True),
        )
        if manifest.sort == "author":
            check(
                "no anchored record is missing",
                "every record of the author under the last anchor is in this bundle",
                "the records that are the leaves of the anchored tree",
                lambda: (verify_complete(need(read, "the anchored trees"), self.feeds.held, manifest.subject), True),
            )

    def _anchor_log(self) -> tuple[str, State]:
        ledger = self.found.ledger
        contracts = need(ledger.genesis, "the network's genesis").contracts
        height = need(ledger.header, "the block's header and its signature").number
        entries = decode_all(forms.read_anchor_logs(self.manifest, self.get), contracts)
        if entries and entries[-1].block > height:
            raise Refused("bad-log", f"found an entry of block {entries[-1].block}, expected none after {height}")
        if any(entry.log.address != contracts.anchors for entry in entries):
            raise Refused("bad-log", "found an entry of another contract, expected those of Anchors alone")
        state = fold(entries)
        return f"{len(entries)} anchors of {len(state.anchors)} accounts up to block {height}", state

    def _growth(self, account: bytes) -> tuple[str, Anchored]:
        contract = need(self.found.ledger.genesis, "the network's genesis").contracts.anchors
        chain = need(self.found.ledger.state, "the replay of the anchors").anchored(contract, account)
        author = self.manifest.subject if self.manifest.sort == "author" else None
        sizes = {anchor.size for anchor in chain}
        leaves = (
            leaf
            for page in self.manifest.leaves
            for leaf in forms.read_leaves(forms.needed(page, self.get, "a page of the anchored leaves"))
        )
        found = read_anchored(leaves, self.feeds.held, sizes, author)
        return verify_growth(found, chain), found

    def _seqs(self) -> dict[Cid, tuple[bytes, int]]:
        return {place.id: (place.device, place.seq) for place in self.feeds.held.places()}

    # -- titles -----------------------------------------------------------------------------------

    def title_checks(self) -> None:
        """Every title, each a line; then what only all of them show."""
        check = self.inspection.check
        self.pool = check(
            "shared trie nodes",
            "nodes of the contracts' storage in their one form",
            "Keccak of every node",
            self._shared,
        )
        number = 0
        for page, links in enumerate(self.manifest.dossiers, 1):
            for cid in self._dossiers(page, links):
                number += 1
                self.inspection.lines.append(self._title(number, cid))
        check(
            "competing claims",
            "no two titles here of the same content or film record",
            "the registrations, of which each is proven complete",
            self._claims,
        )
        check(
            "money held",
            "the contract holds at least what the purses of the titles here hold",
            "an account proof of the contract's balance under the signed state root",
            self._money,
        )

    def _shared(self) -> tuple[str, Pool]:
        nodes = forms.read_nodes(forms.needed(self.manifest.nodes, self.get, "the shared trie nodes"))
        return f"{len(nodes)} nodes", Pool(nodes)

    def _dossiers(self, number: int, page: Cid) -> list[Cid]:
        """The titles of a page; a page that cannot be read is a line that does not hold."""
        try:
            return forms.read_links(forms.needed(page, self.get, "a page of titles"), "a page of titles")
        except Refused as refused:
            line = Line(f"page {number} of the titles", False, str(refused), "links to titles", "the form of a page")
            self.inspection.lines.append(line)
            return []

    def _title(self, number: int, cid: Cid) -> Line:
        local = Inspection()
        dossier = local.check("title's part", "its form", "the specification", lambda: self._dossier(cid))
        if dossier is None:
            return Line(f"title {number}", False, local.lines[-1].found, "a part that can be read", "its form")
        ledger = LedgerAudit(self.found.ledger.genesis, self.found.ledger.header, accounts=self.found.ledger.accounts)
        audit_replay(local, dossier, ledger, only=True)
        local.check("storage proofs", "proofs of all slots", "Keccak", lambda: self._slots(dossier, ledger))
        audit_head(local, dossier, ledger)
        evidence = _evidence(dossier)
        audit_listed(local, evidence, ledger, self.shipped, is_signed=dossier.signed is not None)
        name = "" if dossier.signed is None else audit_listed_film(local, evidence, ledger, self.feeds)
        if ledger.title is not None:
            self.claims.add(dossier.title, ledger.title.deed)
        row = film_row(
            dossier.title, evidence.film if dossier.signed else None, name, ledger.title, ledger.state, local
        )
        self.found.rows.append(row)
        if ledger.title is not None and NATIVE in ledger.title.purses:
            purse = ledger.title.purses[NATIVE]
            self.purse += purse.paid_in - purse.paid_out
        return _line(row, local)

    def _dossier(self, cid: Cid) -> tuple[str, Dossier]:
        return "", forms.read_dossier(forms.needed(cid, self.get, "a title's part"))

    def _slots(self, dossier: Dossier, ledger: LedgerAudit) -> tuple[str, bool]:
        state = need(ledger.state, "the replay of the log")
        pool = Pool(dossier.nodes, need(self.pool, "the shared trie nodes"))
        count = 0
        for name, slots in wanted_slots(state, dossier.title, ()).items():
            for slot in slots:
                account = need(ledger.accounts.get(name), f"the contract {name}")
                ledger.slots[name, slot] = pooled_slot(account.storage_root, slot, pool)
                count += 1
        if pool.unused:
            raise Refused("bad-proof", f"found {pool.unused} trie nodes that no slot needs, expected none")
        return f"{count} slots", True

    def _claims(self) -> tuple[str, bool]:
        clashes = [
            f"{address(second)} claims what {address(first)} registered before"
            for first, second in self.claims.clashes()
        ]
        if clashes:
            more = len(clashes) - _SHOWN_FAILURES
            said = "; ".join(clashes[:_SHOWN_FAILURES]) + (f"; and {more} more" if more > 0 else "")
            raise Refused("claimed", f"found that {said}")
        return f"{len(self.found.rows)} titles, none claims what another does", True

    def _money(self) -> tuple[str, bool]:
        balance = need(self.found.ledger.accounts.get(NAMES[0]), f"the contract {NAMES[0]}").balance
        if balance < self.purse:
            raise Refused("bad-ledger", f"found {balance} held by the contract, expected at least {self.purse}")
        return f"{self.purse} in the purses of {len(self.found.rows)} titles, {balance} held", True


def _evidence(dossier: Dossier) -> Evidence:
    """A title's part in the form that the checks of one film take; what is not in it is never asked for."""
    signed = dossier.signed
    return Evidence(
        film=_NO_CID if signed is None else signed.film,
        version=_NO_CID if signed is None else signed.version,
        title=dossier.title,
        content=_NO_CID if signed is None else signed.content,
        genesis=_NO_CID,
        header=SignedHeader(b"", b""),
        accounts=(),
        code=(),
        logs=dossier.logs,
        deed=_NO_DEED if signed is None else signed.deed,
        deed_signature=b"" if signed is None else signed.signature,
        offers=() if signed is None else signed.offers,
        records=(),
        ratings=(),
    )


def _line(row: FilmRow, local: Inspection) -> Line:
    """One title in one line: what it is, or the checks that did not hold."""
    failures = [line for line in local.lines if not line.ok]
    said = [f"{line.check}: {line.found}" for line in failures[:_SHOWN_FAILURES]]
    more = len(failures) - len(said)
    found = "; ".join(said) + (f"; and {more} more" if more > 0 else "") if failures else row.sentence
    return Line(
        f"title {row.title}" + (f" ({row.name})" if row.name else ""),
        not failures,
        found,
        f"all {len(local.lines)} checks of a title, as for one film",
        "the title's own complete entries, proofs under the signed state root, its owners' signatures",
    )
