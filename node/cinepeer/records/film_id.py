"""Film ids: the CID of a film record, or the id of a work that another catalogue knows, each in one canonical form."""

from __future__ import annotations

import re
from typing import NewType

from cinepeer.errors import Refused

FilmId = NewType("FilmId", str)

# IMDb pads to seven digits, so that only a longer number may not begin with 0.
EXTERNAL = (
    r"imdb:tt(?:[0-9]{7}|[1-9][0-9]{7,9})|wikidata:Q[1-9][0-9]{0,11}|tmdb:[1-9][0-9]{0,9}|movielens:[1-9][0-9]{0,9}"
)
# The text of a CIDv1 with DAG-CBOR and sha2-256: 4 fixed bytes and 32 free ones, 5 bits to a letter, 2 bits left over.
RECORD = r"bafyrei[a-h][a-z2-7]{50}[aeimquy4]"

_EXTERNAL_ID = re.compile(EXTERNAL)
_FILM_ID = re.compile(f"{RECORD}|{EXTERNAL}")


def is_film_id(text: str) -> bool:
    """Whether `text` is a film id in its canonical form."""
    return _FILM_ID.fullmatch(text) is not None


def is_external_id(text: str) -> bool:
    """Whether `text` is a film id that another catalogue gave: `imdb:tt0111161`, `wikidata:Q42`, `tmdb:603`, …"""
    return _EXTERNAL_ID.fullmatch(text) is not None


def parse_film_id(text: str) -> FilmId:
    """A film id in its canonical form; raises `Refused` (`bad-film-id`)."""
    if not is_film_id(text):
        raise Refused(
            "bad-film-id",
            f"found the film id {text[:80]!r}, expected a film record's CID or imdb:tt0111161, wikidata:Q42, tmdb:603 "
            "or movielens:1",
        )
    return FilmId(text)
