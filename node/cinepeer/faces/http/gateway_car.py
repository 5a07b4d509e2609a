"""CARs of the gateway (https://specs.ipfs.tech/http-gateways/trustless-gateway/): what is asked for, and its blocks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from cinepeer.content.hamt import is_shard, parse_shard
from cinepeer.content.identity import name_identity
from cinepeer.content.protobuf import encode_varint
from cinepeer.content.unixfs import Cat, Directory, links, parse_node
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_CBOR, DAG_PB, Cid
from cinepeer.records.dagcbor import byte_string_head

TYPE = "application/vnd.ipld.car"
MAX_BLOCKS = 1_000_000  # with repeats a small DAG can be told without end

_SPAN = re.compile(r"(-?\d{1,18}):(-?\d{1,18}|\*)")
_FIRST = ("version", "order", "dups")

Get = Callable[[Cid], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Car:
    """One wish: `block`, `entity` or `all`; a range of a file's bytes (first, last or None for its end); repeats.

    Negative places of the range count from the file's end, and both of them are within it.
    """

    scope: str = "all"
    span: tuple[int, int | None] | None = None
    repeats: bool = False
    order: str = "dfs"

    @classmethod
    def of(cls, query: Mapping[str, str], accepted: Sequence[str]) -> Car:
        """Reads the query, and what an Accept header says of the format; raises `Refused` (`bad-format`).

        Where both name a parameter, the query holds.
        """
        said = _accepted(accepted)
        named = {name: query.get(f"car-{name}") or said.get(name, "") for name in _FIRST}
        _check("version of CAR", named["version"], ("", "1"))
        _check("order", named["order"], ("", "dfs", "unk"))
        _check("repeats", named["dups"], ("", "y", "n"))
        span = _span(query["entity-bytes"]) if "entity-bytes" in query else None
        scope = query.get("dag-scope", "all" if span is None else "entity")
        _check("scope", scope, ("block", "entity", "all"))
        return cls(scope, span if scope == "entity" else None, named["dups"] == "y", named["order"] or "dfs")

    @property
    def content_type(self) -> str:
        """The type of the answer, with what was granted."""
        return f"{TYPE}; version=1; order={self.order}; dups={'y' if self.repeats else 'n'}"

    def tag(self, root: Cid, path: str) -> str:
        """A weak tag: another CAR of the same path has another."""
        told = repr((path, self.scope, self.span, self.repeats, self.order)).encode()
        return f'W/"{root}.car.{hashlib.sha256(told).hexdigest()[:16]}"'


def _accepted(accepted: Sequence[str]) -> dict[str, str]:
    """The parameters of the first CAR in the Accept headers."""
    for value in ",".join(accepted).split(","):
        kind, *parameters = (part.strip() for part in value.split(";"))
        if kind == TYPE:
            pairs = (parameter.partition("=") for parameter in parameters)
            return {name.strip().lower(): text.strip().strip('"') for name, _, text in pairs}
    return {}


def _check(what: str, found: str, expected: tuple[str, ...]) -> None:
    if found not in expected:
        words = ", ".join(filter(None, expected[:-1]))
        raise Refused(
            "bad-format", f"found the {what} {found[:40]!r}, expected {words + ' or ' if words else ''}{expected[-1]}"
        )


def _span(text: str) -> tuple[int, int | None]:
    match = _SPAN.fullmatch(text)
    first, last = (int(match[1]), None if match[2] == "*" else int(match[2])) if match else (1, 0)
    if last is not None and (first < 0) == (last < 0) and first > last:
        raise Refused("bad-format", f"found entity-bytes={text[:60]!r}, expected FROM:TO or FROM:*, in that order")
    return first, last


def identity_car(block: bytes) -> bytes:
    """The CAR of a CID that holds its block itself: a root, and no block, for it is none that is kept anywhere."""
    return _header(name_identity(block))


async def car_pieces(
    wanted: Car, way: Sequence[tuple[Cid, bytes]], get: Get, *, is_older: bool = False
) -> AsyncIterator[bytes]:
    """The CAR in pieces: the blocks on the way, then what is wanted of the last one, depth first.

    A block that is missing breaks it off. Whoever asked by a CIDv0 (`is_older`) is told CIDv0 wherever there is one.
    """
    root, block = way[-1]
    yield _header(_name(root, is_older))
    seen: set[Cid] = set()
    for cid, data in way:
        if wanted.repeats or cid not in seen:
            yield _section(_name(cid, is_older), data)
        seen.add(cid)
    count = 0
    async for cid, data in _below(wanted, root, block, get, seen):
        count += 1
        if count > MAX_BLOCKS:
            raise Refused("too-large", f"found more than {MAX_BLOCKS:,} blocks to tell, expected a film")
        yield _section(_name(cid, is_older), data)


def _name(cid: Cid, is_older: bool) -> bytes:
    """The bytes of an id in a CAR: the multihash alone in its older form, which dag-pb blocks have."""
    return bytes(cid[2:]) if is_older and cid.codec == DAG_PB else bytes(cid)


def _header(root: bytes) -> bytes:
    """The header of a CAR of one root, by its bytes."""
    link = b"\0" + root
    header = b"\xa2\x65roots\x81\xd8\x2a" + byte_string_head(len(link)) + link + b"\x67version\x01"
    return encode_varint(len(header)) + header


def _section(name: bytes, block: bytes) -> bytes:
    return encode_varint(len(name) + len(block)) + name + block


async def _below(wanted: Car, root: Cid, block: bytes, get: Get, seen: set[Cid]) -> AsyncIterator[tuple[Cid, bytes]]:
    """The blocks under the last one, without those of `seen` unless repeats are wanted."""
    if wanted.scope == "block":
        return
    if wanted.scope == "entity" and not is_shard(root, block):
        size = _file_bytes(root, block)
        if size is None:
            return
        if wanted.span is not None:
            async for found in _of_range(wanted, root, block, size, get, seen):
                yield found
            return
    shards_alone = wanted.scope == "entity" and is_shard(root, block)
    waiting = _children(root, block, shards_alone)
    while waiting:
        cid = waiting.pop()
        if cid in seen and not wanted.repeats:
            continue
        seen.add(cid)
        data = await get(cid)
        yield cid, data
        waiting.extend(_children(cid, data, shards_alone))


def _file_bytes(cid: Cid, block: bytes) -> int | None:
    """The size of a file; None for what is an entity by this block alone."""
    if cid.codec == DAG_CBOR:
        return None
    try:
        node = parse_node(cid, block)
    except Refused as error:
        if error.reason == "unsupported-node":
            return None
        raise
    return None if isinstance(node, Directory) else node.size


def _children(cid: Cid, block: bytes, shards_alone: bool) -> list[Cid]:
    """The ids that a block names, last first; of a sharded folder as an entity its shards alone."""
    if shards_alone:
        return list(reversed(parse_shard(block).shards.values()))
    return list(reversed(links(cid, block)))


async def _of_range(
    wanted: Car, root: Cid, block: bytes, size: int, get: Get, seen: set[Cid]
) -> AsyncIterator[tuple[Cid, bytes]]:
    """The blocks of a file that hold a range of it."""
    assert wanted.span is not None
    first, last = wanted.span
    start = first if first >= 0 else max(0, size + first)
    stop = size if last is None else (last if last >= 0 else size + last) + 1
    reading = Cat(root, start, max(0, stop - start))
    reading.feed(block)
    while (cid := reading.needed) is not None:
        data = await get(cid)
        reading.feed(data)
        if wanted.repeats or cid not in seen:
            yield cid, data
        seen.add(cid)
