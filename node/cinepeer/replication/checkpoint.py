"""Checkpoints: which records someone held at a moment, and what the ratings among them come to, as blocks.

A checkpoint is a DAG: one block that names all others, and columns in raw blocks of at most 1 MiB. It follows from the
set of records, its scope and its moment alone, byte for byte, so that whoever holds the same records can make it again
and compare. Who has not done so shows it as computed by someone else. The form is in docs/checkpoints.md.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, RAW, Cid
from cinepeer.records.dagcbor import Value
from cinepeer.records.film_id import is_film_id
from cinepeer.records.record import MAX_NUMBER
from cinepeer.replication.scope import Scope, encode_scope, read_scope
from cinepeer.replication.snapshot import DIGEST_BYTES, Snapshot

Put = Callable[[Cid, bytes], None]
Get = Callable[[Cid], bytes]

VERSION = 1
BLOCK_BYTES = 1 << 20
MAX_MANIFEST_BYTES = 2 << 20
MAX_COLUMN_BYTES = 1 << 30

# How many bytes one item of a column has, and of what there is one item. Films are lines of text.
_COLUMNS = {
    "times": (8, "records"),
    "digests": (DIGEST_BYTES, "records"),
    "authors": (DIGEST_BYTES, None),
    "films": (0, None),
    "author": (4, "ratings"),
    "film": (4, "ratings"),
    "record": (4, "ratings"),
    "stars": (1, "ratings"),
}


def write(found: Snapshot, put: Put) -> Cid:
    """Hands every block to `put`, those that are named before the one that names them; returns the root."""
    columns: dict[str, Value] = {}
    for name, data in (
        ("times", _little(found.times)),
        ("digests", found.digests),
        ("authors", b"".join(author.digest for author in found.authors)),
        ("films", "".join(f"{film}\n" for film in found.films).encode()),
        ("author", _little(found.author)),
        ("film", _little(found.film)),
        ("record", _little(found.record)),
        ("stars", found.stars),
    ):
        columns[name] = [_put(data[at : at + BLOCK_BYTES], RAW, put) for at in range(0, len(data), BLOCK_BYTES)]
    manifest: dict[str, Value] = {
        "v": VERSION,
        "scope": encode_scope(found.scope),
        "moment": found.moment_ms,
        "records": found.records,
        "ratings": found.ratings,
        "columns": columns,
    }
    return _put(dagcbor.encode(manifest), DAG_CBOR, put)


def read(root: Cid, get: Get, *, with_digests: bool = False) -> Snapshot:
    """A checkpoint from a stranger's blocks; `get` may raise. Raises `Refused` (`bad-checkpoint`, `wrong-block`).

    Without the digests of the records three quarters of it need not be fetched; a replay needs them.
    """
    manifest = _manifest(_block(root, get, MAX_MANIFEST_BYTES))
    records, ratings = _count(manifest, "records"), _count(manifest, "ratings")
    columns = _columns(manifest)
    data = {
        name: _column(name, columns[name], get, {"records": records, "ratings": ratings})
        for name in _COLUMNS
        if with_digests or name != "digests"
    }
    found = Snapshot(
        read_scope(manifest["scope"]),
        _count(manifest, "moment"),
        _numbers("Q", data["times"]),
        data.get("digests", b""),
        _authors(data["authors"]),
        _films(data["films"]),
        _numbers("I", data["author"]),
        _numbers("I", data["film"]),
        _numbers("I", data["record"]),
        data["stars"],
    )
    _check(found, with_digests)
    return found


def outline(root: Cid, block: bytes) -> list[Cid]:
    """The blocks that a root's block names, each once: what there is to fetch, and no more than a checkpoint may have.

    Raises `Refused` as `read` does.
    """
    manifest = _manifest(_block(root, lambda _: block, MAX_MANIFEST_BYTES))
    counts = {name: _count(manifest, name) for name in ("records", "ratings")}
    columns = _columns(manifest)
    return list(dict.fromkeys(one for name in _COLUMNS for one in _named(name, columns[name], counts)))


def scope_link(scope: Scope) -> Cid:
    """The name of a scope: the CID of its form in a frame."""
    return Cid.of(dagcbor.encode(encode_scope(scope)), DAG_CBOR)


def statement(found: Snapshot, root: Cid) -> dict[str, Value]:
    """The fields of the record that states a checkpoint."""
    return {
        "scope": scope_link(found.scope),
        "moment": found.moment_ms,
        "records": found.records,
        "ratings": found.ratings,
        "root": root,
    }


def verify_statement(fields: Mapping[str, Value], found: Snapshot, root: Cid) -> None:
    """Raises `Refused` (`wrong-checkpoint`) unless a record's verified fields say of these blocks what they are."""
    for name, value in statement(found, root).items():
        if fields.get(name) != value:
            raise Refused(
                "wrong-checkpoint", f"found {fields.get(name)!r:.80} as {name} of a checkpoint, expected {value!r:.80}"
            )


def _put(block: bytes, codec: int, put: Put) -> Cid:
    cid = Cid.of(block, codec)
    put(cid, block)
    return cid


