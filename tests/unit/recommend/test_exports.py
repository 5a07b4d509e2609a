"""Ratings from elsewhere: every site's form is read, what is odd is told, and films are found by id or title."""

from __future__ import annotations

import json

import pytest

from cinepeer.errors import BadInput
from cinepeer.recommend.exports import MAX_ROWS, Row, read_export
from cinepeer.recommend.matching import Films, Known, Match, Unmatched, fold

LETTERBOXD = """Date,Name,Year,Letterboxd URI,Rating
2024-03-01,The Tide Clock,1962,https://boxd.it/1,4.5
2024-03-02,Metropolis,1927,https://boxd.it/2,0.5
"""
IMDB = """Const,Your Rating,Date Rated,Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres
tt0111161,9,2023-01-05,The Long Yard,https://x,movie,9.3,142,1994,Drama
"""
TRAKT = [
    {
        "rated_at": "2014-09-01T11:10:11.000+02:00",
        "rating": 7,
        "type": "movie",
        "movie": {"title": "Tron", "year": 2010, "ids": {"imdb": "tt1104001", "tmdb": 20526}},
    },
    {"rated_at": "2014-09-01T09:10:11.000Z", "rating": 8, "type": "show", "show": {"title": "A Show"}},
]
DOUBAN = """标题,简介,豆瓣评分,链接,创建时间,我的评分,标签,评论,可见性
盗梦空间 / Inception,2010-09-01(中国大陆) / 莱昂纳多,9.4,https://x,2019/05/04 20:11:02,5,,,公开
潮汐钟,1962 / 法国,8.0,https://y,2019/05/05 09:00:00,★★★,,,公开
"""
SITE = "movie_id,imdb_id,tmdb_id,rating,average_rating,title\n1,0114709,862,4.5,3.9,Toy Story (1995)\n"
MOVIELENS = "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n1,3,2.5,964981247\n"


def rows(text: str) -> list[tuple[str, int | None, tuple[str, ...], int]]:
    return [(row.title, row.year, row.ids, row.stars) for row in read_export(text.encode()).rows]


def test_each_site_s_form_is_read_and_told() -> None:
    assert read_export(LETTERBOXD.encode()).source == "letterboxd"
    assert rows(LETTERBOXD) == [("The Tide Clock", 1962, (), 9), ("Metropolis", 1927, (), 1)]
    assert rows(IMDB) == [("The Long Yard", 1994, ("imdb:tt0111161",), 9)]
    assert rows(json.dumps(TRAKT)) == [("Tron", 2010, ("imdb:tt1104001", "tmdb:20526"), 7)]
    assert rows(DOUBAN) == [("盗梦空间", 2010, (), 10), ("潮汐钟", 1962, (), 6)]
    assert rows(SITE) == [("Toy Story", 1995, ("imdb:tt0114709", "tmdb:862", "movielens:1"), 9)]
    assert rows(MOVIELENS) == [("", None, ("movielens:1",), 8), ("", None, ("movielens:3",), 5)]


def test_a_file_in_the_old_chinese_encoding_is_read() -> None:
    assert [row.title for row in read_export(DOUBAN.encode("gb18030")).rows] == ["盗梦空间", "潮汐钟"]


def test_brackets_in_a_title_are_no_nesting() -> None:
    film = {"rating": 7, "movie": {"title": "[" * 40 + '"\\[', "year": 2010, "ids": {"imdb": "tt1104001"}}}
    assert rows(json.dumps([film])) == [("[" * 40 + '"\\[', 2010, ("imdb:tt1104001",), 7)]


def test_times_are_brought_to_utc_and_those_without_a_zone_are_told() -> None:
    trakt = read_export(json.dumps(TRAKT).encode())
    assert [row.time for row in trakt.rows] == [1_409_562_611_000]
    assert trakt.counts == {"row": 1, "time": 1}
    assert [row.time for row in read_export(LETTERBOXD.encode()).rows] == [1_709_294_400_000, 1_709_380_800_000]
    assert read_export(DOUBAN.encode()).counts["time"] == 2
    late = read_export(IMDB.replace("2023-01-05", "last week").encode())
    assert late.rows[0].time is None
    assert "cannot be read" in late.oddities[0].told


