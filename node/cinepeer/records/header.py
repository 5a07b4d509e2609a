"""The header of a record and the bytes that it stands in: every byte of a block is fixed but for the fields.

One expression takes exactly the canonical forms. Blocks of one length nearly always have their fields at the same
places, too: so a `_Layout` that the expression found is tried first and reads such a block in a third of the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import repeat
from struct import Struct
from typing import Any, NamedTuple

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.bodies import MAX_BODY_BYTES
from cinepeer.records.cid import DAG_CBOR, Cid

VERSION = 1
MAX_RECORD_BYTES = 1024
MAX_NUMBER = 2**53 - 1  # of seq and time: what every language can hold exactly
INCEPTION = "inception"
# What a record's id begins with; the sha2-256 of its block follows.
ID_PREFIX = bytes(Cid.of(b"", DAG_CBOR))[:4]


# A tuple, because hundreds of thousands are made in a minute: that takes a third of the time of other objects, and the
# garbage collector leaves it alone after its first look, as it holds nothing that could lead back to it.
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


_UINT = rb"[\x00-\x17]|\x18[\x18-\xff]|\x19[\x01-\xff].|\x1a(?!\0\0).{4}|\x1b(?!\0{4})\0[\x00-\x1f].{6}"
_LINK = rb"\xd8\x2a\x58\x25\0\x01\x71\x12\x20(.{32})"
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
_SEQ, _BODY, _KIND_NAME, _PREV, _SIZE, _TIME, _AUTHOR, _DEVICE, _SIGNATURE = range(1, 10)  # the groups of `_BLOCK`
# The part of a block that is signed.
HEADER_AT = slice(len(_BEGIN), -len(_END) - 64)

# By how many bytes a number has: how those after its first are read, and the least that may stand there.
_NUMBERS = {1: ("B", 0), 2: ("B", 24), 3: ("H", 1 << 8), 5: ("I", 1 << 16), 9: ("Q", 1 << 32)}
_SEQ_AT = len(_BEGIN) + len(b"\xa9\x61v\x01\x63seq")


class _Layout(NamedTuple):
    """Where the fields of blocks of one length lie: all bytes but theirs are `fixed`, the kind's among them."""

    struct: Struct
    fixed: tuple[bytes, ...]
    kind: str
    least: tuple[int, int, int]  # of seq, size and time


# The newest one for each length and first byte of a seq, so that there are few of them whatever comes.
_layouts: dict[int, _Layout] = {}
# The ids of the authors met lately by their digests: one object for all records of an author.
_authors: dict[bytes, Cid] = {}
_MAX_AUTHORS = 4_096
_make = tuple.__new__


def read_block(block: bytes) -> tuple[Header, bytes]:
    """The header of a block, and the signature (64 bytes) over it, which is not verified.

    Raises `Refused` (`not-canonical`, `bad-record`) for bytes that are no record.
    """
    size_bytes = len(block)
    layout = _layouts.get(size_bytes << 8 | block[_SEQ_AT]) if size_bytes > _SEQ_AT else None
    if layout is None:
        return _read_by_grammar(block)
    struct, fixed, kind, (least_seq, least_size, least_time) = layout
    a, seq, b, body, c, prev, d, size, e, time, f, author, g, device, h, signature = struct.unpack(block)
    if (
        (a, b, c, d, e, f, g, h) != fixed
        or seq < least_seq
        or not least_size <= size <= MAX_BODY_BYTES
        or not least_time <= time <= MAX_NUMBER
    ):
        return _read_by_grammar(block)
    whose = _authors.get(author) or _shared(author)
    return _make(
        Header, (whose, device, seq, Cid(ID_PREFIX + prev), time, kind, Cid(ID_PREFIX + body), size)
    ), signature


def form_of(block: bytes) -> tuple[str, tuple[bytes, ...]] | None:
    """The codes of a struct that takes apart blocks laid out as this one, and what stands before each field.

    The struct gives in turn what stands before a field, and the field: seq, body, prev, size, time, author, device,
    signature, of the links the digests. None for a block of a form that is seldom met.
    """
    layout = _layouts.get(len(block) << 8 | block[_SEQ_AT])
    return None if layout is None else (layout.struct.format[1:], layout.fixed)


def read_columns(block: bytes, fields: Sequence[Sequence[Any]]) -> Iterator[Header] | None:
    """The headers of many blocks laid out as `block`; `fields` has their fields as columns, all but the signature.

    None where a number is none that may stand there. What stands between the fields is looked at by the caller.
    """
    _, _, kind, (least_seq, least_size, least_time) = _layouts[len(block) << 8 | block[_SEQ_AT]]
    seqs, bodies, prevs, sizes, times, authors, devices = fields
    if min(seqs) < least_seq or min(sizes) < least_size or min(times) < least_time:
        return None
    if max(sizes) > MAX_BODY_BYTES or max(times) > MAX_NUMBER or (not least_seq and max(seqs) > 23):
        return None
    whose = [_authors.get(author) or _shared(author) for author in authors]
    before = [Cid(ID_PREFIX + prev) for prev in prevs]
    named = [Cid(ID_PREFIX + body) for body in bodies]
    return map(
        _make, repeat(Header), zip(whose, devices, seqs, before, times, repeat(kind), named, sizes, strict=False)
    )


def _shared(digest: bytes) -> Cid:
    if len(_authors) >= _MAX_AUTHORS:
        _authors.clear()
    found = _authors[digest] = Cid(ID_PREFIX + digest)
    return found


def _read_by_grammar(block: bytes) -> tuple[Header, bytes]:
    """`read_block` for a block of any layout; what it is taken for is tried first for the next one of its length."""
    found = _BLOCK.fullmatch(block) if len(block) <= MAX_RECORD_BYTES else None
    if found is None:
        raise _explain(block)
    seq, body, kind, prev, size, time, author, device, signature = found.groups()
    header = Header(
        None if author is None else _shared(author),
        device,
        _number(seq),
        None if prev is None else Cid(ID_PREFIX + prev),
        _number(time),
        kind[1:].decode("ascii"),
        Cid(ID_PREFIX + body),
        _number(size),
    )
    _check(header)
    if header.author is not None and header.prev is not None and min(len(size), len(time)) > 1 and len(seq) < 9:
        _layouts[len(block) << 8 | block[_SEQ_AT]] = _layout(found, header.kind)
    return header, signature


def _number(data: bytes) -> int:
    return data[0] if len(data) == 1 else int.from_bytes(data[1:], "big")


def _layout(found: re.Match[bytes], kind: str) -> _Layout:
    """Where the fields of a block lie that has both links, and numbers of the widths that nearly all have."""
    form, fixed, least, end = ">", [], [], 0
    for group in (_SEQ, _BODY, _PREV, _SIZE, _TIME, _AUTHOR, _DEVICE, _SIGNATURE):
        begin, until = found.span(group)
        code = f"{until - begin}s"
        if group in (_SEQ, _SIZE, _TIME):
            code, lowest = _NUMBERS[until - begin]
            least.append(lowest)
            begin += until - begin > 1
        form += f"{begin - end}s{code}"
        fixed.append(found.string[end:begin])
        end = until
    seq, size, time = least
    return _Layout(Struct(form), tuple(fixed), kind, (seq, size, time))


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