def _block(cid: Cid, get: Get, most_bytes: int) -> bytes:
    block = get(cid)
    if len(block) > most_bytes or not cid.matches(block):
        raise Refused(
            "wrong-block", f"found {len(block)} other bytes for {cid}, expected its own, at most {most_bytes}"
        )
    return block


def _manifest(block: bytes) -> dict[str, Value]:
    found = dagcbor.decode(block)
    if not isinstance(found, dict) or found.keys() != {"v", "scope", "moment", "records", "ratings", "columns"}:
        raise _bad("another shape", "a map of v, scope, moment, records, ratings and columns")
    if found["v"] != VERSION:
        raise _bad(f"the version {found['v']!r:.20}", str(VERSION))
    return found


def _count(manifest: Mapping[str, Value], name: str) -> int:
    value = manifest[name]
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        raise _bad(f"{value!r:.40} as {name}", f"a number from 0 to {MAX_NUMBER}")
    return value


def _columns(manifest: Mapping[str, Value]) -> dict[str, Value]:
    columns = manifest["columns"]
    if not isinstance(columns, dict) or columns.keys() != _COLUMNS.keys():
        raise _bad("other columns", f"{', '.join(_COLUMNS)}")
    return columns


def _named(name: str, named: Value, counts: Mapping[str, int]) -> list[Cid]:
    """The blocks of a column, as many as its items may fill."""
    if not isinstance(named, list):
        raise _bad(f"no list of raw blocks as {name}", "one")
    found = [one for one in named if isinstance(one, Cid) and one.codec == RAW]
    if len(found) != len(named):
        raise _bad(f"no list of raw blocks as {name}", "one")
    item_bytes, of_what = _COLUMNS[name]
    blocks = len(found) if of_what is None else -(-item_bytes * counts[of_what] // BLOCK_BYTES)
    if len(found) != blocks or blocks * BLOCK_BYTES > MAX_COLUMN_BYTES:
        raise _bad(f"{len(found)} blocks of {name}", "as many as its items fill, at most 1 GiB")
    return found


def _column(name: str, named: Value, get: Get, counts: Mapping[str, int]) -> bytes:
    """The bytes of a column, as many as the counts say; nothing is fetched for one that is too long."""
    item_bytes, of_what = _COLUMNS[name]
    cids = _named(name, named, counts)
    data = bytearray()
    for at, one in enumerate(cids):
        block = _block(one, get, BLOCK_BYTES)
        if not block or (at + 1 < len(cids) and len(block) != BLOCK_BYTES):
            raise _bad(f"a block of {len(block)} bytes in {name}", "full ones and a rest")
        data += block
    if of_what is not None and len(data) != item_bytes * counts[of_what]:
        raise _bad(f"{len(data)} bytes of {name}", str(item_bytes * counts[of_what]))
    return bytes(data)


def _authors(data: bytes) -> list[Cid]:
    if len(data) % DIGEST_BYTES:
        raise _bad(f"{len(data)} bytes of authors", f"{DIGEST_BYTES} for each")
    digests = [data[at : at + DIGEST_BYTES] for at in range(0, len(data), DIGEST_BYTES)]
    _check_ascending(digests, "authors")
    return [Cid.from_digest(digest, DAG_CBOR) for digest in digests]


def _films(data: bytes) -> list[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _bad("films that are no text", "lines of UTF-8") from None
    if text and not text.endswith("\n"):
        raise _bad("a line of films without an end", "each with its line feed")
    films = text.split("\n")[:-1]
    if not all(map(is_film_id, films)):
        raise _bad("a line that names no film", "film ids in their one form")
    _check_ascending(films, "films")
    return films


def _check(found: Snapshot, with_digests: bool) -> None:
    """Raises `Refused` unless the columns go together, in the one order that they may have."""
    if any(one > other for one, other in pairwise(found.times)) or (found.times and found.times[-1] > MAX_NUMBER):
        raise _bad("times out of order", "them ascending")
    if with_digests:
        _check_ascending(found.keys(), "records")
    for name, column, size in (
        ("author", found.author, len(found.authors)),
        ("film", found.film, len(found.films)),
        ("record", found.record, found.records),
    ):
        if column and max(column) >= size:
            raise _bad(f"the number {max(column)} as {name}", f"one below {size}")
    if (len(set(found.author)), len(set(found.film))) != (len(found.authors), len(found.films)):
        raise _bad("an author or film without a rating", "those alone that have one")
    if found.stars and max(found.stars) > 10:
        raise _bad(f"{max(found.stars)} stars", "0 to 10")
    _check_ascending((whose << 32 | about for whose, about in zip(found.author, found.film, strict=True)), "ratings")


def _check_ascending(values: Iterable[Any], name: str) -> None:
    if any(one >= other for one, other in pairwise(values)):
        raise _bad(f"{name} out of order", "them ascending, each once")


def _numbers(code: str, data: bytes) -> array[int]:
    found: array[int] = array(code)
    found.frombytes(data)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def _little(column: array[int]) -> bytes:
    if sys.byteorder == "big":
        column = array(column.typecode, column)
        column.byteswap()
    return column.tobytes()


def _bad(found: str, expected: str) -> Refused:
    return Refused("bad-checkpoint", f"found {found} in a checkpoint, expected {expected}")
