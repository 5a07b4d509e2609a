"""Verifies an audit bundle (`cinepeer/audit/1`) offline, line by line; docs/audit-bundle.md specifies the format."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights import bundle as bundles
from cinepeer.rights import collection
from cinepeer.rights.audit_collection import audit_collection
from cinepeer.rights.audit_ledger import Genesis, LedgerAudit, audit_block, audit_log, lineage
from cinepeer.rights.audit_records import audit_records
from cinepeer.rights.audit_title import audit_title
from cinepeer.rights.bundle import Evidence, Material, build
from cinepeer.rights.code import Shipped
from cinepeer.rights.container import Container, scan
from cinepeer.rights.film_table import film_row
from cinepeer.rights.inspection import Inspection, moment, need
from cinepeer.rights.manifest import FORMAT, RatingProof
from cinepeer.rights.proofs import Header
from cinepeer.rights.report import FilmRow, Line, Report, packed_lines
from cinepeer.rights.wanted import wanted_slots

__all__ = ["Expectations", "Line", "Material", "RatingProof", "Report", "build", "verify", "wanted_slots"]

_BLOCKS_CHECK = "every block matches its id"


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a verifier knows before it reads: the contracts it trusts and, where it cares, which network it must be."""

    shipped: Shipped
    network: Cid | None = None


def verify(car: bytes | memoryview, expectations: Expectations) -> Report:
    """
    Every check of one bundle, in order: of a film, or of a collection. Never raises for what the bytes are: a check
    that fails, or cannot be made because an earlier one failed, is a line that does not hold. Nothing is read but
    `car`.
    """
    data = memoryview(car)
    inspection = Inspection(packed_lines())
    container = scan(data)
    get = bundles.sound_blocks(container, data)
    inspection.check(
        _BLOCKS_CHECK,
        "a CAR v1 in its one form, in which every block hashes to its id",
        "SHA-256 of every block",
        lambda: (_blocks(container, get), True),
    )
    inspection.check(
        "the bundle holds its parts and nothing else",
        "every block that the manifest leads to, once, in the order of the format",
        "the links from the manifest on, which the CAR's header names",
        lambda: (_order(container, get), True),
    )
    if _is_collection(container.root, get):
        return _collection(inspection, container, get, data, expectations)
    evidence = inspection.check(
        "the bundle's parts can be read",
        f"the forms of {FORMAT}",
        "the specification of the format",
        lambda: _evidence(container, get),
    )
    ledger = audit_block(inspection, evidence, get, expectations.shipped, expectations.network)
    audit_log(inspection, evidence, ledger)
    audit_title(inspection, evidence, ledger, expectations.shipped)
    witnesses = audit_records(inspection, evidence, ledger, get)
    rows = _row(inspection, evidence, ledger)
    return Report(inspection.lines, _subject(evidence, ledger, data), _basis(evidence, ledger, witnesses), rows)


def _collection(
    inspection: Inspection, container: Container, get: bundles.Get, data: memoryview, expectations: Expectations
) -> Report:
    found = audit_collection(inspection, container.root, get, expectations.shipped, expectations.network)
    subject = _bundle(data)
    if found.manifest is not None:
        subject |= {"sort": found.manifest.sort, "network": str(found.manifest.genesis)}
        if found.manifest.sort == "author":
            subject["author"] = str(found.manifest.subject)
        subject["titles"] = len(found.rows)
    subject |= _block(found.ledger)
    basis = _basis(found.manifest, found.ledger, found.witnesses)
    if basis:
        basis += (
            "each title's entries are proven complete; that no title is left out is not, nor are the films' bytes here",
        )
    return Report(inspection.lines, subject, basis, found.rows)


def _is_collection(root: Cid | None, get: bundles.Get) -> bool:
    """Whether the manifest says that it is a collection's; an unreadable one counts as a film's."""
    block = None if root is None else get(root)
    fields = None
    with suppress(Refused):  # a manifest that cannot be read is a line of its own
        fields = None if block is None else dagcbor.decode(block)
    return isinstance(fields, dict) and fields.get("format") == collection.FORMAT


def _row(inspection: Inspection, evidence: Evidence | None, ledger: LedgerAudit) -> tuple[FilmRow, ...]:
    if evidence is None:
        return ()
    name = ""
    for block, body in evidence.records if ledger.title is not None else ():
        if body is not None and Cid.of(block, DAG_CBOR) == evidence.film:
            with suppress(Refused):
                name = str(parse_body("film", body)["name"])
    return (film_row(evidence.title, evidence.film, name, ledger.title, ledger.state, inspection),)


