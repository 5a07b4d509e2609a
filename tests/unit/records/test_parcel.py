"""Parcels: what was written is read, in order; a parcel that is cut, changed or something else is refused."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cinepeer.errors import Refused
from cinepeer.records.bodies import new_body
from cinepeer.records.parcel import MAGIC, Pair, read_parcel, write_parcel
from cinepeer.records.record import sign_record

AUTHOR = sign_record(bytes(32), author=None, seq=0, prev=None, time=0, kind="inception", body=b"x").id


def rating(seq: int, prev: Pair | None) -> Pair:
    body = new_body("rating", bytes(16), ratings=[["imdb:tt0111161", 1 + seq % 10]])
    before = None if prev is None else prev[0].id
    return sign_record(bytes(32), author=AUTHOR, seq=seq, prev=before, time=seq, kind="rating", body=body), body


def feed(count: int) -> Iterator[Pair]:
    last: Pair | None = None
    for seq in range(count):
        last = rating(seq, last)
        yield last if seq % 3 else (last[0], None)


PAIRS = list(feed(7))
WHOLE = b"".join(write_parcel(PAIRS))


def read(data: bytes) -> list[Pair]:
    return list(read_parcel(io.BytesIO(data).read))


@given(st.integers(0, 12))
def test_what_was_written_is_read_in_order(count: int) -> None:
    pairs = list(feed(count))
    assert read(b"".join(write_parcel(pairs))) == pairs


@given(st.integers(0, len(WHOLE) - 1))
def test_a_parcel_that_is_cut_anywhere_is_refused(size: int) -> None:
    with pytest.raises(Refused, match="expected"):
        read(WHOLE[:size])


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_refused(place: int, change: int) -> None:
    data = bytearray(WHOLE)
    data[place] ^= change
    with pytest.raises(Refused):
        read(bytes(data))


def test_more_than_the_parcel_is_refused() -> None:
    with pytest.raises(Refused, match="after the end"):
        read(WHOLE + b"\0")


@given(st.binary(max_size=200))
def test_anything_else_is_refused(data: bytes) -> None:
    assume(not data.startswith(MAGIC))
    with pytest.raises(Refused, match="expected a file that `cinepeer export` made"):
        read(data)
    with pytest.raises(Refused):
        read(MAGIC + b"\0\0\1" + data)


def test_a_record_that_claims_to_be_huge_is_refused_before_it_is_read() -> None:
    asked: list[int] = []
    stream = io.BytesIO(MAGIC + (1 << 31).to_bytes(4, "big") + bytes(100))

    def counting(size: int) -> bytes:
        asked.append(size)
        return stream.read(size)

    with pytest.raises(Refused, match="found a record of 2147483648 bytes"):
        list(read_parcel(counting))
    assert max(asked) < 100
