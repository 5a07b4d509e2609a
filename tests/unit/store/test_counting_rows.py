"""Ratings as rows: read from the store in one go, they say what the records say; the file of counts may be lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from cinepeer.adapters.store.counted_file import CountedFile
from cinepeer.records.bodies import new_body, parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.ratings import read_ratings
from cinepeer.trust.counted import Counted
from cinepeer.trust.kept import Mark
from cinepeer.trust.rows import Rows
from unit.app.people import World, in_world

FILMS = ("imdb:tt0000001", "imdb:tt1234567890", "wikidata:Q42", "tmdb:603", "movielens:9999999999")


def test_rows_come_in_pages_and_say_what_the_records_say(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer = await world.author("viewer")
        expected = []
        for place, film in enumerate(FILMS):
            ratings: list[list[object]] = [[film, place + 1], ["movielens:7", None]]
            expected.append((await viewer.sign("rating", {"ratings": ratings}), ratings))
        last, at, found = await world.store.count(), 0, []
        while at < last:
            rows, at = await world.store.rating_rows(at, last, 2)
            films, authors = list(rows.films), list(rows.authors)
            for place in range(len(rows)):
                said = [
                    [films[film], stars or None]
                    for record, film, stars in zip(rows.record, rows.film, rows.stars, strict=True)
                    if record == place
                ]
                digest = bytes(rows.digests[32 * place : 32 * place + 32])
                found.append((digest, authors[rows.author[place]], rows.seq[place], rows.time[place], said))
        assert found == [
            (record.id[-32:], bytes(viewer.id), record.seq, record.time, ratings) for record, ratings in expected
        ]

    in_world(tmp_path, story)


def test_a_body_with_other_bytes_than_its_header_names_says_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(world: World) -> None:
        viewer = await world.author("viewer")
        record = await viewer.sign("rating", {"ratings": [["tmdb:1", 9]]})
        connection = sqlite3.connect(tmp_path / "records.db", isolation_level=None)
        other = new_body("rating", bytes(16), ratings=[["tmdb:1", 1]])
        connection.execute("UPDATE bodies SET block = ? WHERE position = (SELECT max(position) FROM bodies)", (other,))
        connection.close()
        rows, _ = await world.store.rating_rows(0, await world.store.count(), 10)
        assert (len(rows), bytes(rows.bodiless)) == (0, record.id[-32:])
        assert str(record.id) in caplog.text

    in_world(tmp_path, story)


def test_only_those_who_fork_revoke_or_rotate_are_judged_one_by_one(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer, other = await world.author("viewer"), await world.author("other")
        await viewer.sign("rating", {"ratings": [["tmdb:1", 9]]})
        await other.sign("rating", {"ratings": [["tmdb:1", 9]]})
        assert await world.store.revised_authors() == set()

    in_world(tmp_path, story)


@pytest.mark.parametrize("pairs", [1, 5, 23, 24, 255, 256])
def test_a_body_of_ratings_is_read_as_the_strict_reader_does(pairs: int) -> None:
    film = "bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
    ratings = [
        [f"movielens:{1 + number * 37}", None if number % 5 == 0 else 1 + number % 10] for number in range(pairs)
    ]
    ratings[0] = [film, 10]
    for more in ({}, {"note": "x"}):
        body = new_body("rating", b"ratings\x81\x82aaaaaaa", ratings=ratings, **more)
        assert [list(pair) for pair in read_ratings(body)] == parse_body("rating", body)["ratings"] == ratings


def test_a_file_of_counts_that_is_not_there_or_does_not_hold_is_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = CountedFile(tmp_path / "counted")
    assert file.read() is None
    counted, rows = Counted(), Rows()
    rows.add(Cid.of(b"a", 0x71), bytes(32), 0, 1, Cid.of(b"b", 0x71), [("tmdb:1", 9)])
    counted.extend(rows)
    file.write(counted, Mark(1, b"", 0))
    found = file.read()
    assert found is not None and found[0] == counted
    file.path.write_bytes(file.path.read_bytes()[:-5])
    assert file.read() is None
    assert "counted.unread" in caplog.text


def test_a_file_of_counts_that_cannot_be_written_costs_nothing_but_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    CountedFile(tmp_path / "no" / "counted").write(Counted(), Mark(0, b"", 0))
    assert "counted.unwritten" in caplog.text
