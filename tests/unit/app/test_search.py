"""Search follows the library: what came is found, what was taken back is not."""

from __future__ import annotations

from pathlib import Path

from cinepeer.adapters.search.index import FilmIndex
from cinepeer.app.search import Search
from unit.app.people import World, in_world
from unit.app.test_library import FILM


def test_a_film_is_found_once_it_came_and_not_after_it_was_taken_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        index = FilmIndex(tmp_path / "index.db")
        search = Search(world.library, index)
        creator = await world.author("creator")
        assert (await search.find("tide", 5)).films == []
        film = await creator.sign("film", FILM)
        other = await creator.sign("film", FILM | {"name": "Another Tide"})
        await world.library.refresh()
        assert (await search.find("tide clock", 5)).films == [str(film.id)]
        await creator.sign("retraction", {"records": [film.id], "reason": "a slip"})
        await world.library.refresh()
        assert (await search.find("tide", 5)).films == [str(other.id)]
        # After a restart the index tidies up what nothing shows any more.
        again = Search(world.library, index)
        assert (await again.find("tide", 5)).films == [str(other.id)]
        assert index.films() == {str(other.id)}
        index.close()

    in_world(tmp_path, story)
