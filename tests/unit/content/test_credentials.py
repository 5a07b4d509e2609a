"""Content credentials: the same statement has one sidecar, and none that was changed is read."""

from __future__ import annotations

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.content.credentials import FilmDigest, Statement, read_credentials, write_credentials
from cinepeer.content.jumbf import parse_described
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_CBOR, RAW, Cid
from cinepeer.records.keys import public_key

SEED = bytes(range(32))
STATEMENT = Statement(
    hashlib.sha256(b"film").digest(),
    "1080p",
    hashlib.sha256(b"source").digest(),
    Cid.of(b"author", DAG_CBOR),
    {"1080p/00001.m4s": Cid.of(b"segment", RAW), "master.m3u8": Cid.of(b"master", RAW)},
)
SIDECAR = write_credentials(STATEMENT, SEED)


def mp4(*boxes: tuple[bytes, bytes]) -> bytes:
    return b"".join(struct.pack(">I4s", 8 + len(body), kind) + body for kind, body in boxes)


def digest(data: bytes, cut: int = 1 << 20) -> bytes:
    film = FilmDigest()
    for at in range(0, len(data), cut):
        film.feed(data[at : at + cut])
    return film.digest()


def test_a_sidecar_is_read_back_with_the_key_that_signed_it() -> None:
    assert read_credentials(SIDECAR) == (STATEMENT, public_key(SEED))


def test_the_same_statement_gives_the_same_bytes() -> None:
    """Frozen: standard tools call this very sidecar valid for a film of that digest."""
    assert write_credentials(STATEMENT, SEED) == SIDECAR
    assert hashlib.sha256(SIDECAR).hexdigest() == "f3b1fd46d1ca38a01098eb3c9d994cc739591e1f72dd24c8a08c9c94f0fcbecc"
    assert write_credentials(STATEMENT, bytes(32)) != SIDECAR


@given(st.integers(0, len(SIDECAR) - 1), st.integers(1, 255))
def test_no_byte_of_it_can_be_another(place: int, change: int) -> None:
    changed = bytearray(SIDECAR)
    changed[place] ^= change
    with pytest.raises(Refused):
        read_credentials(bytes(changed))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    for one in (data, SIDECAR[: len(data)], SIDECAR + data[:1]):
        if one != SIDECAR:
            with pytest.raises(Refused):
                read_credentials(one)


def test_boxes_that_do_not_fill_their_place_are_refused() -> None:
    with pytest.raises(Refused, match="expected boxes that fill their place"):
        parse_described(struct.pack(">I4s", 100, b"jumb"))
    with pytest.raises(Refused, match="no description"):
        parse_described(struct.pack(">I4s", 8, b"jumb"))


@given(st.integers(1, 40))
def test_the_film_is_hashed_box_by_box_however_it_comes(cut: int) -> None:
    film = mp4((b"ftyp", b"isom"), (b"moov", b"x" * 30), (b"mdat", b"y" * 50), (b"mfra", b"z"))
    expected = hashlib.sha256()
    for at, kind, body in ((12, b"moov", b"x" * 30), (50, b"mdat", b"y" * 50)):
        expected.update(struct.pack(">Q", at) + struct.pack(">I4s", 8 + len(body), kind) + body)
    assert digest(film, cut) == expected.digest()


def test_a_box_of_more_than_four_gigabytes_has_its_own_length() -> None:
    head = struct.pack(">I4sQ", 1, b"mdat", 20)
    assert digest(head + b"body", 3) == hashlib.sha256(bytes(8) + head + b"body").digest()


@pytest.mark.parametrize("film", [mp4((b"moov", b"body"))[:-1], b"\0\0\0", struct.pack(">I4s", 7, b"moov")])
def test_a_film_that_is_cut_or_has_no_boxes_is_refused(film: bytes) -> None:
    with pytest.raises(Refused, match="expected"):
        digest(film)
