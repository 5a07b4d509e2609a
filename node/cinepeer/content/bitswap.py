"""Bitswap 1.2 messages (https://specs.ipfs.tech/bitswap-protocol/): pure, strictly read, bounded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cinepeer.content.dagpb import MAX_BLOCK_BYTES
from cinepeer.content.protobuf import (
    as_bytes,
    as_number,
    as_place,
    encode_bytes,
    encode_head,
    encode_number,
    encode_varint,
    read_fields,
    read_places,
)
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_PB, Cid

PROTOCOL = "/ipfs/bitswap/1.2.0"
MAX_MESSAGE_BYTES = 4 << 20
MAX_WANTS = 1024  # entries read of one message, and wants kept of one peer
MAX_PRESENCES = 8192
MAX_KEY_BYTES = 128

_SHA2_256 = b"\x12\x20"
_PREFIX_V0 = b"\x00\x70\x12\x20"
_V0_BYTES = 34
_PRIORITY = 1


@dataclass(frozen=True, slots=True)
class Want:
    """One entry of a want list. `key` is the id as the peer wrote it: answers repeat it."""

    key: bytes
    is_cancel: bool = False
    wants_have: bool = False
    send_dont_have: bool = False

    @property
    def cid(self) -> Cid | None:
        """The id in our form; None for a codec or hash that is never held here."""
        return read_key(self.key)


@dataclass(slots=True)
class Message:
    """One message. `blocks` are (id computed from the bytes, block); `foreign` counts entries of no use here."""

    wants: list[Want] = field(default_factory=list)
    is_full: bool = False
    blocks: list[tuple[Cid, bytes]] = field(default_factory=list)
    haves: list[bytes] = field(default_factory=list)
    dont_haves: list[bytes] = field(default_factory=list)
    foreign: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return not (self.wants or self.blocks or self.haves or self.dont_haves)


def read_key(key: bytes) -> Cid | None:
    """A CIDv0 or CIDv1 as the latter; None for what this node never holds."""
    if len(key) == _V0_BYTES and key[:2] == _SHA2_256:
        return Cid.from_digest(key[2:], DAG_PB)
    try:
        return Cid.from_bytes(key)
    except Refused:
        return None


def encode(message: Message, keys: dict[Cid, bytes] | None = None) -> bytes:
    """The message's bytes; `keys` names the form in which a peer asked for a block, where it was not CIDv1."""
    return b"".join(_pieces(message, keys or {}))


def frame(message: Message, keys: dict[Cid, bytes] | None = None) -> bytes:
    """The message with its length before it, as it goes over a stream."""
    pieces = _pieces(message, keys or {})
    return b"".join((encode_varint(sum(map(len, pieces))), *pieces))


def _pieces(message: Message, keys: dict[Cid, bytes]) -> list[bytes]:
    """The message in pieces, so that blocks are copied once."""
    out: list[bytes] = []
    if message.wants or message.is_full:
        entries = b"".join(encode_bytes(1, _entry(want)) for want in message.wants)
        out.append(encode_bytes(1, entries + (encode_number(2, 1) if message.is_full else b"")))
    for cid, block in message.blocks:
        prefix = _PREFIX_V0 if len(keys.get(cid, cid)) == _V0_BYTES else bytes(cid[:4])
        head = encode_bytes(1, prefix) + encode_head(2, len(block))
        out += [encode_head(3, len(head) + len(block)), head, block]
    out += [encode_bytes(4, encode_bytes(1, key) + encode_number(2, 0)) for key in message.haves]
    out += [encode_bytes(4, encode_bytes(1, key) + encode_number(2, 1)) for key in message.dont_haves]
    return out


def _entry(want: Want) -> bytes:
    out = encode_bytes(1, want.key) + encode_number(2, _PRIORITY)
    for number, is_set in ((3, want.is_cancel), (4, want.wants_have), (5, want.send_dont_have)):
        if is_set:
            out += encode_number(number, 1)
    return out


def parse(data: bytes) -> Message:
    """Reads one message without its length; raises `Refused` (`bad-message`, `too-large`, `bad-protobuf`, …).

    Entries above the limits, blocks under hashes other than sha2-256 and blocks in the form of bitswap 1.0 are
    counted as `foreign` and not kept.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise Refused("too-large", f"found a message of {len(data)} bytes, expected at most {MAX_MESSAGE_BYTES}")
    message = Message()
    for number, value in read_places(data, slice(0, len(data))):
        if number == 1:
            _parse_wants(data[as_place(value, "a want list")], message)
        elif number == 3:
            _parse_block(data, as_place(value, "a block"), message)
        elif number == 4:
            _parse_presence(data[as_place(value, "a presence")], message)
        elif number == 2:
            message.foreign += 1
    return message


def _parse_wants(data: bytes, message: Message) -> None:
    for number, value in read_fields(data):
        if number == 1:
            if len(message.wants) == MAX_WANTS:
                message.foreign += 1
                continue
            message.wants.append(_parse_want(as_bytes(value, "an entry")))
        elif number == 2:
            message.is_full = bool(as_number(value, "full"))


def _parse_want(data: bytes) -> Want:
    key = b""
    flags = {3: False, 4: False, 5: False}
    for number, value in read_fields(data):
        if number == 1:
            key = as_bytes(value, "an id")
        elif number in flags:
            flags[number] = bool(as_number(value, "a flag"))
    _check_key(key)
    return Want(key, flags[3], flags[4], flags[5])


def _parse_block(data: bytes, within: slice, message: Message) -> None:
    prefix, place = b"", slice(0, 0)
    for number, value in read_places(data, within):
        if number == 1:
            prefix = data[as_place(value, "a prefix")]
        elif number == 2:
            place = as_place(value, "a block")
    if place.stop - place.start > MAX_BLOCK_BYTES:
        size = place.stop - place.start
        raise Refused("too-large", f"found a block of {size} bytes, expected at most {MAX_BLOCK_BYTES}")
    if len(prefix) != len(_PREFIX_V0) or prefix[2:] != _SHA2_256:
        message.foreign += 1
        return
    block = data[place]  # the one copy of it
    digest = hashlib.sha256(block).digest()
    key = _SHA2_256 + digest if prefix == _PREFIX_V0 else prefix + digest
    cid = read_key(key)
    if cid is None:
        message.foreign += 1
    else:
        message.blocks.append((cid, block))


def _parse_presence(data: bytes, message: Message) -> None:
    key, is_missing = b"", False
    for number, value in read_fields(data):
        if number == 1:
            key = as_bytes(value, "an id")
        elif number == 2:
            is_missing = as_number(value, "a presence") == 1
    _check_key(key)
    if len(message.haves) + len(message.dont_haves) == MAX_PRESENCES:
        message.foreign += 1
    else:
        (message.dont_haves if is_missing else message.haves).append(key)


def _check_key(key: bytes) -> None:
    if not 4 <= len(key) <= MAX_KEY_BYTES:
        raise Refused("bad-message", f"found an id of {len(key)} bytes, expected 4 to {MAX_KEY_BYTES}")
