"""CIDs: one id for a block under a codec, one text for an id."""

from __future__ import annotations

import hashlib

import pytest

from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_CBOR, RAW, Cid


def test_the_known_ids_of_known_blocks() -> None:
    assert str(Cid.of(b"", RAW)) == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
    assert str(Cid.of(b"hello", RAW)) == "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"
    assert str(Cid.of(b"\xa0", DAG_CBOR)) == "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"


def test_an_id_matches_its_block_alone() -> None:
    cid = Cid.of(b"film", RAW)
    assert cid.matches(b"film")
    assert not cid.matches(b"films")
    assert (cid.codec, cid.digest) == (RAW, hashlib.sha256(b"film").digest())
    assert Cid.from_digest(cid.digest, RAW) == cid
    assert Cid.of(b"film", DAG_CBOR) != cid


def test_an_id_is_its_bytes() -> None:
    cid = Cid.of(b"film", RAW)
    assert cid == bytes(cid)
    assert hash(cid) == hash(bytes(cid))
    assert repr(cid) == f"Cid({cid})"


@pytest.mark.parametrize("data", [b"", bytes(36), b"\x01\x55\x12\x20" + bytes(31), b"\x01\x55\x12\x20" + bytes(33)])
def test_other_bytes_are_no_id(data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        Cid.from_bytes(data)
    assert caught.value.reason == "bad-cid"
