"""The pool: bounded, fair among authors, and never a reason to refuse anything."""

from __future__ import annotations

import pytest

from cinepeer.replication.budget import Held, Pool
from unit.replication.rig import Author


def ratings(number: int, count: int) -> list[Held]:
    author = Author(number)
    author.rate(count)
    return [Held("peer", record, body) for record, body in author.pairs[2:]]


def filled(*rows: list[Held], cap_bytes: int = 1 << 30) -> Pool:
    pool = Pool(cap_bytes)
    for row in rows:
        for held in row:
            pool.put(held)
    return pool


def test_authors_take_turns_however_much_one_of_them_sent() -> None:
    flood, one, two = ratings(1, 30), ratings(2, 2), ratings(3, 1)
    taken = filled(flood, one, two).take(6, 1 << 30)
    assert taken == [flood[0], one[0], two[0], flood[1], one[1], flood[2]]


def test_what_an_author_said_first_is_taken_first_and_everything_once() -> None:
    pool = filled(ratings(1, 5), ratings(1, 5), ratings(2, 3))
    assert len(pool) == 8
    taken = [pool.take(3, 1 << 30) for _ in range(4)]
    assert [len(batch) for batch in taken] == [3, 3, 2, 0]
    for number in (1, 2):
        assert [held for batch in taken for held in batch if held in ratings(number, 5)] == ratings(
            number, 5 if number == 1 else 3
        )
    assert (len(pool), pool.size_bytes) == (0, 0)


def test_a_batch_keeps_to_its_bytes_and_is_never_empty_while_something_waits() -> None:
    flood = ratings(1, 4)
    pool = filled(flood)
    assert pool.take(4, 1) == flood[:1]
    assert pool.take(4, flood[1].size_bytes + flood[2].size_bytes) == flood[1:3]


def test_a_full_pool_takes_from_the_fullest_author_and_its_newest_first() -> None:
    flood, quiet = ratings(1, 40), ratings(2, 3)
    size = flood[0].size_bytes
    pool = filled(quiet, flood, cap_bytes=20 * size)
    assert pool.size_bytes <= 20 * size
    left = pool.take(100, 1 << 30)
    assert [held for held in left if held in quiet] == quiet
    assert [held for held in left if held in flood][:14] == flood[:14]
    assert len(left) + pool.dropped == 43


@pytest.mark.parametrize("cap_records", [8, 20])
def test_of_many_authors_with_one_record_each_some_keep_it(cap_records: int) -> None:
    rows = [ratings(number, 1) for number in range(60)]
    pool = filled(*rows, cap_bytes=cap_records * max(row[0].size_bytes for row in rows))
    assert cap_records * 3 // 4 <= len(pool) <= cap_records
    assert rows[0][0] in pool.take(100, 1 << 30)  # who came first stays
