"""Whose word joins the ids of a film: one's own, that of those followed, the creator's on that film; no stranger's."""

from __future__ import annotations

import itertools
from pathlib import Path

from cinepeer.app.catalogue import Catalogue
from cinepeer.app.film_names import FilmNames, film_names
from cinepeer.records.bodies import new_body, parse_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.record import Record, sign_record
from cinepeer.trust.same import Standing
from unit.app.people import World, in_world

SEED = bytes(31) + b"\1"
ADA, BEN, EVE, ME = (Cid.of(name, DAG_CBOR) for name in (b"ada", b"ben", b"eve", b"me"))
IMDB, TMDB = "imdb:tt0000001", "tmdb:1"

Told = tuple[Record, dict]


def written(author: Cid, time: int, kind: str, **fields: object) -> Told:
    body = new_body(kind, bytes(16), **fields)  # type: ignore[arg-type]
    record = sign_record(SEED, author=author, seq=1, prev=ADA, time=time, kind=kind, body=body)
    return record, parse_body(kind, body)


def film(author: Cid, name: str, *external: str) -> Told:
    rest = {"year": None, "credits": [], "genres": [], "synopsis": "", "languages": []}
    return written(author, 1, "film", name=name, external=list(external), **rest)


def said(author: Cid, one: object, other: object, *, same: bool = True, time: int = 2) -> Told:
    return written(author, time, "same", films=sorted((str(one), str(other))), same=same)


def ids_of(name: object, *told: Told, viewer: Cid = ME) -> tuple[str, ...]:
    """The ids of a film to a viewer; the same in any order of the records."""
    found = set()
    for order in itertools.islice(itertools.permutations(told), 24):
        catalogue = Catalogue()
        for record, body in order:
            catalogue.apply(record, body)
        classes = film_names(catalogue, viewer)
        found.add(classes.ids(classes.name(str(name))))
    [only] = found
    return only


def test_a_creators_word_on_their_own_film_counts_for_everybody() -> None:
    night = film(ADA, "Night", IMDB)
    assert ids_of(IMDB, night) == (str(night[0].id), IMDB)
    plain = film(ADA, "Plain")
    assert ids_of(TMDB, plain, said(ADA, plain[0].id, TMDB)) == (str(plain[0].id), TMDB)


def test_a_strangers_word_counts_for_nobody_but_them() -> None:
    night = film(ADA, "Night")
    crowd = [said(author, night[0].id, IMDB) for author in (BEN, EVE)]
    assert ids_of(IMDB, night, *crowd) == (IMDB,)
    assert ids_of(IMDB, night, *crowd, viewer=EVE) == (str(night[0].id), IMDB)
    assert ids_of(IMDB, said(ADA, IMDB, TMDB)) == (IMDB,)


def test_the_word_of_those_who_are_followed_counts_and_one_who_parts_outweighs_it() -> None:
    follows = [written(ME, 1, "follow", on=author, follows=True) for author in (BEN, EVE)]
    joins = said(BEN, IMDB, TMDB)
    assert ids_of(IMDB, joins, *follows) == (IMDB, TMDB)
    assert ids_of(IMDB, joins, said(EVE, IMDB, TMDB, same=False), *follows) == (IMDB,)
    ended = written(ME, 3, "follow", on=BEN, follows=False)
    assert ids_of(IMDB, joins, follows[0], ended) == (IMDB,)


def test_the_newest_word_of_an_author_holds_also_against_their_film_record() -> None:
    night = film(ADA, "Night", IMDB)
    parted, again = said(ADA, night[0].id, IMDB, same=False), said(ADA, night[0].id, IMDB, time=3)
    assert ids_of(IMDB, night, parted) == (IMDB,)
    assert ids_of(IMDB, night, parted, again) == (str(night[0].id), IMDB)


def test_an_id_that_films_of_two_creators_take_goes_to_neither_until_one_of_them_is_followed() -> None:
    night, theft = film(ADA, "Night", IMDB), film(EVE, "Theft", IMDB)
    assert ids_of(IMDB, night, theft) == (IMDB,)
    follow = written(ME, 1, "follow", on=ADA, follows=True)
    assert ids_of(IMDB, night, theft, follow) == (str(night[0].id), IMDB)
    assert ids_of(IMDB, night, theft, said(ME, theft[0].id, IMDB, same=False)) == (str(night[0].id), IMDB)
    anew = film(ADA, "Night, restored", IMDB)
    assert ids_of(IMDB, night, anew) == (*sorted((str(night[0].id), str(anew[0].id))), IMDB)


def test_a_strangers_film_takes_one_id_of_each_catalogue() -> None:
    greedy = film(EVE, "Greedy", IMDB, "imdb:tt0000002", TMDB)
    assert ids_of(IMDB, greedy) == (IMDB,)
    assert ids_of(TMDB, greedy) == (str(greedy[0].id), TMDB)
    assert len(ids_of(IMDB, greedy, viewer=EVE)) == 4


def test_published_films_of_two_creators_are_one_where_both_say_so() -> None:
    night, copy = film(ADA, "Night"), film(EVE, "Night")
    pair = (str(night[0].id), str(copy[0].id))
    assert ids_of(pair[0], night, copy, said(EVE, *pair)) == pair[:1]
    assert ids_of(pair[0], night, copy, said(EVE, *pair), said(ADA, *pair)) == tuple(sorted(pair))


def test_the_viewers_own_word_undoes_a_creators() -> None:
    night = film(ADA, "Night", IMDB)
    assert ids_of(IMDB, night, said(ME, night[0].id, IMDB, same=False)) == (IMDB,)


def test_what_is_taken_back_comes_apart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        ada = await world.author("ada")
        names = FilmNames()
        joined = await ada.sign("same", {"films": [IMDB, TMDB], "same": True})
        await world.library.refresh()
        found = names.now(world.library.catalogue, ada.id)
        assert found.names == {TMDB: IMDB}
        assert [(word.standing, word.record) for word in found.words[IMDB]] == [(Standing.OWN, joined.id)]
        assert names.now(world.library.catalogue, ada.id) is found
        assert [pair for pair, _ in world.library.catalogue.joining.of(ada.id)] == [(IMDB, TMDB)]
        await ada.sign("retraction", {"records": [joined.id], "reason": ""})
        await world.library.refresh()
        assert names.now(world.library.catalogue, ada.id).names == {}

    in_world(tmp_path, story)
