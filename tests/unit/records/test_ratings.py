"""Of all ratings of a film by an author, the newest holds."""

from __future__ import annotations

import pytest

from cinepeer.errors import Refused
from cinepeer.records.bodies import FilmId
from cinepeer.records.ratings import newest
from cinepeer.records.record import Record
from vectors.people import Person

FILM = FilmId("movielens:1")


def stars(person: Person) -> int | None:
    ratings = [pair for pair in person.pairs if pair[0].kind == "rating"]
    return newest(ratings)[person.id, FILM].stars


def test_the_newest_rating_holds_over_all_devices() -> None:
    anna = Person("anna")
    laptop, phone = anna.device(), anna.device("phone")
    laptop.rate(1, 5, at=3000)
    phone.rate(1, 9, at=2000)
    assert stars(anna) == 5
    phone.rate(1, 8, at=3001)
    assert stars(anna) == 8


def test_a_rating_can_be_taken_back() -> None:
    anna = Person("anna")
    laptop = anna.device()
    laptop.rate(1, 5)
    laptop.rate(1, None)
    assert stars(anna) is None


def test_of_two_at_one_time_the_greater_id_holds() -> None:
    anna = Person("anna")
    given: list[tuple[Record, int]] = [
        (anna.device(name).rate(1, number, at=1000), number) for number, name in enumerate("abcdef", 1)
    ]
    assert stars(anna) == max(given, key=lambda pair: pair[0].id)[1]


def test_every_film_of_a_batch_stands_alone() -> None:
    anna = Person("anna")
    laptop = anna.device()
    laptop.write("rating", ratings=[["movielens:1", 1], ["movielens:2", 2]])
    laptop.write("rating", ratings=[["movielens:2", 9], ["movielens:3", 3]])
    assert {film: rating.stars for (_, film), rating in newest(laptop.pairs).items()} == {
        "movielens:1": 1,
        "movielens:2": 9,
        "movielens:3": 3,
    }


def test_another_body_is_refused() -> None:
    anna = Person("anna")
    with pytest.raises(Refused):
        newest(anna.pairs)
