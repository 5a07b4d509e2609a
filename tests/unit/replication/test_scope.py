"""Scopes: what they cover, how two meet, and how people write them."""

from __future__ import annotations

import pytest

from cinepeer.errors import BadInput
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.record import sign_record
from cinepeer.replication.scope import EVERYTHING, MAX_NAMED, Scope, films_of, parse_setting, write_setting
from unit.replication.rig import Author

ONE, TWO, THREE = (Cid.of(bytes([number]), DAG_CBOR) for number in range(3))


def test_two_scopes_meet_in_what_both_name() -> None:
    narrow = Scope(frozenset({ONE, TWO}), frozenset({"movielens:1"}), 5, 9)
    assert EVERYTHING.meet(narrow) == narrow.meet(EVERYTHING) == narrow
    assert narrow.meet(Scope(frozenset({TWO, THREE}), None, 7, 12)) == Scope(
        frozenset({TWO}), frozenset({"movielens:1"}), 7, 9
    )


@pytest.mark.parametrize(
    "other", [Scope(frozenset({THREE})), Scope(films=frozenset({"movielens:2"})), Scope(since_ms=9)], ids=str
)
def test_scopes_that_share_nothing_meet_in_nothing(other: Scope) -> None:
    narrow = Scope(frozenset({ONE, TWO}), frozenset({"movielens:1"}), 5, 9)
    assert not narrow.is_empty and not other.is_empty
    assert narrow.meet(other).is_empty


def test_a_rating_is_about_its_films_and_only_with_its_body() -> None:
    author = Author(1)
    record = author.rate(size=3)[0]
    body = author.pairs[-1][1]
    assert films_of(record, body) == {"movielens:1", "movielens:2", "movielens:3"}
    assert films_of(record, None) == films_of(record, b"\xa0") == frozenset()


def test_a_word_on_two_film_ids_is_about_both() -> None:
    body = new_body("same", bytes(16), films=["imdb:tt0000001", "tmdb:1"], same=True)
    record = sign_record(bytes(32), author=ONE, seq=1, prev=ONE, time=1, kind="same", body=body)
    assert films_of(record, body) == {"imdb:tt0000001", "tmdb:1"}
    assert films_of(record, None) == frozenset()


def test_of_an_author_who_is_not_named_nothing_is_covered_and_of_a_named_one_everything() -> None:
    author = Author(1)
    author.rate(2)
    for record, body in author.pairs:
        assert Scope(frozenset({author.id})).covers(record, body)
        assert not Scope(frozenset({ONE})).covers(record, body)
        assert EVERYTHING.covers(record, body) and EVERYTHING.concerns(record, body)


def test_keys_are_covered_by_every_scope_but_concern_nobody_by_themselves() -> None:
    author = Author(1)
    rating = author.rate()[0]
    for scope in (Scope(films=frozenset({"movielens:9"})), Scope(since_ms=rating.time + 1)):
        for record, body in author.pairs[:2]:
            assert scope.covers(record, body) and not scope.concerns(record, body)
        assert not scope.covers(*author.pairs[2])
    since = Scope(since_ms=rating.time)
    assert since.covers(*author.pairs[2]) and since.concerns(*author.pairs[2])
    assert not Scope(until_ms=rating.time).covers(*author.pairs[2])


@pytest.mark.parametrize(
    "text",
    ["", f"author:{ONE}", f"film:imdb:tt0111161 film:{TWO}", f"author:{ONE} film:movielens:1 since:5 until:9"],
)
def test_a_scope_is_written_as_it_is_read(text: str) -> None:
    scope = parse_setting(text)
    assert parse_setting(write_setting(scope)) == scope
    assert set(write_setting(scope).split()) == set(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "everything",
        "author:me",
        "film:Nosferatu",
        "since:yesterday",
        "since:-1",
        "until:99999999999999999",
        "author:",
        " ".join(f"film:movielens:{number}" for number in range(1, MAX_NAMED + 2)),
    ],
    ids=lambda text: text[:30],
)
def test_a_scope_that_is_written_otherwise_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match=r"^found "):
        parse_setting(text)
