"""Follows and lists: the newest word of each holds in any order, and what was taken back is gone."""

from __future__ import annotations

import itertools
from pathlib import Path

from cinepeer.app.catalogue import Catalogue
from cinepeer.records.bodies import new_body, parse_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.record import Record, sign_record
from unit.app.people import World, in_world

SEED = bytes(31) + b"\1"
ADA, BEN, EVE = (Cid.of(name, DAG_CBOR) for name in (b"ada", b"ben", b"eve"))


def written(author: Cid, time: int, kind: str, **fields: object) -> tuple[Record, dict]:
    body = new_body(kind, bytes(16), **fields)  # type: ignore[arg-type]
    record = sign_record(SEED, author=author, seq=1, prev=ADA, time=time, kind=kind, body=body)
    return record, parse_body(kind, body)


def listed(named: Cid | None, *films: str, name: str = "Nights") -> dict:
    return {"list": named, "name": name, "about": "", "language": "en", "films": list(films)}


def folded(records: list[tuple[Record, dict]]) -> Catalogue:
    catalogue = Catalogue()
    for record, body in records:
        catalogue.apply(record, body)
    return catalogue


def test_the_newest_follow_holds_in_any_order() -> None:
    records = [
        written(ADA, 1, "follow", on=BEN, follows=True),
        written(ADA, 2, "follow", on=BEN, follows=False),
        written(ADA, 2, "follow", on=EVE, follows=True),
        written(EVE, 3, "follow", on=BEN, follows=True),
    ]
    for order in itertools.permutations(records):
        follows = folded(list(order)).follows
        assert [one.on for one in follows.of(ADA)] == [EVE]
        assert [one.author for one in follows.followers(BEN)] == [EVE]
        assert follows.followers(ADA) == []


def test_a_list_is_what_its_own_author_said_last_in_any_order() -> None:
    first = written(ADA, 1, "collection", **listed(None, "imdb:tt0111161"))
    named = first[0].id
    records = [
        first,
        written(ADA, 3, "collection", **listed(named, "tmdb:2", "tmdb:1", name="Days")),
        written(ADA, 2, "collection", **listed(named)),
        written(BEN, 9, "collection", **listed(named, "tmdb:666")),
    ]
    for order in itertools.permutations(records):
        collected = folded(list(order)).collected
        found = collected.get(named)
        assert found is not None
        assert (found.name, found.films, found.author) == ("Days", ("tmdb:2", "tmdb:1"), ADA)
        assert collected.of(BEN) == []
        assert collected.records(named) == {named, records[1][0].id}


def test_a_list_without_its_first_record_is_none() -> None:
    named = written(ADA, 1, "collection", **listed(None))[0].id
    collected = folded([written(ADA, 2, "collection", **listed(named, "tmdb:1"))]).collected
    assert collected.get(named) is None
    assert collected.of(ADA) == []
    assert collected.records(named) == set()


def test_news_are_of_those_who_are_followed_and_of_lists_that_are() -> None:
    review = written(BEN, 5, "review", film="tmdb:1", text="so", language="", spoiler=False)
    other = written(EVE, 6, "collection", **listed(None, "tmdb:1"))
    unheard = written(EVE, 7, "collection", **listed(None, "tmdb:2"))
    follows = folded([other, review, unheard]).follows
    assert [one.record for one in follows.news([BEN], frozenset(), 9)] == [review[0].id]
    both = follows.news([BEN], frozenset((str(other[0].id),)), 9)
    assert [(one.kind, one.of) for one in both] == [("collection", str(other[0].id)), ("review", "tmdb:1")]
    assert [one.record for one in follows.news([BEN, EVE], frozenset((str(other[0].id),)), 2)] == [
        unheard[0].id,
        other[0].id,
    ]


def test_what_is_taken_back_is_gone(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        ada, ben = await world.author("ada"), await world.author("ben")
        begun = await ada.sign("collection", listed(None, "tmdb:1"))
        await ada.sign("collection", listed(begun.id, "tmdb:2"))
        followed = await ben.sign("follow", {"on": begun.id, "follows": True})
        await world.library.refresh()
        assert [one.author for one in world.library.catalogue.follows.followers(begun.id)] == [ben.id]
        await ada.sign("retraction", {"records": [begun.id], "reason": ""})
        await ben.sign("retraction", {"records": [followed.id], "reason": ""})
        await world.library.refresh()
        assert world.library.catalogue.collected.of(ada.id) == []
        assert world.library.catalogue.follows.of(ben.id) == []

    in_world(tmp_path, story)
