"""Feeds against anchors: that every anchored tree began the next, and that no record under one of them is missing."""

from __future__ import annotations

from collections.abc import Collection as Several
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cinepeer.errors import Refused
from cinepeer.records import merkle
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.record import parse_record
from cinepeer.rights.collection import ID_BYTES
from cinepeer.rights.inspection import moment
from cinepeer.rights.state import Anchor


@dataclass(slots=True)
class Anchored:
    """
    What one reading of an account's anchored leaves found: the place of each record wanted, the roots at the anchors'
    sizes, how many leaves there are, and the ids of those by `author` (where the leaves are whole records).
    """

    places: dict[bytes, int] = field(default_factory=dict)
    roots: dict[int, bytes] = field(default_factory=dict)
    size: int = 0
    theirs: list[Cid] = field(default_factory=list)
    bare: int = 0


def read_anchored(
    leaves: Iterable[bytes], wanted: Several[Cid], sizes: Several[int], author: Cid | None = None
) -> Anchored:
    """Reads all leaves once; memory grows with `wanted`, not with the leaves. Raises `Refused` for what is none."""
    found, frontier = Anchored(), _Frontier()
    for leaf in leaves:
        if len(leaf) == ID_BYTES:
            found.bare += 1
            cid = bytes(leaf)
        else:
            cid = bytes(Cid.of(leaf, DAG_CBOR))
            if author is not None and parse_record(leaf).author == author:
                found.theirs.append(Cid.from_bytes(cid))
        if cid in wanted:
            found.places[cid] = found.size
        frontier.add(merkle.leaf_digest(cid))
        found.size += 1
        if found.size in sizes:
            found.roots[found.size] = frontier.root()
    return found


def verify_growth(found: Anchored, chain: Iterable[Anchor]) -> str:
    """Each anchored root is the tree over as many of the leaves, so each tree began the next; raises `Refused`."""
    last: Anchor | None = None
    count = 0
    for anchor in chain:
        root = found.roots.get(anchor.size)
        if root is None:
            raise Refused(
                "not-anchored",
                f"found {found.size} leaves, expected the {anchor.size} anchored in block {anchor.block}",
            )
        if root != anchor.root:
            raise Refused(
                "not-consistent",
                f"found the root {root.hex()} over the first {anchor.size} leaves, expected {anchor.root.hex()} as "
                f"anchored in block {anchor.block}: a leaf is missing, changed or moved",
            )
        last, count = anchor, count + 1
    if last is None:
        raise Refused("not-anchored", "found leaves but no anchor of the account, expected one")
    if found.size != last.size:
        raise Refused("not-anchored", f"found {found.size} leaves, expected {last.size} as last anchored")
    return f"{count} anchors, each the beginning of the next; the last over {last.size} records, {moment(last.time)}"


def verify_included(found: Anchored, seqs: Mapping[Cid, tuple[bytes, int]]) -> str:
    """
    Of each feed, the anchored records are its first ones; `seqs` gives each record's feed and its place in it. Raises
    `Refused` when one is left out between two that are anchored.
    """
    later: dict[bytes, int] = {}
    for cid, (feed, seq) in seqs.items():
        if bytes(cid) not in found.places:
            later[feed] = min(seq, later.get(feed, seq))
    for cid, (feed, seq) in seqs.items():
        if bytes(cid) in found.places and seq > later.get(feed, seq):
            raise Refused(
                "not-included",
                f"found place {seq} of the feed {feed.hex()} anchored and place {later[feed]} not, expected all before",
            )
    count = sum(bytes(cid) in found.places for cid in seqs)
    rest = len(seqs) - count
    return f"{count} of {len(seqs)} records existed by the last anchor" + (f"; {rest} came later" if rest else "")


def verify_complete(found: Anchored, held: Several[Cid], author: Cid) -> str:
    """No record of `author` under the last anchor is missing here; raises `Refused`, naming the first that is."""
    if found.bare:
        raise Refused("not-included", f"found {found.bare} leaves as bare ids, expected the records, to see whose")
    for cid in found.theirs:
        if cid not in held:
            raise Refused("missing", f"found the record {cid} of {author} anchored and not in the bundle, expected it")
    return f"all {len(found.theirs)} anchored records of the author are here, of {found.size} leaves"


class _Frontier:
    """The roots of the perfect trees under a growing list of leaves (RFC 6962), the largest first."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, digest: bytes) -> None:
        height = 0
        while self._peaks and self._peaks[-1][0] == height:
            digest = merkle.node_digest(self._peaks.pop()[1], digest)
            height += 1
        self._peaks.append((height, digest))

    def root(self) -> bytes:
        if not self._peaks:
            return merkle.EMPTY
        found = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            found = merkle.node_digest(peak, found)
        return found
