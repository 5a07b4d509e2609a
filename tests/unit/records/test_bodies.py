"""Bodies and film ids: each kind's form; what is unknown is kept."""

from __future__ import annotations

import pytest

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.bodies import KEY_KINDS, KINDS, new_body, parse_body, parse_film_id
from cinepeer.records.cid import DAG_CBOR, DAG_PB, RAW, Cid
from cinepeer.records.film_id import is_external_id, is_film_id
from vectors.record_cases import BODIES, NONCE

FILM = Cid.of(b"film", DAG_CBOR)


def test_every_kind_has_a_vector() -> None:
    assert {kind for kind, _ in BODIES} >= set(KINDS)
    assert set(KINDS) >= KEY_KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_kind_is_needed(kind: str) -> None:
    fields = next(fields for found, fields in BODIES if found == kind)
    for name in KINDS[kind].needed:
        less = {key: value for key, value in fields.items() if key != name}
        with pytest.raises(Refused, match=f"found no {name} in a body of kind {kind}"):
            new_body(kind, NONCE, **less)


@pytest.mark.parametrize("kind", [*KINDS, "letter-of-tomorrow"])
def test_unknown_fields_are_kept(kind: str) -> None:
    fields = next(fields for found, fields in BODIES if found == kind)
    more: dagcbor.Value = {"kept": [1, FILM]}
    found = parse_body(kind, new_body(kind, NONCE, **fields, tomorrow=more))
    assert found == {**fields, "tomorrow": more, "nonce": NONCE}


def test_the_nonce_is_the_one_given() -> None:
    assert parse_body("letter", new_body("letter", NONCE, kind="x", nonce=bytes(16)))["nonce"] == NONCE
    for nonce in (b"", bytes(15), bytes(17)):
        with pytest.raises(Refused, match="nonce"):
            new_body("letter", nonce)


def test_a_sentence_says_which_field_it_was() -> None:
    with pytest.raises(Refused, match=r"found \[\['movielens:1', 11\]\] as ratings in a body of kind rating"):
        new_body("rating", NONCE, ratings=[["movielens:1", 11]])
    with pytest.raises(Refused, match="contradiction"):
        new_body("revocation", NONCE, device=bytes(32), seq=3, head=None, reason="")


@pytest.mark.parametrize(
    "text",
    [
        str(FILM),
        "imdb:tt0111161",
        "imdb:tt0000001",
        "imdb:tt10872600",
        "wikidata:Q42",
        "tmdb:603",
        "movielens:1",
        "movielens:209171",
    ],
)
def test_a_film_id_is_read(text: str) -> None:
    assert parse_film_id(text) == text
    assert is_external_id(text) == (text != str(FILM))


def test_no_bit_of_a_film_records_id_is_free() -> None:
    """The expression that reads film ids takes the texts that CIDs have, and no others."""
    text = str(FILM)
    for place in range(len(text)):
        for letter in "abcdefghijklmnopqrstuvwxyz234567":
            other = text[:place] + letter + text[place + 1 :]
            try:
                is_record = Cid.parse(other).codec == DAG_CBOR
            except Refused:
                is_record = False
            assert is_film_id(other) == is_record


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tt0111161",
        "imdb:0111161",
        "imdb:tt111161",
        "imdb:tt00111161",
        "imdb:tt01111616161",
        "IMDB:tt0111161",
        "imdb:tt0111161 ",
        "imdb:tt0111161\n",
        "imdb:tt٠١١١١٦١",
        "wikidata:42",
        "wikidata:Q042",
        "wikidata:q42",
        "tmdb:0",
        "tmdb:0603",
        "movielens:1.0",
        "movielens:-1",
        "other:1",
        str(Cid.of(b"", RAW)),
        str(Cid.of(b"", DAG_PB)),
        str(FILM).upper(),
        str(FILM) + "a",
        "movielens:" + "1" * 100_000,
    ],
    ids=lambda text: text[:30],
)
def test_another_form_is_no_film_id(text: str) -> None:
    assert not is_film_id(text)
    with pytest.raises(Refused) as caught:
        parse_film_id(text)
    assert caught.value.reason == "bad-film-id"
    assert len(str(caught.value)) < 300
