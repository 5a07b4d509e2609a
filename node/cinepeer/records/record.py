"""Records: a closed header signed by a device, and a body that is a block of its own and may be forgotten.

The block of a record is the DAG-CBOR map `{"header": {…}, "signature": 64 bytes}`. The device signs `DOMAIN` and the
header's bytes; the record's id is the CID of the block. Header and limits are frozen: docs/records.md.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from itertools import repeat
from struct import Struct
from typing import NamedTuple

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, keys
from cinepeer.records.bodies import MAX_BODY_BYTES as MAX_BODY_BYTES
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.header import HEADER_AT, ID_PREFIX, VERSION, form_of, read_block, read_columns
from cinepeer.records.header import INCEPTION as INCEPTION
from cinepeer.records.header import MAX_NUMBER as MAX_NUMBER
from cinepeer.records.header import MAX_RECORD_BYTES as MAX_RECORD_BYTES
from cinepeer.records.header import Header as Header

DOMAIN = b"cinepeer/record/1\0"

_MAX_PACK_BYTES = MAX_RECORD_BYTES + MAX_BODY_BYTES + 16
_FEWEST = 8  # packs that are worth being read together
_PACK_HEAD = Struct(">BHBBH")  # a byte string of 256 bytes or more, a list in it, and another such string


# A tuple for the reasons that `Header` is one.
class Record(NamedTuple):
    """A header with its signature (64 bytes), made by `parse_record` alone; `id` is the CID of `block`."""

    header: Header
    signature: bytes
    id: Cid
    block: bytes

    @property
    def author(self) -> Cid:
        """The author's id; an inception's own id is it."""
        return self.header.author or self.id

    @property
    def kind(self) -> str:
        """What sort of fact this is."""
        return self.header.kind

    @property
    def device(self) -> bytes:
        """The public key (32 bytes) that signed."""
        return self.header.device

    @property
    def seq(self) -> int:
        """The place in the device's feed, from 0."""
        return self.header.seq

    @property
    def time(self) -> int:
        """When the device says it signed, Unix time in ms."""
        return self.header.time


def sign_record(
    seed: bytes, *, author: Cid | None, seq: int, prev: Cid | None, time: int, kind: str, body: bytes
) -> Record:
    """Signs a header over `body` by the key of `seed`; raises `Refused` (`bad-record`) for one that has no form."""
    header: dict[str, dagcbor.Value] = {
        "v": VERSION,
        "author": author,
        "device": keys.public_key(seed),
        "seq": seq,
        "prev": prev,
        "time": time,
        "kind": kind,
        "body": Cid.of(body, DAG_CBOR),
        "size": len(body),
    }
    signature = keys.sign(seed, DOMAIN + dagcbor.encode(header))
    return parse_record(dagcbor.encode({"header": header, "signature": signature}))


def parse_record(block: bytes) -> Record:
    """Reads a record's block strictly; raises `Refused` (`not-canonical`, `bad-record`).

    The signature, the body and the place in the feed are checked by others.
    """
    if type(block) is not bytes:
        block = bytes(block)
    header, signature = read_block(block)
    return tuple.__new__(Record, (header, signature, Cid(ID_PREFIX + sha256(block).digest()), block))


def _bad(found: str, expected: str) -> Refused:
    return Refused("bad-record", f"found {found}, expected {expected}")


def verify_record(record: Record) -> None:
    """Raises `Refused` (`bad-signature`) unless the device signed the header; safe in any thread."""
    keys.verify(record.device, DOMAIN + record.block[HEADER_AT], record.signature)


def verify_body(record: Record, body: bytes) -> None:
    """Raises `Refused` unless `body` is the one that the header names (`wrong-body`) and says something (`bad-body`).

    A body that fails has no effect; its header stays valid.
    """
    body_fields(record, body)


def body_fields(record: Record, body: bytes) -> dict[str, dagcbor.Value]:
    """The fields of the body that a header names; raises `Refused` as `verify_body` does."""
    verify_bytes(record, body)
    return parse_body(record.kind, body)


def verify_bytes(record: Record, body: bytes) -> None:
    """Raises `Refused` (`wrong-body`) unless `body` has the very bytes that the header names, whatever they say."""
    if len(body) != record.header.size or not record.header.body.matches(body):
        raise Refused("wrong-body", f"found {len(body)} bytes of another body, expected {record.header.body}")


def pack(record: Record, body: bytes | None) -> bytes:
    """A record and its body as they travel: the DAG-CBOR list of the block and the body, or null without it."""
    block = record.block
    if body is None:
        return b"".join((b"\x82", dagcbor.byte_string_head(len(block)), block, b"\xf6"))
    return b"".join((b"\x82", dagcbor.byte_string_head(len(block)), block, dagcbor.byte_string_head(len(body)), body))


