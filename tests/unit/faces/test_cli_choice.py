"""A film is meant by its name, its id or a part of its id, and a name that is nearly one is told."""

from __future__ import annotations

from typing import Any, cast

import pytest

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node
from cinepeer.faces.cli.choice import film_id

FILMS = [
    {"id": "bafyreiaaaaaaaaaaaa", "name": "First Light"},
    {"id": "bafyreibbbbbbbbbbbb", "name": "The Tide Clock"},
    {"id": "bafyreicccccccccccc", "name": "the tide clock"},
]


class Answering:
    def get(self, path: str) -> list[dict[str, Any]]:
        assert path == "/api/films"
        return FILMS


def meant(text: str) -> str:
    return film_id(cast(Node, Answering()), text)


@pytest.mark.parametrize("text", ["First Light", "first light", "bafyreiaaa", "aaaaaa", "bafyreiaaaaaaaaaaaa"])
def test_a_film_is_meant_by_its_name_or_by_either_end_of_its_id(text: str) -> None:
    assert meant(text) == FILMS[0]["id"]


def test_an_id_elsewhere_is_taken_as_it_is() -> None:
    assert meant("imdb:tt0111161") == "imdb:tt0111161"


def test_a_name_of_two_films_asks_which() -> None:
    with pytest.raises(BadInput, match=r"found 2 films for 'The Tide Clock', expected one: bafyreib+, bafyreic+"):
        meant("The Tide Clock")


def test_a_misspelt_name_is_told_with_the_nearest_one() -> None:
    with pytest.raises(BadInput, match=r"found no film 'First Lihgt', .*; the nearest name here is 'First Light'$"):
        meant("First Lihgt")


@pytest.mark.parametrize("text", ["Something else", "", "zzz"])
def test_a_name_that_is_like_none_is_told_alone(text: str) -> None:
    with pytest.raises(BadInput, match=r"an id such as imdb:tt0111161$"):
        meant(text)
