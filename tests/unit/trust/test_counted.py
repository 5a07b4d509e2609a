"""Which ratings count: the newest by time and record id, whatever the order of arrival."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.span import ALL, NOTHING, Span
from cinepeer.trust.counted import Counted, Given
from cinepeer.trust.joined import JoinedRatings
from cinepeer.trust.rows import Rows
from cinepeer.trust.same import Classes, Standing, Word
from cinepeer.trust.standing import MAX_RECENT

DEVICE = bytes(32)


def cid(number: int) -> Cid:
    return Cid.of(number.to_bytes(4, "big"), DAG_CBOR)


def say(
    counted: Counted,
    author: int,
    time: int,
    record: int,
    ratings: list[tuple[str, int | None]],
    *,
    seq: int = 0,
    device: bytes = DEVICE,
    counts: bool = True,
) -> None:
    rows = Rows()
    rows.add(cid(author), device, seq, time, cid(record), ratings, counts)
    counted.extend(rows)


def test_the_newest_rating_of_an_author_counts() -> None:
    counted = Counted()
    say(counted, 1, 10, 101, [("imdb:tt0000001", 4)])
    say(counted, 1, 20, 102, [("imdb:tt0000001", 9)])
    say(counted, 1, 15, 103, [("imdb:tt0000001", 1)])
    assert counted.stars_of(cid(1)) == {"imdb:tt0000001": 9}
    assert counted.given(cid(1), "imdb:tt0000001") == Given(20, cid(102), 9)
    assert (counted.records, counted.records_of(cid(1)), counted.records_of(cid(2))) == (3, 3, 0)


def test_of_two_ratings_of_one_time_the_greater_record_id_holds() -> None:
    one, other = sorted((cid(101), cid(102)))
    numbers = {cid(number): number for number in (101, 102)}
    for order in ((one, other), (other, one)):
        counted = Counted()
        for record in order:
            say(counted, 1, 10, numbers[record], [("movielens:1", 9 if record == other else 2)])
        assert counted.stars_of(cid(1)) == {"movielens:1": 9}


def test_a_withdrawn_rating_counts_for_nothing() -> None:
    counted = Counted()
    say(counted, 1, 10, 101, [("imdb:tt0000001", 9)])
    say(counted, 1, 11, 102, [("imdb:tt0000001", None)])
    assert counted.stars_of(cid(1)) == {}
    assert counted.spread("imdb:tt0000001") == []
    assert counted.likers("imdb:tt0000001", 8) == set()
    assert counted.words_on("imdb:tt0000001") == {cid(1): Given(11, cid(102), None)}
    assert (len(counted.arrays()), counted.arrays().authors, counted.arrays().films) == (0, (), ())


def test_what_is_not_known_has_no_ratings() -> None:
    counted = Counted()
    assert (counted.stars_of(cid(1)), counted.spread("movielens:1"), counted.given(cid(1), "movielens:1")) == (
        {},
        [],
        None,
    )
    assert len(counted.arrays()) == 0
    say(counted, 1, 10, 101, [("movielens:1", 9)])
    assert counted.given(cid(1), "movielens:2") is None
    say(counted, 2, 10, 102, [("movielens:2", 9)])
    assert (counted.given(cid(1), "movielens:2"), counted.given(cid(2), "movielens:1")) == (None, None)


def test_what_a_fork_takes_off_lets_stand_what_it_hid_and_may_come_back() -> None:
    counted = Counted()
    say(counted, 1, 10, 101, [("movielens:1", 3), ("movielens:2", 4)], seq=0)
    say(counted, 1, 20, 102, [("movielens:1", 8)], seq=1)
    say(counted, 2, 20, 103, [("movielens:1", 7)], seq=1)
    before = counted.arrays().root
    counted.recount([cid(1)], lambda _author, _device: Span(1), {})
    assert counted.stars_of(cid(1)) == {"movielens:1": 3, "movielens:2": 4}
    assert counted.stars_of(cid(2)) == {"movielens:1": 7}
    assert (counted.records, counted.records_of(cid(1))) == (2, 1)
    counted.recount([cid(1)], lambda _author, _device: NOTHING, {})
    assert (counted.stars_of(cid(1)), counted.spread("movielens:1")) == ({}, [7])
    counted.recount([cid(1), cid(9)], lambda _author, _device: ALL, {})
    assert counted.arrays().root == before


def test_a_span_takes_the_one_record_at_its_end_that_it_names() -> None:
    counted = Counted()
    say(counted, 1, 10, 101, [("movielens:1", 3)], seq=1)
    say(counted, 1, 20, 102, [("movielens:2", 8)], seq=1)
    counted.recount([cid(1)], lambda _author, _device: Span(1, cid(102)), {})
    assert counted.stars_of(cid(1)) == {"movielens:2": 8}


def test_each_device_of_an_author_is_judged_by_its_own_span() -> None:
    counted = Counted()
    phone, desk = bytes(32), bytes([1]) * 32
    say(counted, 1, 10, 101, [("movielens:1", 3)], device=phone)
    say(counted, 1, 20, 102, [("movielens:2", 8)], device=desk)
    counted.recount([cid(1)], lambda _author, device: ALL if device == desk else NOTHING, {})
    assert counted.stars_of(cid(1)) == {"movielens:2": 8}


def test_only_its_author_takes_a_record_back() -> None:
    counted = Counted()
    say(counted, 1, 10, 101, [("movielens:1", 3)])
    say(counted, 2, 10, 102, [("movielens:1", 8)])
    taken = {cid(1): {cid(101), cid(102)}}
    counted.recount([cid(1), cid(2)], lambda _author, _device: ALL, taken)
    assert (counted.spread("movielens:1"), counted.likers("movielens:1", 1)) == ([8], {cid(2)})


def test_a_record_that_does_not_count_from_the_begin_says_nothing() -> None:
    counted = Counted()
    say(counted, 1, 10, 101, [("movielens:1", 3)], counts=False)
    assert (counted.stars_of(cid(1)), counted.records) == ({}, 0)


def test_records_without_bodies_are_known_until_these_come() -> None:
    counted, rows = Counted(), Rows()
    for record in (101, 102):
        rows.add_bodiless(cid(record))
    counted.extend(rows)
    assert counted.lacking([cid(102), cid(103)]) == [cid(102)]
    counted.complete([cid(102)])
    assert (counted.lacking([cid(101), cid(102)]), counted.bodiless()) == ([cid(101)], [cid(101)])
    assert (counted.records, Counted().lacking([cid(101)])) == (0, [])


def test_the_arrays_are_the_same_matrix_whatever_came_first() -> None:
    words = [
        (2, 10, 101, [("tmdb:5", 9), ("imdb:tt0000001", 1)]),
        (1, 20, 102, [("tmdb:5", 4)]),
        (3, 9, 103, [("a", None)]),
    ]
    one, other = Counted(), Counted()
    for word in words:
        say(one, *word)
    for word in reversed(words):
        say(other, *word)
    found = one.arrays()
    assert found.root == other.arrays().root
    assert found.authors == tuple(sorted((cid(1), cid(2))))
    assert (found.films, found.shape) == (("imdb:tt0000001", "tmdb:5"), (2, 2))
    stars = csr_array((found.stars, found.film, found.starts), shape=found.shape).toarray()
    assert stars[found.authors.index(cid(2))].tolist() == [1, 9]
    assert stars[found.authors.index(cid(1))].tolist() == [0, 4]
    assert sorted(found.time.tolist()) == [10, 10, 20]
    assert {one.record_id(int(record)) for record in found.record} == {cid(101), cid(102)}
    assert found.author.tolist() == np.repeat([0, 1], np.diff(found.starts)).tolist()


def test_another_star_time_film_or_author_is_another_root() -> None:
    roots = set()
    for author, time, film, stars in (
        (1, 10, "a", 5),
        (1, 10, "a", 6),
        (1, 11, "a", 5),
        (1, 10, "b", 5),
        (2, 10, "a", 5),
    ):
        counted = Counted()
        say(counted, author, time, 101, [(film, stars)])
        roots.add(counted.arrays().root)
    assert len(roots) == 5


@pytest.mark.parametrize("batch", [1, 100, 100_000])
def test_very_many_ratings_stand_alike_in_batches_of_any_size(batch: int) -> None:
    counted, plain = Counted(), {}
    total = MAX_RECENT + 1_000 if batch == 1 else 20_000
    for begin in range(0, total, batch):
        rows = Rows()
        for number in range(begin, min(begin + batch, total)):
            author, film, time, stars = (
                number % 97,
                f"movielens:{1 + number * 31 % 89}",
                number * 7 % 1_000,
                1 + number % 10,
            )
            rows.add(cid(author), DEVICE, number, time, cid(number), [(film, stars)])
            given = Given(time, cid(number), stars)
            plain[author, film] = max(given, plain.get((author, film), given), key=lambda one: (one.time, one.record))
        counted.extend(rows)
    for author in range(97):
        expected = {film: given.stars for (whose, film), given in plain.items() if whose == author}
        assert counted.stars_of(cid(author)) == expected
    for film in ("movielens:1", "movielens:50", "movielens:89"):
        assert counted.spread(film) == sorted(given.stars for (_, about), given in plain.items() if about == film)
    assert len(counted.arrays()) == len(plain)


words = st.lists(
    st.tuples(
        st.integers(0, 2),  # author
        st.integers(0, 3),  # time
        st.integers(10, 40),  # record
        st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(1, 10)), unique_by=lambda pair: pair[0]),
    ),
    unique_by=lambda word: word[2],
    max_size=12,
)


@given(words=words, data=st.data())
def test_any_order_of_ratings_gives_one_state(words: list, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(words))
    one, other = Counted(), Counted()
    for counted, order in ((one, words), (other, shuffled)):
        for word in order:
            say(counted, *word)
    assert one == other
    assert one.arrays().root == other.arrays().root


@given(words=words, cuts=st.lists(st.integers(0, 12), max_size=4))
def test_judging_in_any_order_ends_as_if_only_what_counts_had_come(words: list, cuts: list[int]) -> None:
    counted = Counted()
    for place, word in enumerate(words):
        say(counted, *word, seq=place)
        for cut in cuts:
            counted.recount([cid(author) for author in range(3)], lambda _author, _device, cut=cut: Span(cut), {})
    last = cuts[-1] if cuts else len(words)
    expected = Counted()
    for word in words[:last]:
        say(expected, *word)
    assert counted.arrays().root == expected.arrays().root


def test_ratings_under_several_ids_of_one_film_are_ratings_of_it() -> None:
    counted = Counted()
    say(counted, 1, 10, 101, [("imdb:tt0000001", 4), ("movielens:7", 2)])
    say(counted, 1, 20, 102, [("tmdb:1", 9)])
    say(counted, 2, 10, 103, [("tmdb:1", 3)])
    say(counted, 2, 20, 104, [("imdb:tt0000001", None)])
    say(counted, 3, 10, 105, [("tmdb:1", 5), ("imdb:tt0000001", 6)])
    names = {"imdb:tt0000001": "bafy", "tmdb:1": "bafy", "wikidata:Q1": "movielens:9"}
    found = counted.arrays(names)
    assert found.films == ("bafy", "movielens:7")
    rated = {
        (author, found.films[film]): int(stars)
        for author, film, stars in zip(found.author.tolist(), found.film.tolist(), found.stars, strict=True)
    }
    numbers = {found.authors.index(cid(1)): 1, found.authors.index(cid(3)): 3}
    assert {(numbers[author], film): stars for (author, film), stars in rated.items()} == {
        (1, "bafy"): 9,  # the newer of two
        (1, "movielens:7"): 2,
        (3, "bafy"): 5,  # of one record the one under the greatest id; 2 took theirs back
    }
    joined = JoinedRatings(
        counted, Classes(names, {"bafy": (_word("bafy", "imdb:tt0000001"), _word("bafy", "tmdb:1"))})
    )
    assert joined.arrays().root == found.root
    for number in (1, 2, 3):
        stars = {film: given for (author, film), given in rated.items() if numbers.get(author) == number}
        assert joined.stars_of(cid(number)) == stars
    assert joined.likers("bafy", 8) == {cid(1)}
    assert joined.likers("bafy", 4) == {cid(1), cid(3)}
    assert joined.told(cid(2), "bafy") == ("imdb:tt0000001", Given(20, cid(104), None))
    assert counted.arrays({"tmdb:99": "bafy"}).root == counted.arrays().root != found.root


def _word(one: str, other: str) -> Word:
    return Word((one, other), Standing.OWN, True, cid(1), cid(1))


@given(st.permutations(range(8)))
def test_joined_ratings_are_the_same_in_any_order(order: list[int]) -> None:
    said = [
        (1 + n % 2, 10 + n // 3, 100 + n, [(f"movielens:{1 + n % 4}", 1 + n), (f"movielens:{5 + n % 2}", 9)])
        for n in range(8)
    ]
    names = {"movielens:3": "movielens:1", "movielens:5": "movielens:1", "movielens:6": "movielens:2"}

    def root(places: list[int]) -> bytes:
        counted = Counted()
        for place in places:
            author, time, record, ratings = said[place]
            say(counted, author, time, record, ratings)  # type: ignore[arg-type]
        return counted.arrays(names).root

    assert root(order) == root(list(range(8)))
