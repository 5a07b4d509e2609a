"""The library: what a node shows is a fold of what it holds, whatever came first, and what is undone is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from cinepeer.app.catalogue import Catalogue
from cinepeer.app.library import Library
from cinepeer.records.bodies import new_body, parse_body
from cinepeer.records.cid import DAG_PB, Cid
from cinepeer.records.record import sign_record
from unit.app.people import World, in_world

FILM = {
    "name": "The Tide Clock",
    "year": 2026,
    "external": [],
    "credits": [],
    "genres": [],
    "synopsis": "",
    "languages": [],
}


def version_of(film: Cid) -> dict:
    return {
        "film": film,
        "label": "original cut",
        "root": Cid.of(b"root", DAG_PB),
        "duration_ms": 20_000,
        "size_bytes": 1_000,
        "blocks": 3,
        "renditions": [{"name": "480p", "width": 854, "height": 480, "bandwidth": 900_000}],
        "source": bytes(32),
    }


def test_a_film_with_its_version_appears_once_its_records_are_held(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        creator = await world.author("creator")
        film = await creator.sign("film", FILM)
        await creator.sign("version", version_of(film.id))
        await world.library.refresh()
        found = world.library.catalogue.films[str(film.id)]
        assert (found.name, len(found.versions)) == ("The Tide Clock", 1)

    in_world(tmp_path, story)


def test_nobody_adds_a_version_to_another_persons_film(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        creator, stranger = await world.author("creator"), await world.author("stranger")
        film = await creator.sign("film", FILM)
        await stranger.sign("version", version_of(film.id))
        await world.library.refresh()
        assert world.library.catalogue.films[str(film.id)].versions == []

    in_world(tmp_path, story)


def test_the_newest_rating_counts_and_a_retracted_record_does_not(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer = await world.author("viewer")
        await viewer.sign("rating", {"ratings": [["imdb:tt0000001", 4], ["imdb:tt0000002", 7]]})
        newest = await viewer.sign("rating", {"ratings": [["imdb:tt0000001", 9]]})
        await world.library.refresh()
        assert world.library.counted.stars_of(viewer.id) == {"imdb:tt0000001": 9, "imdb:tt0000002": 7}
        await viewer.sign("retraction", {"records": [newest.id], "reason": ""})
        await world.library.refresh()
        assert world.library.counted.stars_of(viewer.id) == {"imdb:tt0000001": 4, "imdb:tt0000002": 7}

    in_world(tmp_path, story)


def test_nobody_retracts_another_persons_record(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer, stranger = await world.author("viewer"), await world.author("stranger")
        rating = await viewer.sign("rating", {"ratings": [["imdb:tt0000001", 9]]})
        await stranger.sign("retraction", {"records": [rating.id], "reason": ""})
        await world.library.refresh()
        assert world.library.counted.stars_of(viewer.id) == {"imdb:tt0000001": 9}

    in_world(tmp_path, story)


def test_nothing_of_a_device_counts_from_its_fork_on(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        import hashlib

        viewer = await world.author("viewer")
        first = await viewer.sign("rating", {"ratings": [["imdb:tt0000001", 9]]})
        await viewer.sign("rating", {"ratings": [["imdb:tt0000002", 8]]})
        await world.library.refresh()
        assert len(world.library.counted.stars_of(viewer.id)) == 2
        body = new_body("rating", world.entropy(16), ratings=[["imdb:tt0000003", 1]])
        seed = hashlib.sha256(b"viewer device").digest()
        other = sign_record(
            seed, author=viewer.id, seq=1, prev=first.id, time=world.clock_ms(), kind="rating", body=body
        )
        outcome = await world.store.add([(other, body)], world.clock_ms())
        assert len(outcome.added) == 1
        await world.library.refresh()
        assert world.library.counted.stars_of(viewer.id) == {"imdb:tt0000001": 9}

    in_world(tmp_path, story)


def test_a_fresh_library_over_the_same_store_shows_the_same(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer = await world.author("viewer")
        for stars in (3, 8):
            await viewer.sign("rating", {"ratings": [["imdb:tt0000001", stars]]})
            await world.library.refresh()
        again = Library(world.store)
        await again.refresh()
        assert again.counted == world.library.counted
        assert (again.position, again.ratings) == (world.library.position, world.library.ratings)

    in_world(tmp_path, story)


def test_the_catalogue_is_the_same_in_any_order_of_arrival(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        creator = await world.author("creator")
        film = await creator.sign("film", FILM)
        await creator.sign("version", version_of(film.id))
        await creator.sign("host", {"versions": [], "addrs": ["/ip4/127.0.0.1"], "gateway": None, "custody": False})
        await creator.sign("host", {"versions": [film.id], "addrs": [], "gateway": None, "custody": False})
        held = [one for one in await world.store.after(0, 100) if one.record.kind in ("film", "version", "host")]
        states = []
        for order in (held, held[::-1]):
            catalogue = Catalogue()
            for one in order:
                assert one.body is not None
                catalogue.apply(one.record, dict(parse_body(one.record.kind, one.body)))
            states.append((catalogue.films, catalogue.providers))
        assert states[0] == states[1]

    in_world(tmp_path, story)


def test_a_body_that_comes_after_its_header_counts_from_then_on(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        import hashlib

        viewer = await world.author("viewer")
        body = new_body("rating", world.entropy(16), ratings=[["imdb:tt0000001", 9]])
        record = sign_record(
            hashlib.sha256(b"viewer device").digest(),
            author=viewer.id,
            seq=0,
            prev=None,
            time=world.clock_ms(),
            kind="rating",
            body=body,
        )
        await world.store.add([(record, None)], world.clock_ms())
        await world.library.refresh()
        assert world.library.counted.stars_of(viewer.id) == {}
        await world.store.add([(record, body)], world.clock_ms())
        await world.library.refresh([record])
        assert world.library.counted.stars_of(viewer.id) == {"imdb:tt0000001": 9}

    in_world(tmp_path, story)


def test_of_very_many_records_films_come_first_and_ratings_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        creator, viewer = await world.author("creator"), await world.author("viewer")
        film, gone = await creator.sign("film", FILM), await creator.sign("film", FILM)
        await creator.sign("version", version_of(film.id))
        await creator.sign("profile", {"name": "Ines"})
        rated = await viewer.sign("rating", {"ratings": [[str(film.id), 9]]})
        await viewer.sign("rating", {"ratings": [["movielens:1", 2]]})
        await viewer.sign("retraction", {"records": [rated.id], "reason": ""})
        await creator.sign("retraction", {"records": [gone.id], "reason": ""})
        monkeypatch.setattr("cinepeer.app.library.MANY", 5)
        await world.library.begin()
        assert [len(film.versions) for film in world.library.catalogue.films.values()] == [1]
        assert (world.library.ratings, world.library.position) == (0, 0)
        again = await creator.sign("film", FILM)
        for _ in range(2):
            await world.library.refresh()
            whole = Library(world.store)
            await whole.refresh()
            assert world.library.catalogue == whole.catalogue
            assert world.library.counted == whole.counted
            assert (
                (world.library.ratings, world.library.position) == (whole.ratings, await world.store.count()) != (0, 0)
            )
            assert set(world.library.catalogue.films) == {str(film.id), str(again.id)}
        await creator.sign("retraction", {"records": [again.id], "reason": ""})
        await world.library.refresh()
        assert set(world.library.catalogue.films) == {str(film.id)}

    in_world(tmp_path, story)


def test_of_few_records_all_is_folded_at_the_start(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer = await world.author("viewer")
        await viewer.sign("rating", {"ratings": [["movielens:1", 2]]})
        await world.library.begin()
        assert world.library.ratings == 1

    in_world(tmp_path, story)
