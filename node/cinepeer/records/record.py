"""Records: a closed header signed by a device, and a body that is a block of its own and may be forgotten.

The block of a record is the DAG-CBOR map `{"header": {…}, "signature": 64 bytes}`. The device signs `DOMAIN` and the
header's bytes; the record's id is the CID of the block. Header and limits are frozen: docs/records.md.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, keys
from cinepeer.records.bodies import MAX_BODY_BYTES as MAX_BODY_BYTES
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import DAG_CBOR, Cid

VERSION = 1
MAX_RECORD_BYTES = 1024
MAX_NUMBER = 2**53 - 1  # of seq and time: what every language can hold exactly
DOMAIN = b"cinepeer/record/1\0"
INCEPTION = "inception"

_MAX_PACK_BYTES = MAX_RECORD_BYTES + MAX_BODY_BYTES + 16


# Both are tuples, because hundreds of thousands are made in a minute: that takes a third of the time of other objects,
# and the garbage collector leaves them alone after its first look, as they hold nothing that could lead back to them.


class Header(NamedTuple):
    """What a device signs. `author` is None only in an inception, `time` is Unix time in ms, `size` in bytes."""

    author: Cid | None
    device: bytes
    seq: int
    prev: Cid | None
    time: int
    kind: str
    body: Cid
    size: int


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


# The grammar of a block: every byte of it is fixed but for these fields, in this order, so that one expression takes
# exactly the canonical forms. What it does not take, `_explain` reads slowly to say why.

_UINT = rb"[\x00-\x17]|\x18[\x18-\xff]|\x19[\x01-\xff].|\x1a(?!\0\0).{4}|\x1b(?!\0{4})\0[\x00-\x1f].{6}"
_LINK = rb"\xd8\x2a\x58\x25\0(\x01\x71\x12\x20.{32})"
_KIND = b"|".join(b"%c[a-z][a-z0-9-]{%d}" % (0x60 + size, size - 1) for size in range(1, 24))
_A_LINK = "a link to a DAG-CBOR block"
_A_NUMBER = f"an integer from 0 to {MAX_NUMBER}"
# name: the bytes that its value may have, and that in words
_FIELDS: dict[str, tuple[bytes, str]] = {
    "v": (rb"\x01", f"{VERSION}"),
    "seq": (rb"(" + _UINT + rb")", _A_NUMBER),
    "body": (_LINK, _A_LINK),
    "kind": (rb"(" + _KIND + rb")", "1 to 23 of a-z, 0-9 and -, the first a letter"),
    "prev": (rb"(?:\xf6|" + _LINK + rb")", f"null or {_A_LINK}"),
    "size": (rb"(" + _UINT + rb")", _A_NUMBER),
    "time": (rb"(" + _UINT + rb")", _A_NUMBER),
    "author": (rb"(?:\xf6|" + _LINK + rb")", f"null or {_A_LINK}"),
    "device": (rb"\x58\x20(.{32})", "32 bytes"),
}
_BEGIN = b"\xa2\x66header"
_END = b"\x69signature\x58\x40"
_HEADER = b"\xa9" + b"".join(b"%c%s%s" % (0x60 + len(name), name.encode(), form) for name, (form, _) in _FIELDS.items())
_BLOCK = re.compile(_BEGIN + _HEADER + _END + rb"(.{64})", re.DOTALL)
_ID_PREFIX = bytes(Cid.of(b"", DAG_CBOR))[:4]
_HEADER_AT = slice(len(_BEGIN), -len(_END) - 64)


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
    found = _BLOCK.fullmatch(block) if len(block) <= MAX_RECORD_BYTES else None
    if found is None:
        raise _explain(block)
    seq, body, kind, prev, size, time, author, device, signature = found.groups()
    header = Header(
        None if author is None else Cid(author),
        device,
        seq[0] if len(seq) == 1 else int.from_bytes(seq[1:], "big"),
        None if prev is None else Cid(prev),
        time[0] if len(time) == 1 else int.from_bytes(time[1:], "big"),
        kind[1:].decode("ascii"),
        Cid(body),
        size[0] if len(size) == 1 else int.from_bytes(size[1:], "big"),
    )
    _check(header)
    return Record(header, signature, Cid(_ID_PREFIX + hashlib.sha256(block).digest()), bytes(block))


def _check(header: Header) -> None:
    """What the grammar cannot say: how the fields of a header go together."""
    if not 0 < header.size <= MAX_BODY_BYTES:
        raise _bad(f"a body of {header.size} bytes", f"1 to {MAX_BODY_BYTES}")
    if (header.prev is None) != (header.seq == 0):
        raise _bad(f"the seq {header.seq} {'without' if header.prev is None else 'with'} a prev", "none at seq 0 alone")
    if (header.author is None) != (header.kind == INCEPTION):
        raise _bad(f"a record of kind {header.kind} that names {'no' if header.author is None else 'an'} author", "one")
    if header.kind == INCEPTION and header.seq:
        raise _bad(f"an inception at seq {header.seq}", "seq 0")


def _bad(found: str, expected: str) -> Refused:
    return Refused("bad-record", f"found {found}, expected {expected}")


def _explain(block: bytes) -> Refused:
    """Why a block is no record: not canonical at all, or another shape."""
    if len(block) > MAX_RECORD_BYTES:
        return _bad(f"{len(block)} bytes", f"at most {MAX_RECORD_BYTES}")
    try:
        value = dagcbor.decode(block)
    except Refused as error:
        return error
    if not isinstance(value, dict) or set(value) != {"header", "signature"}:
        return _bad("another shape", "a map of header and signature")
    header = value["header"]
    if not isinstance(header, dict) or set(header) != set(_FIELDS):
        return _bad("another header", f"a map of {', '.join(_FIELDS)}")
    for name, (form, words) in _FIELDS.items():
        if not re.fullmatch(form, dagcbor.encode(header[name]), re.DOTALL):
            return _bad(f"{header[name]!r:.60} for {name}", words)
    return _bad("another signature", "64 bytes")


def verify_record(record: Record) -> None:
    """Raises `Refused` (`bad-signature`) unless the device signed the header; safe in any thread."""
    keys.verify(record.device, DOMAIN + record.block[_HEADER_AT], record.signature)


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
    pair = _split(data)
    if pair is not None:
        return parse_record(pair[0]), pair[1]
    value = dagcbor.decode(data, max_depth=1)
    if not isinstance(value, list) or len(value) != 2:
        raise _bad("another shape", "a list of block and body")
    block, body = value
    if not isinstance(block, bytes) or isinstance(block, Cid):
        raise _bad("no block", "bytes")
    if body is not None and (not isinstance(body, bytes) or isinstance(body, Cid) or len(body) > MAX_BODY_BYTES):
        raise _bad("another body", f"null or at most {MAX_BODY_BYTES} bytes")
    return parse_record(block), body


def _split(data: bytes) -> tuple[bytes, bytes | None] | None:
    """Block and body of a pack whose lengths stand where they nearly always do; None for any other, read slowly."""
    end = len(data)
    if end < 8 or data[0] != 0x82 or data[1] != 0x59 or not data[2]:
        return None
    at = 4 + (data[2] << 8 | data[3])
    if at + 1 == end and data[at] == 0xF6:
        return data[4:at], None
    if at + 3 > end:
        return None
    if data[at] == 0x58 and data[at + 1] >= 24:
        begin, size = at + 2, data[at + 1]
    elif data[at] == 0x59 and data[at + 1]:
        begin, size = at + 3, data[at + 1] << 8 | data[at + 2]
    else:
        return None
    return (data[4:at], data[begin:]) if begin + size == end and size <= MAX_BODY_BYTES else None
