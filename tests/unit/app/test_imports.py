"""Imports: private by default, signed only when asked, archives opened with care."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from cinepeer.app.imports import Imports, movielens_titles
from cinepeer.app.taste import Taste
from cinepeer.errors import BadInput
from unit.app.people import World, in_world
from unit.app.test_recommendations import Pages, rate

IMDB = b"Const,Your Rating,Date Rated,Title,Year\ntt0111161,9,2023-01-05,A,1994\ntt0068646,3,2023-01-06,B,1972\n"
LETTERBOXD = b"Date,Name,Year,Letterboxd URI,Rating\n2024-03-01,Toy Story,1995,x,4.5\n2024-03-01,Jumanji 9,2099,x,4\n"
MOVIES = b'movieId,title,genres\n1,Toy Story (1995),Animation\n2,"Jumanji, The (a.k.a. The Game) (1995)",Adventure\n'
LINKS = b"movieId,imdbId,tmdbId\n1,0114709,862\n2,0113497,\n"


def archive(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(f"export/{name}.csv", data)
    return made.getvalue()


def test_imported_ratings_are_private_until_they_are_published(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        author = await world.author("viewer")
        taste = Taste(Pages())
        imports = Imports(world.library, author, taste)
        count = await world.store.count()
        dry = imports.take(IMDB, keep=False)
        assert (dry["ratings"], dry["private"], dry["matched_by"]) == (2, 0, {"id": 2})
        kept = imports.take(IMDB, keep=True)
        assert kept["private"] == 2
        assert imports.private()["ratings"][1] == ["imdb:tt0111161", 9, 1_672_920_000_000, "imdb"]
        assert await world.store.count() == count

        await rate(world, "viewer", ("imdb:tt0068646", 10))
        assert imports.take(IMDB, keep=True)["already_public"] == 1
        with pytest.raises(BadInput, match="no private rating"):
            await imports.publish(["imdb:tt9999999"])
        done = await imports.publish(None)
        assert done["ratings"] == 1
        assert imports.private()["count"] == 0
        assert world.library.counted.stars_of(author.id) == {"imdb:tt0068646": 10, "imdb:tt0111161": 9}
        assert imports.forget() == 0

    in_world(tmp_path, story)


def test_titles_of_a_movielens_folder_find_films(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await rate(world, "somebody", ("movielens:1", 9))
        author = await world.author("viewer")
        imports = Imports(world.library, author, Taste(Pages()))
        titles = movielens_titles(MOVIES, LINKS)
        found = imports.take(archive(ratings=LETTERBOXD, diary=b"x"), titles, keep=False)
        assert [one["film"] for one in found["found"]] == ["movielens:1"]
        assert found["unmatched"] == [
            {"line": 3, "title": "Jumanji 9", "year": 2099, "reason": "no film of this title is known"}
        ]

    in_world(tmp_path, story)


def test_the_names_in_movielens_titles_are_taken_apart() -> None:
    jumanji = movielens_titles(MOVIES, LINKS)[1]
    assert (jumanji.year, jumanji.ids) == (1995, ("movielens:2", "imdb:tt0113497"))
    assert {"Jumanji, The", "The Game"} <= set(jumanji.titles)
    for movies, links in ((b"x\n1\n", LINKS), (MOVIES, b"x\n1\n"), (b"\xff", LINKS)):
        with pytest.raises(BadInput, match=r"movies\.csv"):
            movielens_titles(movies, links)


@pytest.mark.parametrize("data", [archive(other=b"x"), archive(ratings=IMDB)[:60], b"PK\x03\x04" + bytes(50)])
def test_an_archive_without_ratings_is_refused(tmp_path: Path, data: bytes) -> None:
    async def story(world: World) -> None:
        imports = Imports(world.library, await world.author("viewer"), Taste(Pages()))
        with pytest.raises(BadInput, match="archive"):
            imports.take(data, keep=True)

    in_world(tmp_path, story)


def test_an_archive_that_swells_is_refused(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        imports = Imports(world.library, await world.author("viewer"), Taste(Pages()))
        with pytest.raises(BadInput, match="longer than"):
            imports.take(archive(ratings=b"a" * (17 << 20)), keep=True)

    in_world(tmp_path, story)
