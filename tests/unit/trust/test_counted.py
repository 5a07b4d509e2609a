"""Which ratings count: the newest by time and record id, whatever the order of arrival."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.trust.counted import Counted


def cid(number: int) -> Cid:
    return Cid.of(bytes([number]), DAG_CBOR)


def test_the_newest_rating_of_an_author_counts() -> None:
    counted = Counted()
    assert counted.apply(cid(1), 10, cid(101), [("imdb:tt0000001", 4)])
    assert counted.apply(cid(1), 20, cid(102), [("imdb:tt0000001", 9)])
    assert not counted.apply(cid(1), 15, cid(103), [("imdb:tt0000001", 1)])
    assert counted.stars_of(cid(1)) == {"imdb:tt0000001": 9}


def test_a_withdrawn_rating_counts_for_nothing() -> None:
    counted = Counted()
    counted.apply(cid(1), 10, cid(101), [("imdb:tt0000001", 9)])
    counted.apply(cid(1), 11, cid(102), [("imdb:tt0000001", None)])
    assert counted.stars_of(cid(1)) == {}
    assert counted.spread("imdb:tt0000001") == []
    assert counted.likers("imdb:tt0000001", 8) == set()


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
def test_any_order_and_duplication_of_ratings_gives_one_state(words: list, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(words + words))
    one, other = Counted(), Counted()
    for counted, order in ((one, words), (other, shuffled)):
        for author, time, record, ratings in order:
            counted.apply(cid(author), time, cid(record), ratings)
    assert (one.by_author, one.by_film) == (other.by_author, other.by_film)