def _blocks(container: Container, get: bundles.Get) -> str:
    if container.faults:
        roles = {str(cid): role for cid, role in _roles(container, get)}
        faults = [_named(fault, roles) for fault in container.faults[:8]]
        more = len(container.faults) - len(faults)
        raise Refused("bad-bundle", "; ".join(faults) + (f"; and {more} more" if more else ""))
    return f"{len(container.sections)} blocks in {container.size} bytes, each sound"


def _ordered(root: Cid, get: bundles.Get) -> Iterator[tuple[Cid, str]]:
    """Every block that the manifest leads to, in the order of its format."""
    return collection.order(root, get) if _is_collection(root, get) else bundles.order(root, get)


def _named(fault: str, roles: dict[str, str]) -> str:
    """A fault with what the block is, when the manifest says so."""
    for cid, role in roles.items():
        if cid in fault:
            return f"{fault} ({role})"
    return fault


def _roles(container: Container, get: bundles.Get) -> list[tuple[Cid, str]]:
    """What the sound blocks lead to, as far as that goes."""
    found: list[tuple[Cid, str]] = []
    if container.root is not None:
        with suppress(Refused):  # a manifest that cannot be read is a line of its own
            found.extend(_ordered(container.root, get))
    return found


def _order(container: Container, get: bundles.Get) -> str:
    root = need(container.root, "the CAR's header")
    sections = iter(container.sections)
    count = 0
    for cid, role in _ordered(root, get):
        section = next(sections, None)
        if section is None:
            raise Refused("bad-bundle", f"found the end at byte {container.size}, expected {role} ({cid})")
        if section.cid != cid:
            raise Refused("bad-bundle", f"found {section.cid} at byte {section.offset}, expected {role} ({cid})")
        count += 1
    left = next(sections, None)
    if left is not None:
        raise Refused("bad-bundle", f"found {left.cid} at byte {left.offset}, which nothing leads to")
    return f"{count} blocks from the manifest on, in order"


def _evidence(container: Container, get: bundles.Get) -> tuple[str, Evidence]:
    evidence = bundles.read_evidence(need(container.root, "the CAR's header"), get)
    return (
        f"{len(evidence.logs)} log entries, {len(evidence.records)} records, {len(evidence.offers)} offers, "
        f"{len(evidence.ratings)} proofs of ratings",
        evidence,
    )


def _subject(evidence: Evidence | None, ledger: LedgerAudit, data: memoryview) -> dict[str, str | int]:
    subject = _bundle(data)
    if evidence is not None:
        subject |= {"film": str(evidence.film), "title": "0x" + evidence.title.hex(), "network": str(evidence.genesis)}
    return subject | _block(ledger)


def _bundle(data: memoryview) -> dict[str, str | int]:
    return {"bundle": "sha256:" + hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _block(ledger: LedgerAudit) -> dict[str, str | int]:
    header = ledger.header
    if header is None:
        return {}
    return {"block": header.number, "hash": "0x" + header.hash.hex(), "time": moment(header.time)}


def _basis(evidence: Evidence | collection.Collection | None, ledger: LedgerAudit, witnesses: int) -> tuple[str, ...]:
    if evidence is None or ledger.header is None or ledger.genesis is None:
        return ()
    if ledger.succession is None:
        return _basis_elsewhere(evidence, ledger.header, ledger.genesis)
    one = "the one sequencer" if not ledger.succession.handovers else "the sequencer"
    return (
        f"block {ledger.header.number} is in the order signed by {one} {ledger.succession.current.hex()} of "
        f"the network {evidence.genesis}{lineage(ledger.succession)}; compare this id with one you know",
        f"{_count(witnesses)} signed that they saw this block" if witnesses else "no witness signed this block",
        "its state was computed by the sequencer; this audit replayed the log against it, not the transactions",
        "signatures: Ed25519 for records and blocks, secp256k1 (EIP-712) for deed and offers; hashes: SHA-256, Keccak",
    )


def _basis_elsewhere(evidence: Evidence | collection.Collection, header: Header, genesis: Genesis) -> tuple[str, ...]:
    """What the audit of a network on a chain of others rests on: that chain's finality, which no bundle shows."""
    return (
        f"block {header.number}, 0x{header.hash.hex()}, is said to stand in chain {genesis.contracts.chain_id}, which "
        "others order: nothing here proves it; ask endpoints that you trust for this hash, and whether it is final",
        f"the network is {evidence.genesis}; compare this id with one you know",
        "the log was replayed against the state under this header's root; no transaction was executed, and nobody of "
        "this network witnesses blocks of that chain",
        "signatures: Ed25519 for records, secp256k1 (EIP-712) for deed and offers; hashes: SHA-256, Keccak",
    )


def _count(witnesses: int) -> str:
    return "1 witness" if witnesses == 1 else f"{witnesses} witnesses"
