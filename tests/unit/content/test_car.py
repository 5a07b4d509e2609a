"""A CAR holds what it says, or is refused at the first wrong byte."""

from __future__ import annotations

import pytest

from cinepeer.content.car import read, write
from cinepeer.content.dagpb import MAX_BLOCK_BYTES
from cinepeer.content.protobuf import encode_bytes, encode_varint
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_PB, RAW, Cid
from cinepeer.records.dagcbor import Value, encode

BLOCKS = [(Cid.of(data, RAW), data) for data in (b"", b"one", b"two" * 1000)]
WHOLE = b"".join(write([BLOCKS[0][0]], BLOCKS))


def test_a_car_comes_back_with_the_offset_of_each_block() -> None:
    roots, blocks = read(WHOLE)
    assert roots == [BLOCKS[0][0]]
    found = list(blocks)
    assert [(cid, block) for cid, block, _ in found] == BLOCKS
    assert all(WHOLE[offset : offset + len(block)] == block for _, block, offset in found)


def test_a_car_may_arrive_in_pieces_of_any_size() -> None:
    for size in (1, 2, 7, 100):
        pieces = [WHOLE[at : at + size] for at in range(0, len(WHOLE), size)]
        assert list(read(pieces)[1]) == list(read(WHOLE)[1])


def test_the_header_is_that_of_the_format() -> None:
    assert next(write([BLOCKS[0][0]], [])).hex().startswith("3aa265726f6f747381d82a582500")


def test_roots_may_be_named_by_their_older_ids() -> None:
    old, raw = Cid.of(b"\x0a\x00", DAG_PB), Cid.of(b"", RAW)
    link = b"\xd8\x2a\x58\x23\x00"
    for roots in ([old], [raw, old, old]):
        links = b"".join(link + old[2:] if cid is old else b"\xd8\x2a\x58\x25\x00" + cid for cid in roots)
        header = b"\xa2\x65roots" + bytes((0x80 + len(roots),)) + links + b"\x67version\x01"
        assert read(encode_varint(len(header)) + header)[0] == roots
        with pytest.raises(Refused):
            read(encode_varint(len(header) - 1) + header[:-1])
    cut = b"\xa2\x65roots\x81" + link + old[2:20]
    with pytest.raises(Refused):
        read(encode_varint(len(cut)) + cut)


def test_a_block_under_an_older_id_is_taken_as_the_newer() -> None:
    block = encode_bytes(1, b"\x08\x01")
    cid = Cid.of(block, DAG_PB)
    section = b"\x12\x20" + cid.digest + block
    found = list(read(next(write([cid], [])) + encode_varint(len(section)) + section)[1])
    assert [(found_cid, found_block) for found_cid, found_block, _ in found] == [(cid, block)]


def test_every_flipped_bit_is_refused_or_changes_what_the_roots_say() -> None:
    small = b"".join(write([BLOCKS[1][0]], [BLOCKS[1]]))
    original = read(small)[0]
    for position in range(len(small) * 8):
        flipped = bytearray(small)
        flipped[position // 8] ^= 1 << position % 8
        try:
            roots, blocks = read(bytes(flipped))
            held = list(blocks)
        except Refused:
            continue
        assert roots != original or [cid for cid, _, _ in held] != [BLOCKS[1][0]]


def test_every_cut_is_refused() -> None:
    ends = {len(next(write([BLOCKS[0][0]], [])))}
    for _, block, offset in read(WHOLE)[1]:
        ends.add(offset + len(block))
    for length in range(len(WHOLE)):
        if length in ends:
            continue
        with pytest.raises(Refused):
            list(read(WHOLE[:length])[1])


def header(value: Value) -> bytes:
    data = encode(value)
    return encode_varint(len(data)) + data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "bad-car"),
        (header({"version": 2}), "bad-car"),
        (header({"version": 2, "roots": [BLOCKS[0][0]]}), "bad-car"),
        (header({"version": 1, "roots": []}), "bad-car"),
        (header({"version": 1, "roots": ["x"]}), "bad-car"),
        (header({"version": 1, "roots": [BLOCKS[0][0]], "more": 1}), "bad-car"),
        (header([1]), "bad-car"),
        (b"\x01\xff", "not-canonical"),
        (b"\x00", "too-large"),
        (b"\xff\xff\xff\xff\x01", "too-large"),
        (WHOLE + b"\x00", "too-large"),
        (WHOLE + b"\x24" + bytes(36), "bad-cid"),
        (WHOLE + encode_varint(MAX_BLOCK_BYTES + 37), "too-large"),
        (WHOLE + b"\x25" + bytes(Cid.of(b"b", RAW)) + b"a", "wrong-block"),
    ],
)
def test_a_malformed_car_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        list(read(data)[1])
    assert refused.value.reason == reason
