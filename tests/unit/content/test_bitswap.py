"""Bitswap messages, byte by byte: what is written is read, what is malformed or too much is refused."""

from __future__ import annotations

import hashlib

import pytest

from cinepeer.content.bitswap import MAX_MESSAGE_BYTES, MAX_WANTS, Message, Want, encode, frame, parse, read_key
from cinepeer.content.dagpb import MAX_BLOCK_BYTES
from cinepeer.content.protobuf import encode_bytes, encode_number
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_PB, RAW, Cid

A, B = Cid.of(b"a", RAW), Cid.of(b"b", DAG_PB)
OLD_B = b"\x12\x20" + B.digest
BLAKE = b"\x01\x55\xa0\xe4\x02\x20" + bytes(32)


def test_a_message_comes_back() -> None:
    message = Message(
        wants=[Want(A, send_dont_have=True), Want(BLAKE, is_cancel=True), Want(OLD_B, wants_have=True)],
        is_full=True,
        blocks=[(A, b"a"), (B, b"b")],
        haves=[A],
        dont_haves=[OLD_B],
    )
    assert parse(encode(message)) == message
    assert parse(encode(message, {B: OLD_B})) == message
    assert frame(message)[2:] == encode(message)


def test_the_bytes_are_those_of_the_protocol() -> None:
    assert encode(Message(wants=[Want(A, send_dont_have=True)])).hex() == f"0a2c0a2a0a24{A.hex()}10012801"
    assert encode(Message(blocks=[(A, b"a")])).hex() == "1a090a0401551220120161"
    assert encode(Message(blocks=[(B, b"b")]), {B: OLD_B}).hex() == "1a090a0400701220120162"
    assert encode(Message(dont_haves=[A])).hex() == f"22280a24{A.hex()}1001"


def test_a_block_gets_the_id_of_its_own_bytes() -> None:
    lie = encode_bytes(3, encode_bytes(1, bytes(A[:4])) + encode_bytes(2, b"other"))
    assert parse(lie).blocks == [(Cid.of(b"other", RAW), b"other")]


def test_ids_in_either_form_mean_the_same_block_and_others_none() -> None:
    assert read_key(B) == read_key(OLD_B) == B
    assert read_key(BLAKE) is None
    assert Want(BLAKE).cid is None


@pytest.mark.parametrize(
    "data",
    [
        encode_bytes(2, b"a block of the first bitswap"),
        encode_bytes(3, encode_bytes(1, b"\x01\x55\x16\x20") + encode_bytes(2, b"a")),  # sha3
        encode_bytes(3, encode_bytes(1, b"\x01\x55\x12\x14") + encode_bytes(2, b"a")),  # cut digest
        encode_bytes(3, encode_bytes(1, b"\x01\x85\x12\x20") + encode_bytes(2, b"a")),  # unknown codec
        encode_bytes(3, encode_bytes(2, b"a")),
    ],
)
def test_what_is_of_no_use_is_counted_and_not_kept(data: bytes) -> None:
    message = parse(data)
    assert message.foreign == 1 and message.is_empty


def test_wants_above_the_limit_are_not_read() -> None:
    wants = [Want(Cid.of(str(number).encode(), RAW)) for number in range(MAX_WANTS + 5)]
    message = parse(encode(Message(wants=wants)))
    assert message.wants == wants[:MAX_WANTS] and message.foreign == 5


@pytest.mark.parametrize(
    "data",
    [
        b"\x0a",
        b"\x0a\x05",
        b"\x0d\x00\x00\x00\x00",
        b"\x00\x00",
        encode_number(1, 5),
        encode_bytes(1, encode_bytes(1, encode_number(2, 1))),  # an entry without an id
        encode_bytes(1, encode_bytes(1, encode_bytes(1, bytes(129)))),
        encode_bytes(1, encode_bytes(1, encode_bytes(1, A) + encode_bytes(3, b"x"))),
        encode_bytes(4, encode_number(2, 1)),
        encode_bytes(3, encode_bytes(2, bytes(MAX_BLOCK_BYTES + 1))),
        bytes(MAX_MESSAGE_BYTES + 1),
    ],
)
def test_a_malformed_or_too_large_message_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        parse(data)


def test_the_largest_block_passes() -> None:
    block = bytes(MAX_BLOCK_BYTES)
    assert (
        parse(encode(Message(blocks=[(Cid.of(block, RAW), block)]))).blocks[0][0].digest
        == hashlib.sha256(block).digest()
    )


def test_a_field_that_reaches_beyond_its_message_is_refused() -> None:
    block = encode_bytes(1, b"\x01\x55\x12\x20") + encode_bytes(2, b"held")
    assert parse(encode_bytes(3, block)).blocks == [(Cid.of(b"held", RAW), b"held")]
    for cut in {*range(1, len(block))} - {6}:  # six bytes are the prefix alone: a message too, of an empty block
        with pytest.raises(Refused) as caught:
            parse(encode_bytes(3, block[:cut]) + encode_bytes(3, block))  # what follows would do for the rest
        assert caught.value.reason in ("bad-protobuf", "bad-varint")
    with pytest.raises(Refused, match="found the number 1 for a block, expected bytes"):
        parse(encode_number(3, 1))