def test_duplicates_and_conflicts_are_told_and_the_newest_counts() -> None:
    twice = LETTERBOXD + "2024-02-01,The Tide Clock,1962,x,2\n2024-04-01,Metropolis,1927,x,0.5\n"
    found = read_export(twice.encode())
    assert [(row.title, row.stars) for row in found.rows] == [("The Tide Clock", 9), ("Metropolis", 1)]
    assert (found.counts["conflict"], found.counts["duplicate"], found.read) == (1, 1, 4)


def test_another_scale_is_told() -> None:
    found = read_export((LETTERBOXD + "2024-03-03,Ten,2002,x,9\n").encode())
    assert [row.stars for row in found.rows] == [5, 1, 9]
    assert found.oddities[0].kind == "scale"
    assert read_export(LETTERBOXD.replace("4.5", "4.3").encode()).counts == {"scale": 1}


def test_rows_that_say_nothing_are_left_out_and_told() -> None:
    bad = (
        LETTERBOXD
        + "2024-03-03,Film,2000,x,\n2024-03-03,Film,2000,x,nan\n2024-03-03,,2000,x,3\n2024-03-03,Film,2000,x,-1\n"
    )
    found = read_export(bad.encode())
    assert len(found.rows) == 2
    assert found.counts == {"row": 4}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00\xff\xff",
        b"a,b\n1,2\n",
        b"[1, 2]",
        b"[" * 100_000,
        b'{"rating": 3}',
        b'{"movies": []}',
        MOVIELENS.encode() + b"2,1,4.0,964982703\n",
        LETTERBOXD.encode() + b"2024-03-03,Film,2000,x,3\n" * (MAX_ROWS + 1),
    ],
)
def test_what_is_no_export_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"found .*expected"):
        read_export(data)


CLOCK = Known(("bafyclock", "imdb:tt0055555"), ("The Tide Clock",), 1962)
YARD = Known(("movielens:318", "imdb:tt0111161", "tmdb:278"), ("Long Yard, The", "L'Évasion"), 1994)
REMAKE = Known(("imdb:tt0000009",), ("Metropolis",), 2001)
FIRST = Known(("imdb:tt0017136",), ("Metropolis",), 1927)


def row(title: str = "", year: int | None = None, *ids: str) -> Row:
    return Row(1, title, year, ids, 8, None)


def found(one: Row, *spoken: str) -> str:
    match = Films((CLOCK, YARD, REMAKE, FIRST), spoken).match(one)
    return match.film if isinstance(match, Match) else match.reason


def test_a_film_is_found_by_its_id_and_rated_under_the_one_that_is_used_here() -> None:
    assert found(row("x", None, "imdb:tt0055555")) == "bafyclock"
    assert found(row("x", None, "imdb:tt0111161")) == "imdb:tt0111161"
    assert found(row("x", None, "imdb:tt0111161"), "movielens:318") == "movielens:318"
    assert found(row("x", None, "tmdb:99", "imdb:tt0000777")) == "imdb:tt0000777"


def test_a_film_is_found_by_title_and_year() -> None:
    assert found(row("the tide clock", 1962)) == "bafyclock"
    assert found(row("The Long Yard!", 1995)) == "imdb:tt0111161"
    assert found(row("L'evasion", 1994)) == "imdb:tt0111161"
    assert found(row("Metropolis", 1927)) == "imdb:tt0017136"
    assert found(row("Metropolis")) == "2 films of this title and year"
    assert found(row("Metropolis", 1950)) == "films of this title, but of other years"
    assert found(row("Nobody Knows", 2004)) == "no film of this title is known"
    assert found(row("!!!", 2004)) == "no title"
    assert isinstance(Films(()).match(row("x")), Unmatched)


def test_titles_are_compared_without_case_marks_articles_and_punctuation() -> None:
    assert fold("The Été: A Film") == fold("ete a film") == fold("Été, A Film")
    assert fold("Matrix, The") == fold("the matrix")
    assert fold("盗梦空间") == "盗梦空间"
