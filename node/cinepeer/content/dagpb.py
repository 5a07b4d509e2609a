"""DAG-PB: a node of named links and opaque data (https://ipld.io/specs/codecs/dag-pb/spec/), strictly read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from cinepeer.content.protobuf import as_bytes, as_number, encode_bytes, encode_number, read_fields
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_PB, Cid

MAX_BLOCK_BYTES = 2 << 20
MAX_LINKS = 16_384
REMEMBERED_BYTES = 64 << 10  # of a node, at most

_SHA2_256 = b"\x12\x20"
_MULTIHASH_BYTES = 34


@dataclass(frozen=True, slots=True)
class Link:
    """One link: the child, its name ("" in a file), and the bytes of the whole DAG under it as the parent says."""

    cid: Cid
    name: str
    tsize: int


@dataclass(frozen=True, slots=True)
class Branch:
    """A decoded node: its links in order, and its data or None."""

    links: tuple[Link, ...]
    data: bytes | None


def encode_branch(links: Iterable[Link], data: bytes, version: int = 1) -> bytes:
    """The canonical block: links first, in the order given. `version` 0 writes links to dag-pb as CIDv0."""
    out = [
        encode_bytes(
            2,
            encode_bytes(1, link_bytes(link.cid, version))
            + encode_bytes(2, link.name.encode())
            + encode_number(3, link.tsize),
        )
        for link in links
    ]
    return b"".join(out) + encode_bytes(1, data)


def link_bytes(cid: Cid, version: int) -> bytes:
    """A CID inside a link: the bare multihash for dag-pb in CIDv0 form, otherwise the CIDv1."""
    return _SHA2_256 + cid.digest if version == 0 and cid.codec == DAG_PB else bytes(cid)


def read_link_bytes(data: bytes) -> Cid:
    """The CID in a link, CIDv0 or CIDv1; raises `Refused` (`bad-cid`)."""
    if len(data) == _MULTIHASH_BYTES and data[:2] == _SHA2_256:
        return Cid.from_digest(data[2:], DAG_PB)
    return Cid.from_bytes(data)


def parse_branch(block: bytes) -> Branch:
    """Reads a dag-pb block; raises `Refused` (`bad-node`, `bad-protobuf`, `bad-varint`, `bad-cid`, `too-large`)."""
    if len(block) > MAX_BLOCK_BYTES:
        raise Refused("too-large", f"found a node of {len(block)} bytes, expected at most {MAX_BLOCK_BYTES}")
    return _remembered(block) if len(block) <= REMEMBERED_BYTES else _parse_branch(block)


def _parse_branch(block: bytes) -> Branch:
    links: list[Link] = []
    data: bytes | None = None
    runs = 0  # of consecutive links: two runs would mean data between links
    last = 0
    for field, value in read_fields(block):
        if field == 2:
            if len(links) == MAX_LINKS:
                raise Refused("too-large", f"found more than {MAX_LINKS} links in one node, expected at most that")
            links.append(_parse_link(as_bytes(value, "a link")))
            runs += last != 2
        elif field == 1 and data is None:
            data = as_bytes(value, "the data")
        else:
            raise Refused("bad-node", f"found field {field} in a node, expected links and one data field")
        last = field
    if runs > 1:
        raise Refused("bad-node", "found data between links, expected all links together")
    return Branch(tuple(links), data)


# Every part of a film that is read begins at the same few nodes, and a node of many links takes milliseconds to read.
_remembered = lru_cache(maxsize=64)(_parse_branch)


def _parse_link(message: bytes) -> Link:
    cid: Cid | None = None
    name = b""
    tsize = last = 0
    for field, value in read_fields(message):
        if field <= last or field > 3:
            raise Refused("bad-node", f"found field {field} after {last} in a link, expected hash, name and size once")
        last = field
        if field == 1:
            cid = read_link_bytes(as_bytes(value, "a link's hash"))
        elif field == 2:
            name = as_bytes(value, "a link's name")
        else:
            tsize = as_number(value, "a link's size")
    if cid is None:
        raise Refused("bad-node", "found a link without a hash, expected one")
    try:
        return Link(cid, name.decode(), tsize)
    except UnicodeDecodeError:
        raise Refused("bad-node", f"found the link name {name[:40]!r}, expected UTF-8") from None