def unpack(data: bytes) -> tuple[Record, bytes | None]:
    """Reads what `pack` gave; raises `Refused` (`not-canonical`, `bad-record`). Nothing is verified."""
    if len(data) > _MAX_PACK_BYTES:
        raise _bad(f"{len(data)} bytes", f"at most {_MAX_PACK_BYTES}")
    found = unpack_run(dagcbor.byte_string_head(len(data)) + data, 0, 1)
    return _unpack_slowly(data) if found is None else found[0]


def unpack_run(data: bytes, at: int, count: int) -> list[tuple[Record, bytes | None]] | None:
    """Reads `count` packs, each a byte string of DAG-CBOR, that lie in `data` from `at` up to its end.

    None where a length does not stand where it nearly always does; raises `Refused` for a block that is no record.
    """
    found: list[tuple[Record, bytes | None]] = []
    end, head_size, make = len(data), _PACK_HEAD.size, tuple.__new__
    before: bytes | None = None
    is_mixed = count < _FEWEST
    while len(found) < count:
        head = data[at : at + head_size]
        if head != before:  # those of one author, and of one kind, nearly always are of one size
            spans = _spans(head)
            if spans is None:
                return None
            before, (block_size, body_head, pack_size) = head, spans
        elif not is_mixed and data.startswith(head, at + _FEWEST * pack_size):
            alike = _read_alike(data, at, count - len(found), (block_size, body_head, pack_size))
            is_mixed = alike is None
            found += alike or ()
            at += len(alike or ()) * pack_size
            continue
        block_at = at + head_size
        body_at = block_at + block_size
        text_at = body_at + len(body_head)
        at += pack_size
        if at > end or data[body_at:text_at] != body_head:
            return None
        block = data[block_at:body_at]
        header, signature = read_block(block)
        record = make(Record, (header, signature, Cid(ID_PREFIX + sha256(block).digest()), block))
        found.append((record, data[text_at:at] if text_at < at else None))
    return found if at == end else None


def _read_alike(
    data: bytes, at: int, most: int, spans: tuple[int, bytes, int]
) -> list[tuple[Record, bytes | None]] | None:
    """Reads at most `most` packs of one size from `at` on, each field of all of them at once: in a sixth less time.

    None where one of them differs from what the first is like in more than its fields.
    """
    block_size, body_head, pack_size = spans
    block_at = at + _PACK_HEAD.size
    first = data[block_at : block_at + block_size]
    form = form_of(first)
    head, rows = data[at:block_at], 1
    while rows < most and data.startswith(head, at + rows * pack_size):
        rows += 1
    end = at + rows * pack_size
    if form is None or end > len(data):
        return None
    codes, fixed = form
    text_at = _PACK_HEAD.size + block_size + len(body_head)
    cut = _cut(f">{len(head)}x{codes}{len(body_head)}s{pack_size - text_at}s")
    columns = list(zip(*cut.iter_unpack(memoryview(data)[at:end]), strict=True))
    for column, expected in zip(columns[::2], (*fixed, body_head), strict=True):
        if column.count(expected) != rows:
            return None
    *fields, signatures, texts = columns[1::2]
    headers = read_columns(first, fields)
    if headers is None:
        return None
    blocks = [data[begin : begin + block_size] for begin in range(block_at, end, pack_size)]
    ids = [Cid(ID_PREFIX + sha256(block).digest()) for block in blocks]
    records = map(tuple.__new__, repeat(Record), zip(headers, signatures, ids, blocks, strict=False))
    return list(zip(records, repeat(None) if text_at == pack_size else texts, strict=False))


_cut = lru_cache(maxsize=256)(Struct)


def _spans(head: bytes) -> tuple[int, bytes, int] | None:
    """What the first bytes of a pack tell: the size of its block, what stands before its body, and its own size.

    None unless pack and block have 256 bytes or more, as all have but the first records of an author.
    """
    if len(head) < _PACK_HEAD.size:
        return None
    outer, size, opening, inner, block_size = _PACK_HEAD.unpack(head)
    rest = size - (len(head) - 3) - block_size
    if (outer, opening, inner) != (0x59, 0x82, 0x59) or block_size < 256 or rest < 1:
        return None
    if rest == 1:
        return block_size, b"\xf6", size + 3
    body_size = rest - (2 if rest < 0x102 else 3)
    body_head = dagcbor.byte_string_head(max(0, body_size))
    if len(body_head) + body_size != rest or body_size > MAX_BODY_BYTES:
        return None
    return block_size, body_head, size + 3


def _unpack_slowly(data: bytes) -> tuple[Record, bytes | None]:
    """`unpack` for a pack of any form."""
    value = dagcbor.decode(data, max_depth=1)
    if not isinstance(value, list) or len(value) != 2:
        raise _bad("another shape", "a list of block and body")
    block, body = value
    if not isinstance(block, bytes) or isinstance(block, Cid):
        raise _bad("no block", "bytes")
    if body is not None and (not isinstance(body, bytes) or isinstance(body, Cid) or len(body) > MAX_BODY_BYTES):
        raise _bad("another body", f"null or at most {MAX_BODY_BYTES} bytes")
    return parse_record(block), body
