"""The library: what a node shows is a fold of what it holds, whatever came first, and what is undone is gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cinepeer.adapters.store.counted_file import CountedFile
from cinepeer.app.catalogue import Catalogue
from cinepeer.app.library import Library
from cinepeer.records.bodies import new_body, parse_body
from cinepeer.records.cid import DAG_CBOR, DAG_PB, Cid
from cinepeer.records.record import sign_record
from cinepeer.trust.counted import Counted
from cinepeer.trust.kept import Mark
from cinepeer.trust.rows import Rows
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


def test_a_trailer_that_comes_last_does_not_play_first(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        creator = await world.author("creator")
        film = await creator.sign("film", FILM)
        for sort in ("film", "dub", "cut", "trailer"):
            await creator.sign("version", version_of(film.id) | {"label": sort, "sort": sort})
        await world.library.refresh()
        found = world.library.catalogue.films[str(film.id)]
        assert [version.fields["label"] for version in found.versions] == ["cut", "film", "dub", "trailer"]

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


def shelf_in(path: Path) -> CountedFile:
    return CountedFile(path / "counted")


async def same_as_afresh(world: World, library: Library) -> None:
    """A library says what one says that reads every record, one after another."""
    whole = Library(world.store)
    await whole.refresh()
    assert library.counted.arrays().root == whole.counted.arrays().root
    assert library.counted == whole.counted
    assert library.catalogue == whole.catalogue
    assert library.ratings == whole.ratings


def test_what_was_counted_stands_again_after_a_restart_without_its_records_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        monkeypatch.setattr("cinepeer.app.library.MANY", 5)
        viewer, other = await world.author("viewer"), await world.author("other")
        for stars in range(1, 5):
            await viewer.sign("rating", {"ratings": [["movielens:1", stars], [f"movielens:{stars + 1}", 7]]})
        first = Library(world.store, shelf_in(tmp_path))
        await first.begin()
        await first.refresh()
        await first.keep()
        rated = await other.sign("rating", {"ratings": [["movielens:1", 2]]})
        await other.sign("rating", {"ratings": [["movielens:2", 2]]})
        await other.sign("retraction", {"records": [rated.id], "reason": ""})

        again, asked = Library(world.store, shelf_in(tmp_path)), []
        read = world.store.rating_rows

        async def rating_rows(after: int, last: int, limit: int) -> tuple[Rows, int]:
            asked.append(after)
            return await read(after, last, limit)

        monkeypatch.setattr(world.store, "rating_rows", rating_rows)
        await again.begin()
        await again.refresh()
        assert asked == [first.position]
        await same_as_afresh(world, again)
        await viewer.sign("rating", {"ratings": [["movielens:9", 9]]})
        await again.refresh()
        await same_as_afresh(world, again)

    in_world(tmp_path, story)


@pytest.mark.parametrize("how", ["position", "head", "forgotten", "bytes"])
def test_counts_of_another_store_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    async def story(world: World) -> None:
        monkeypatch.setattr("cinepeer.app.library.MANY", 2)
        viewer = await world.author("viewer")
        await viewer.sign("rating", {"ratings": [["movielens:1", 3]]})
        shelf = shelf_in(tmp_path)
        last = await world.store.count()
        [held] = await world.store.after(last - 1, 1)
        mark = Mark(last, bytes(held.record.id), 0)
        wrong = {"position": {"position": last + 1}, "head": {"head": bytes(36)}, "forgotten": {"forgotten": 1}}
        shelf.write(Counted(), replace(mark, **wrong.get(how, {})))  # of no ratings at all
        if how == "bytes":
            shelf.path.write_bytes(shelf.path.read_bytes()[:-1])
        library = Library(world.store, shelf)
        await library.begin()
        await library.refresh()
        await same_as_afresh(world, library)

    in_world(tmp_path, story)


def test_a_body_that_came_between_two_runs_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        import hashlib

        monkeypatch.setattr("cinepeer.app.library.MANY", 2)
        viewer = await world.author("viewer")
        seed, prev, pairs = hashlib.sha256(b"viewer device").digest(), None, []
        for seq in range(3):
            body = new_body("rating", world.entropy(16), ratings=[[f"movielens:{1 + seq}", 9]])
            record = sign_record(
                seed, author=viewer.id, seq=seq, prev=prev, time=world.clock_ms(), kind="rating", body=body
            )
            pairs.append((record, body))
            prev = record.id
        await world.store.add([(record, None) for record, _ in pairs], world.clock_ms())
        first = Library(world.store, shelf_in(tmp_path))
        await first.begin()
        await first.refresh()
        await first.keep()
        assert first.ratings == 0
        await world.store.add(pairs[:2], world.clock_ms())
        again = Library(world.store, shelf_in(tmp_path))
        await again.begin()
        await again.refresh()
        assert again.ratings == 2
        await same_as_afresh(world, again)
        await world.store.add(pairs, world.clock_ms())
        await again.refresh([record for record, _ in pairs])
        assert again.ratings == 3
        await same_as_afresh(world, again)

    in_world(tmp_path, story)


def test_a_fork_between_two_runs_takes_off_what_was_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        import hashlib

        monkeypatch.setattr("cinepeer.app.library.MANY", 2)
        viewer = await world.author("viewer")
        first_one = await viewer.sign("rating", {"ratings": [["movielens:1", 9]]})
        await viewer.sign("rating", {"ratings": [["movielens:1", 2], ["movielens:2", 8]]})
        first = Library(world.store, shelf_in(tmp_path))
        await first.begin()
        await first.refresh()
        await first.keep()
        body = new_body("rating", world.entropy(16), ratings=[["movielens:3", 1]])
        fork = sign_record(
            hashlib.sha256(b"viewer device").digest(),
            author=viewer.id,
            seq=1,
            prev=first_one.id,
            time=world.clock_ms(),
            kind="rating",
            body=body,
        )
        await world.store.add([(fork, body)], world.clock_ms())
        for library in (first, Library(world.store, shelf_in(tmp_path))):
            if library is not first:
                await library.begin()
            await library.refresh([fork])
            assert library.counted.stars_of(viewer.id) == {"movielens:1": 9}
            await same_as_afresh(world, library)

    in_world(tmp_path, story)


def test_gateways_are_origins_of_hosts_and_nothing_else_that_they_write() -> None:
    catalogue = Catalogue()
    named = {
        "https://films.example/node": 2,
        "http://10.0.0.7:8081": 1,
        "HTTPS://Films.Example": 1,
        "https://evil.example; script-src *": 3,
        'https://x"><script>': 3,
        "javascript:alert(1)": 3,
        "https://[2001:db8::1]:8443/": 1,
    }
    versions = [Cid.of(bytes([number]), DAG_PB) for number in range(3)]
    for number, (gateway, count) in enumerate(named.items(), 1):
        body = new_body("host", bytes(16), versions=versions[:count], addrs=[], gateway=gateway, custody=False)
        author, prev = Cid.of(bytes([number]), DAG_CBOR), Cid.of(b"", DAG_CBOR)
        record = sign_record(bytes([number]) * 32, author=author, seq=1, prev=prev, time=number, kind="host", body=body)
        catalogue.apply(record, parse_body("host", body))
    own = next(one.device for one in catalogue.providers.values() if one.gateway == "HTTPS://Films.Example")
    found = ["https://films.example", "http://10.0.0.7:8081", "https://[2001:db8::1]:8443"]
    assert catalogue.gateways(but=b"") == catalogue.gateways(but=own) == found
