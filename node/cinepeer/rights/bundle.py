"""The audit bundle, format `cinepeer/audit/1`: one CAR v1 that holds everything an audit of a film needs offline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cinepeer.content import car
from cinepeer.content.unixfs import Directory, FileNode, parse_node
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_CBOR, RAW, Cid
from cinepeer.rights.container import Container
from cinepeer.rights.deeds import Deed, Offer
from cinepeer.rights.deployment import NAMES
from cinepeer.rights.events import Log
from cinepeer.rights.further import FurtherSet
from cinepeer.rights.manifest import (
    Manifest,
    RatingProof,
    ledger_part,
    log_page,
    parse_manifest,
    ratings_part,
    read_ledger,
    read_page,
    read_ratings,
    read_rights,
    rights_part,
)  # fmt: skip
from cinepeer.rights.proofs import AccountProof
from cinepeer.rights.sequencer import SignedHeader
from cinepeer.rights.succession import Handover

LOGS_A_PAGE = 500
"""Most log entries in one block of a bundle."""

Get = Callable[[Cid], bytes | None]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything in a bundle but the film's own blocks, as plain values; `logs` without block hashes."""

    film: Cid
    version: Cid
    title: bytes
    content: Cid
    genesis: Cid
    header: SignedHeader
    accounts: tuple[AccountProof, ...]
    code: tuple[bytes, ...]
    logs: tuple[Log, ...]
    deed: Deed
    deed_signature: bytes
    offers: tuple[tuple[Offer, bytes], ...]
    records: tuple[tuple[bytes, bytes | None], ...]
    ratings: tuple[RatingProof, ...]
    handovers: tuple[Handover, ...] = ()
    sets: tuple[FurtherSet, ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """
    What a node gathers for a bundle. `film` and `version` are record ids, `title` its id (20 bytes), `genesis` the
    network's genesis block; `accounts` prove the four contracts and their slots under the header's state root (see
    `audit.wanted_slots`); `code` is the runtime code by contract name; `logs` are all entries of the contracts up to
    the header's block; `offers` come with their signatures; `records` are (record block, body or None) in an order
    that `Feeds` admits; `block` gives the blocks of the film under `content`, the version's root; `sets` ends with the
    contract set of the title, where that is not the genesis's own.
    """

    film: Cid
    version: Cid
    title: bytes
    content: Cid
    genesis: bytes
    header: SignedHeader
    accounts: Sequence[AccountProof]
    code: Mapping[str, bytes]
    logs: Sequence[Log]
    deed: Deed
    deed_signature: bytes
    offers: Sequence[tuple[Offer, bytes]]
    records: Sequence[tuple[bytes, bytes | None]]
    ratings: Sequence[RatingProof]
    block: Get
    handovers: Sequence[Handover] = ()
    sets: Sequence[FurtherSet] = ()


def build(material: Material) -> Iterator[bytes]:
    """
    The bundle's bytes, piece by piece, the same for the same material. Raises `Refused` (`missing-block`) when a block
    of the film is not at hand.
    """
    parts: dict[Cid, bytes] = {}

    def put(block: bytes, codec: int = DAG_CBOR) -> Cid:
        cid = Cid.of(block, codec)
        parts[cid] = block
        return cid

    manifest = _manifest(material, put).block()
    root = Cid.of(manifest, DAG_CBOR)
    parts[root] = manifest

    def get(cid: Cid) -> bytes | None:
        return parts[cid] if cid in parts else material.block(cid)

    def blocks() -> Iterator[tuple[Cid, bytes]]:
        for cid, role in order(root, get):
            block = get(cid)
            if block is None:
                raise Refused("missing-block", f"found no block {cid}, {role}, expected every block of the film")
            yield cid, block

    return car.write([root], blocks())


def order(root: Cid, get: Get) -> Iterator[tuple[Cid, str]]:
    """
    Every block of a bundle once, in the order of the format, each with what it is; goes as far as the blocks that
    `get` gives lead, and ends with the manifest when that is none.
    """
    seen: set[Cid] = set()

    def fresh(cid: Cid, role: str) -> Iterator[tuple[Cid, str]]:
        if cid not in seen:
            seen.add(cid)
            yield cid, role

    yield from fresh(root, "the manifest")
    block = get(root)
    if block is None:
        return
    manifest = parse_manifest(block)
    for cid, role in manifest.parts():
        yield from fresh(cid, role)
    for number, (cid, path) in enumerate(film_blocks(manifest.content, get), 1):
        yield from fresh(cid, f"block {number} of the film's bytes, {path or 'the folder'}")


def film_blocks(content: Cid, get: Get) -> Iterator[tuple[Cid, str]]:
    """
    Every block under `content` once, each before those it links to, in the order of the links, with the path of the
    file that it is first part of. Goes on below what `get` has; raises `Refused` (`bad-node` and others) for a block
    that is no part of a UnixFS folder, or a part of another size than its parent says.
    """
    waiting: list[tuple[Cid, str, int | None]] = [(content, "", None)]
    sizes: dict[Cid, int | None] = {}
    while waiting:
        cid, path, expected = waiting.pop()
        if cid not in sizes:
            yield cid, path
            sizes[cid] = None
            block = get(cid)
            if block is not None:
                sizes[cid] = _size_and_links(cid, block, path, waiting)
        found = sizes[cid]
        if None not in (expected, found) and expected != found:
            raise Refused("bad-node", f"found {found} bytes in {path} under {cid}, expected {expected}")


def _size_and_links(cid: Cid, block: bytes, path: str, waiting: list[tuple[Cid, str, int | None]]) -> int:
    """The bytes of content that a node says are under it; what it links to joins `waiting`."""
    node = parse_node(cid, block)
    if isinstance(node, Directory):
        entries = [(link.cid, f"{path}/{name}".lstrip("/"), None) for name, link in node.entries.items()]
        waiting.extend(reversed(entries))
        return 0
    if isinstance(node, FileNode):
        waiting.extend(reversed([(child, path, size) for child, size in node.parts]))
    return node.size


def read_evidence(root: Cid, get: Get) -> Evidence:
    """Everything that the bundle of manifest `root` holds; `get` gives sound blocks only. Raises `Refused`."""
    manifest = parse_manifest(_need(root, get, "the manifest"))
    roles = dict(manifest.parts())

    def part(cid: Cid) -> bytes:
        return _need(cid, get, roles.get(cid, "a part"))

    ledger = read_ledger(part(manifest.ledger))
    deed, signature, offers = read_rights(part(manifest.rights))
    return Evidence(
        film=manifest.film,
        version=manifest.version,
        title=manifest.title,
        content=manifest.content,
        genesis=manifest.genesis,
        header=ledger.header,
        accounts=ledger.accounts,
        code=tuple(part(cid) for cid in manifest.code),
        logs=tuple(log for cid in manifest.logs for log in read_page(part(cid))),
        deed=deed,
        deed_signature=signature,
        offers=offers,
        records=tuple(
            (part(record), None if body is None else part(body)) for record, body in manifest.records
        ),
        ratings=read_ratings(part(manifest.ratings)),
        handovers=ledger.handovers,
        sets=ledger.sets,
    )  # fmt: skip


def sound_blocks(container: Container, data: memoryview) -> Get:
    """Gives the blocks of a scanned CAR whose bytes hash to their ids."""
    shelf = container.sections.shelf()

    def get(cid: Cid) -> bytes | None:
        section = shelf.find(cid)
        return None if section is None else bytes(data[section.begin : section.end])

    return get


def _need(cid: Cid, get: Get, role: str) -> bytes:
    block = get(cid)
    if block is None:
        raise Refused("missing-block", f"found no sound block {cid}, expected {role}")
    return block


def _manifest(material: Material, put: Callable[..., Cid]) -> Manifest:
    """The manifest of a material, whose parts are put aside on the way."""
    logs = material.logs
    return Manifest(
        film=material.film,
        version=material.version,
        title=material.title,
        content=material.content,
        genesis=put(material.genesis),
        ledger=put(ledger_part(material.header, material.accounts, material.handovers, material.sets)),
        code=tuple(put(material.code[name], RAW) for name in NAMES),
        logs=tuple(put(log_page(logs[at : at + LOGS_A_PAGE])) for at in range(0, len(logs), LOGS_A_PAGE)),
        rights=put(rights_part(material.deed, material.deed_signature, material.offers)),
        records=tuple((put(record), None if body is None else put(body)) for record, body in material.records),
        ratings=put(ratings_part(material.ratings)),
    )
