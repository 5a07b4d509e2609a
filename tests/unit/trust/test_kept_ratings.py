"""Counted ratings as bytes: they come back as they were, and bytes that are not whole are refused."""

from __future__ import annotations

import io

import pytest

from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.span import Span
from cinepeer.trust import kept
from cinepeer.trust.counted import Counted
from cinepeer.trust.kept import Mark
from cinepeer.trust.rows import Rows

MARK = Mark(12, bytes(36), 3)


def cid(number: int) -> Cid:
    return Cid.of(bytes([number]), DAG_CBOR)


def counted_of(*records: int) -> Counted:
    rows, counted = Rows(), Counted()
    for number in records:
        rows.add(
            cid(number % 3), bytes([number % 2]) * 32, number, 10 * number, cid(number), [("tmdb:1", 1 + number % 9)]
        )
        rows.add(cid(number % 3), bytes(32), number, 5, cid(100 + number), [(f"tmdb:{number}", None), ("a", 2)], False)
    rows.add_bodiless(cid(99))
    counted.extend(rows)
    return counted


def written(counted: Counted) -> bytes:
    return b"".join(map(bytes, kept.write(counted, MARK)))


@pytest.mark.parametrize("records", [(), (1,), range(1, 40)])
def test_what_was_kept_comes_back_and_is_folded_on(records: tuple[int, ...]) -> None:
    before = counted_of(*records)
    again, mark = kept.read(io.BytesIO(written(before)).read)
    assert mark == MARK
    assert again == before
    assert (again.arrays().root, again.records, again.bodiless()) == (
        before.arrays().root,
        before.records,
        before.bodiless(),
    )
    assert written(again) == written(before)
    for counted in (before, again):
        rows = Rows()
        rows.add(cid(1), bytes(32), 50, 1_000, cid(50), [("tmdb:1", 10), ("tmdb:77", 4)])
        counted.extend(rows)
        counted.recount([cid(1), cid(2)], lambda author, _device: Span(20 if author == cid(2) else 1_000), {})
    assert again.arrays().root == before.arrays().root
    assert again.records_of(cid(1)) == before.records_of(cid(1))


def test_bytes_that_are_cut_longer_or_changed_are_refused() -> None:
    data = written(counted_of(1, 2, 3))
    for broken in (
        b"",
        data[:3],
        data[:40],
        data[:-1],
        data + b"\0",
        *(changed(data, at) for at in range(0, len(data), 7)),
    ):
        with pytest.raises(Refused):
            kept.read(io.BytesIO(broken).read)


def changed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
